// Differences and three-way merges of specs.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shopYaml, specOf } from "../../test/support/specs.js";
import type { AppSpec, ServiceSpec } from "./app-spec.js";
import { validateSpec } from "./check-spec.js";
import { diffSpecs } from "./diff-specs.js";
import { mergeEdit } from "./merge-edit.js";

const shop = specOf(shopYaml);
const patched = (spec: AppSpec, name: string, patch: Partial<ServiceSpec>): AppSpec => ({
  ...spec,
  services: spec.services.map((service) => (service.name === name ? { ...service, ...patch } : service)),
});
const texts = (before: AppSpec, after: AppSpec): string[] => diffSpecs(before, after).map(({ text }) => text);

test("the same spec has no difference, in whatever order its entries are", () => {
  assert.deepEqual(diffSpecs(shop, structuredClone(shop)), []);
  assert.deepEqual(diffSpecs(shop, { ...shop, services: [...shop.services].reverse() }), []);
});

test("a change is told with its path and in one line", () => {
  assert.deepEqual(diffSpecs(shop, patched(shop, "users", { replicas: 4 })), [
    { path: "services.users.replicas", before: 2, after: 4, text: "services.users.replicas: 2 -> 4" },
  ]);
});

test("every kind of change reads well", () => {
  const edited = specOf(`name: shop
settings: { GRPC_ENABLED: false }
services:
  - { name: users, path: ./users, run: [node, server.js], replicas: 2, route: /people, env: { LOG: debug } }
  - { name: billing, run: ./billing }
gateway: { port: 8081 }
`);
  assert.deepEqual(texts(shop, edited), [
    "settings.GRPC_ENABLED set to false",
    'services.users.run: "node server.js" -> ["node","server.js"]',
    'services.users.env.LOG set to "debug"',
    "service billing added",
    "service orders removed",
    "gateway.listeners.default.port: 8080 -> 8081",
    'gateway.routes.users.matches: [{"headers":[],"path":{"type":"PathPrefix","value":"/users"},"queryParams":[]}] -> [{"headers":[],"path":{"type":"PathPrefix","value":"/people"},"queryParams":[]}]',
    "route orders removed",
  ]);
});

test("a scale from the command line survives an unrelated edit; an edit of the same field wins", () => {
  const desired = patched(shop, "users", { replicas: 5 });
  const unrelated = patched(shop, "orders", { drainMs: 1 });
  assert.deepEqual(mergeEdit(shop, unrelated, desired), patched(desired, "orders", { drainMs: 1 }));
  const same = patched(shop, "users", { replicas: 3 });
  assert.deepEqual(mergeEdit(shop, same, desired), same);
});

test("services added by a program stay, those that the file drops go", () => {
  const billing = { ...(shop.services[0] as ServiceSpec), name: "billing" };
  const desired = { ...shop, services: [...shop.services, billing] };
  const withoutOrders = { ...shop, services: shop.services.filter(({ name }) => name !== "orders") };
  const merged = mergeEdit(shop, withoutOrders, desired);
  assert.deepEqual(
    merged.services.map(({ name }) => name),
    ["users", "billing"],
  );
});

test("a command is replaced as a whole, never mixed", () => {
  const desired = patched(shop, "users", { run: { kind: "exec", argv: ["a"] } });
  const edited = patched(shop, "users", { run: { kind: "shell", command: "node other.js" } });
  assert.deepEqual(mergeEdit(shop, edited, desired).services[0]?.run, { kind: "shell", command: "node other.js" });
});

test("a merge may leave names dangling, which validation tells with the normalised place", () => {
  const desired = { ...shop, services: shop.services.filter(({ name }) => name !== "users") };
  assert.deepEqual(
    validateSpec(mergeEdit(shop, patched(shop, "orders", { replicas: 3 }), desired)).map(
      ({ path, message }) => `${path}: ${message}`,
    ),
    ["services.orders.calls[0]: no service `users`", "gateway.routes.users.backendRefs[0]: no service `users`"],
  );
});

const specs: fc.Arbitrary<AppSpec> = fc
  .record({
    names: fc.shuffledSubarray(["a", "b", "c", "kind", "run"]),
    replicas: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }),
    env: fc.dictionary(fc.constantFrom("A", "B", "kind", "run"), fc.constantFrom("1", "2")),
    shell: fc.boolean(),
    calls: fc.option(fc.constantFrom<string[]>(["a"], [])),
    liveness: fc.boolean(),
    grpc: fc.option(fc.boolean()),
    port: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ names, replicas, env, shell, calls, liveness, grpc, port }) =>
    specOfValue({
      name: "x",
      ...(grpc === null ? {} : { settings: { GRPC_ENABLED: grpc } }),
      services: names.map((name, index) => ({
        name,
        run: shell ? "x" : ["x"],
        replicas: replicas[index],
        env: index === 0 ? env : {},
        route: `/${name}`,
        ...(calls === null ? {} : { calls }),
        ...(liveness ? { health: { liveness: "/live" } } : {}),
      })),
      gateway: { port },
    }),
  );

function specOfValue(value: unknown): AppSpec {
  return specOf(JSON.stringify(value), { allowUnknownCalls: true });
}

test("laws of the merge", () => {
  fc.assert(
    fc.property(specs, specs, specs, (a, b, desired) => {
      assert.deepEqual(mergeEdit(a, a, desired), desired);
      assert.deepEqual(mergeEdit(a, b, a), b);
      assert.deepEqual(diffSpecs(mergeEdit(a, b, b), b), []);
    }),
    { numRuns: 200 },
  );
});

test("a difference is empty exactly when nothing but order differs", () => {
  fc.assert(
    fc.property(specs, specs, (a, b) => {
      const sorted = (spec: AppSpec): unknown => [
        spec.settings,
        [...spec.services].sort(byName),
        spec.gateway.listeners,
        [...spec.gateway.routes].sort(byName),
      ];
      const isEqual = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
      if (isEqual) assert.deepEqual(diffSpecs(a, b), []);
      for (const { before, after } of diffSpecs(a, b)) assert.notDeepEqual(before, after);
    }),
    { numRuns: 200 },
  );
});

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
