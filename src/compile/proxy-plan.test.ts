import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsedOf, shopYaml } from "../../test/support/specs.js";
import { resolveSettings } from "../model/resolve-settings.js";
import type { RouteEntry } from "../plan/proxy-plan.js";
import { servedHostnames } from "./hostnames.js";
import { compileListeners } from "./listeners.js";
import { neededPorts } from "./needed-ports.js";
import { compileProxyPlan } from "./proxy-plan.js";
import { sortByPrecedence } from "./route-precedence.js";

test("every listener of the plan has a socket of the same name, and the other way round", () => {
  const { spec, provenance } = parsedOf(shopYaml);
  const { settings } = resolveSettings();
  const ports = Object.fromEntries(neededPorts(spec, settings).map((key, index) => [key, 20_000 + index]));
  const plan = compileProxyPlan({ spec, provenance, settings, version: 1 });
  const sockets = compileListeners({ spec, settings, ports });
  assert.deepEqual(
    plan.listeners.map(({ name }) => name),
    sockets.map(({ name }) => name),
  );
  assert.deepEqual(neededPorts(spec, settings), [
    "instance/users-1",
    "instance/users-2",
    "instance/orders-1",
    "edge/orders/users",
    "egress/users",
    "egress/orders",
  ]);
});

test("whoever is called or routed to has a cluster, also before it exists and from the registry alone", () => {
  const { spec, provenance } = parsedOf("name: a\nservices: [{ name: x, run: x, calls: [later] }]\n", {
    allowUnknownCalls: true,
  });
  const { settings } = resolveSettings();
  const { clusters, listeners } = compileProxyPlan({ spec, provenance, settings, version: 1, external: ["mail"] });
  assert.deepEqual(Object.keys(clusters), ["x", "later", "mail"]);
  const egress = listeners.find(({ kind }) => kind === "egress");
  assert.ok(egress?.kind === "egress");
  assert.deepEqual([Object.keys(egress.allowed), egress.known], [["later"], ["x", "later", "mail"]]);
});

test("hosts of a route on a listener", () => {
  assert.deepEqual(servedHostnames(undefined, []), []);
  assert.deepEqual(servedHostnames(undefined, ["a.b"]), ["a.b"]);
  assert.deepEqual(servedHostnames("a.b", []), ["a.b"]);
  assert.deepEqual(servedHostnames("*.b", ["a.b", "x.a.b", "b", "*.a.b", "*.c"]), ["a.b", "x.a.b", "*.a.b"]);
  assert.deepEqual(servedHostnames("a.b", ["*.b", "a.b"]), ["a.b"]);
  assert.equal(servedHostnames("a.b", ["b.b"]), null);
});

const entries: fc.Arbitrary<RouteEntry> = fc.record({
  route: fc.constant("r"),
  hostnames: fc.constantFrom<string[]>([], ["a.b.c"], ["*.b.c"], ["*.c"]),
  path: fc.record({
    type: fc.constantFrom("Exact" as const, "PathPrefix" as const),
    value: fc.constantFrom("/", "/a", "/a/b"),
  }),
  method: fc.constant("GET"),
  headers: fc.constantFrom([], [{ name: "a", value: "1" }]),
  queryParams: fc.constantFrom([], [{ name: "q", value: "1" }]),
  action: fc.constant({
    backends: [],
    requestTimeoutMs: 0,
    attemptTimeoutMs: 0,
    retry: { attempts: 0, statuses: [], backoffMs: 0 },
  }),
});

test("sorting is stable, complete, and does not depend on what it was given first", () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 12 }), (list) => {
      const sorted = sortByPrecedence(list);
      assert.deepEqual(new Set(sorted), new Set(list));
      assert.deepEqual(sortByPrecedence(sorted), sorted);
      const key = ({ hostnames, path, headers, queryParams }: RouteEntry): string =>
        JSON.stringify([hostnames, path.type, path.type === "Exact" ? "" : path.value, headers, queryParams]);
      assert.deepEqual(sortByPrecedence([...list].reverse()).map(key), sorted.map(key));
    }),
  );
});
