// External registrations over a restart of the controller, and snapshots that are damaged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/fake-clock.js";
import type { CheckResult } from "./check-state.js";
import { createRegistry } from "./create-registry.js";
import type { CheckSpec } from "./registry.js";
import { restore, snapshot } from "./snapshot.js";

const check: CheckSpec = {
  kind: "tcp",
  address: "10.0.0.1",
  port: 1,
  periodMs: 1000,
  timeoutMs: 1000,
  failureThreshold: 1,
  successThreshold: 1,
};

function fresh(clock = new FakeClock()) {
  return createRegistry({ clock, emit: () => {}, checker: () => new Promise<CheckResult>(() => {}) });
}

const at = (id: string, more: object = {}) => ({ id, service: "cache", address: "10.0.0.1", port: 6379, ...more });

function reborn(before: ReturnType<typeof fresh>, clock?: FakeClock): ReturnType<typeof fresh> {
  const after = fresh(clock);
  assert.deepEqual(restore(after, JSON.parse(JSON.stringify(snapshot(before)))), []);
  before.close();
  return after;
}

test("what needs no heartbeat comes back as it was", () => {
  const before = fresh();
  const instance = before.register(at("c-1", { tags: ["eu"], metadata: { zone: "a" }, weight: 3 }));
  const after = reborn(before);
  assert.deepEqual(after.get("c-1"), instance);
});

test("what was usable stays usable, but says that nobody has looked since", () => {
  const before = fresh();
  before.register(at("c-1", { ttlMs: 1000 }));
  const clock = new FakeClock();
  const after = reborn(before, clock);
  assert.deepEqual(
    [after.get("c-1")?.state, after.get("c-1")?.reason],
    ["warning", "known from before the controller's restart, not heard of since"],
  );
  assert.equal(after.heartbeat("c-1").state, "passing");
  clock.advance(3000);
  assert.equal(after.get("c-1")?.state, "critical");
  after.close();
});

test("a checked one that had not passed yet does not become usable by the restart", () => {
  const before = fresh();
  before.register(at("c-1", { check }));
  const after = reborn(before);
  assert.equal(after.get("c-1")?.state, "starting");
  after.close();
});

test("the supervised part is not stored", () => {
  const before = fresh();
  const instance = { id: "u-1", service: "u", address: "127.0.0.1", port: 1, reason: "ok", epoch: "1" } as const;
  before.syncSupervised([{ ...instance, state: "passing" }]);
  assert.deepEqual(snapshot(before), { format: 1, instances: [] });
});

test("no file restores nothing; a damaged one restores what is whole and names the rest", () => {
  const registry = fresh();
  assert.deepEqual(restore(registry, undefined), []);
  for (const value of [null, 5, [], { format: 2, instances: [] }, { format: 1 }]) {
    assert.equal(restore(registry, value).length, 1);
  }
  const donor = fresh();
  donor.register(at("c-1"));
  const whole = snapshot(donor).instances[0];
  const damaged = [null, { ...whole, state: "great" }, { ...whole, registration: { service: "x" } }, whole];
  const problems = restore(registry, { format: 1, instances: damaged });
  assert.ok(problems.every((problem) => /^instances\[[012]\]/.test(problem.path)));
  assert.deepEqual(
    registry.lookup("cache").map((instance) => instance.id),
    ["c-1"],
  );
});
