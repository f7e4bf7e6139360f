// The registry as a whole on a fake clock: lookups, watches, heartbeats, checks, loss of many, and the supervised part.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskError } from "../base/errors.js";
import type { EventDraft } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import type { CheckResult } from "./check-state.js";
import type { Checker } from "./checks.js";
import { createRegistry, type RegistryOptions, type StorableRegistry } from "./create-registry.js";
import type { CheckSpec, RegistryChange, SupervisedInstance } from "./registry.js";

interface Bench {
  readonly clock: FakeClock;
  readonly registry: StorableRegistry;
  readonly events: EventDraft[];
  readonly changes: string[];
  /** Answers the oldest waiting check. */
  readonly answer: (result: CheckResult) => Promise<void>;
  readonly waiting: { readonly check: CheckSpec; readonly resolve: (result: CheckResult) => void }[];
}

function bench(options: Partial<RegistryOptions> = {}): Bench {
  const clock = new FakeClock();
  const events: EventDraft[] = [];
  const changes: string[] = [];
  const waiting: Bench["waiting"] = [];
  const checker: Checker = (check, signal) =>
    new Promise((resolve) => {
      waiting.push({ check, resolve });
      signal.addEventListener("abort", () => resolve({ ok: false, detail: "given up" }));
    });
  const registry = createRegistry({ clock, emit: (event) => events.push(event), checker, ...options });
  registry.watch("*", (change) => changes.push(line(change)));
  const answer = async (result: CheckResult): Promise<void> => {
    waiting.shift()?.resolve(result);
    await settled();
  };
  return { clock, registry, events, changes, answer, waiting };
}

// The runner awaits the checker's promise: a turn of the event loop lets everything that follows from it happen.
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function line(change: RegistryChange): string {
  const reason = change.type === "removed" ? change.reason : change.instance.reason;
  return `${change.type} ${change.instance.id} ${change.instance.state}: ${reason}`;
}

const at = (id: string, more: object = {}) => ({ id, service: "cache", address: "10.0.0.1", port: 6379, ...more });

function supervised(id: string, more: Partial<SupervisedInstance> = {}): SupervisedInstance {
  return {
    id,
    service: "users",
    address: "127.0.0.1",
    port: 20_001,
    state: "passing",
    reason: "probe passed",
    epoch: "1",
    ...more,
  };
}

function code(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof TuskError && error.code === expected;
}

test("what is registered is found, with an id of its own when none is given", () => {
  const { registry, events } = bench();
  const { id: _, ...anonymous } = at("x");
  const instance = registry.register({ ...anonymous, tags: ["eu"], metadata: { zone: "a" } });
  assert.match(instance.id, /^[0-9a-f-]{36}$/);
  assert.equal(instance.state, "passing");
  assert.equal(instance.weight, 1);
  assert.deepEqual(registry.lookup("cache", { tags: ["eu"] }), [instance]);
  assert.equal(registry.get(instance.id), instance);
  assert.equal(events[0]?.kind, "external.registered");
});

test("registering the same again changes nothing, another address is a new life", () => {
  const { registry, clock } = bench();
  const first = registry.register(at("c-1"));
  clock.advance(10);
  assert.equal(registry.register(at("c-1")), first);
  const second = registry.register(at("c-1", { port: 6380 }));
  assert.notEqual(second.epoch, first.epoch);
  assert.equal(registry.lookup("cache").length, 1);
  assert.equal(registry.index, 2);
});

test("an id that moves to another service leaves the old one", () => {
  const { registry, changes } = bench();
  registry.register(at("c-1"));
  registry.register(at("c-1", { service: "store" }));
  assert.deepEqual(registry.services(), ["store"]);
  assert.equal(changes[1], "removed c-1 passing: now of service store");
});

test("a missed heartbeat is critical, then expired, each with its reason and event", () => {
  const { registry, clock, changes, events } = bench();
  registry.register(at("c-1", { ttlMs: 3000, expireAfterMs: 5000 }));
  clock.advance(3000);
  assert.equal(registry.lookup("cache").length, 1);
  clock.advance(1000);
  assert.equal(registry.lookup("cache").length, 0);
  assert.equal(registry.lookup("cache", { healthyOnly: false }).length, 1);
  clock.advance(5000);
  assert.equal(registry.get("c-1"), undefined);
  assert.deepEqual(changes, [
    "added c-1 passing: heartbeats arrive in time",
    "changed c-1 critical: no heartbeat for 4000 ms",
    "removed c-1 critical: expired: no heartbeat for 4000 ms",
  ]);
  assert.deepEqual(
    events.map((event) => event.kind),
    ["external.registered", "external.changed", "external.expired"],
  );
  assert.equal(clock.pendingTimers, 0);
});

test("without a word about it, one that fell silent is removed after ten times its ttl", () => {
  const { registry, clock } = bench();
  registry.register(at("c-1", { ttlMs: 1000 }));
  clock.advance(11_000);
  assert.ok(registry.get("c-1"));
  clock.advance(1000);
  assert.equal(registry.get("c-1"), undefined);
});

test("heartbeats keep it alive, and say how it is", () => {
  const { registry, clock } = bench();
  registry.register(at("c-1", { ttlMs: 1000, expireAfterMs: 1000 }));
  for (let n = 0; n < 20; n++) {
    clock.advance(900);
    registry.heartbeat("c-1");
  }
  assert.equal(registry.get("c-1")?.state, "passing");
  assert.equal(registry.heartbeat("c-1", { state: "warning", reason: "disk nearly full" }).reason, "disk nearly full");
  assert.equal(registry.lookup("cache").length, 1);
  assert.equal(registry.heartbeat("c-1", { state: "critical" }).reason, "it says it is critical");
  assert.equal(registry.lookup("cache").length, 0);
  assert.equal(registry.heartbeat("c-1").state, "passing");
});

test("a heartbeat that changes nothing tells nobody", () => {
  const { registry } = bench();
  registry.register(at("c-1", { ttlMs: 1000 }));
  const before = registry.lookup("cache");
  registry.heartbeat("c-1");
  assert.equal(registry.lookup("cache"), before);
  assert.equal(registry.index, 1);
});

test("one that comes back after having been critical is a new life", () => {
  const { registry, clock } = bench();
  const first = registry.register(at("c-1", { ttlMs: 1000 }));
  clock.advance(3000);
  const again = registry.register(at("c-1", { ttlMs: 1000 }));
  assert.notEqual(again.epoch, first.epoch);
  assert.equal(again.state, "passing");
});

test("unknown ids, foreign ids and a closed registry are refused with their codes", () => {
  const { registry } = bench({ maxExternal: 1 });
  registry.syncSupervised([supervised("users-1")]);
  assert.throws(() => registry.heartbeat("nobody"), code("NOT_FOUND"));
  assert.equal(registry.deregister("nobody", "gone"), false);
  assert.throws(() => registry.heartbeat("users-1"), code("CONFLICT"));
  assert.throws(() => registry.deregister("users-1", "mine"), code("CONFLICT"));
  assert.throws(() => registry.register(at("users-1")), code("CONFLICT"));
  registry.register(at("c-1"));
  assert.throws(() => registry.register(at("c-2")), code("CONFLICT"));
  registry.close();
  assert.throws(() => registry.register(at("c-1")), code("NOT_RUNNING"));
});

test("most of a service silent at once: kept with a warning while its port answers, then let go", async () => {
  const { registry, clock, answer, waiting } = bench();
  for (const n of [1, 2, 3]) registry.register(at(`c-${n}`, { ttlMs: 1000 }));
  clock.advance(2000);
  assert.deepEqual(
    registry.lookup("cache").map((instance) => instance.state),
    ["warning", "warning", "warning"],
  );
  assert.match(registry.get("c-1")?.reason ?? "", /last known good/);
  assert.deepEqual(waiting[0]?.check.kind, "tcp");
  await answer({ ok: true, detail: "connected" });
  await answer({ ok: false, detail: "connection refused" });
  assert.match(registry.get("c-1")?.reason ?? "", /accepts connections/);
  assert.equal(registry.get("c-2")?.state, "critical");
  clock.advance(1000);
  assert.equal(registry.get("c-1")?.state, "warning");
  assert.equal(registry.get("c-3")?.state, "critical");
  clock.advance(1000);
  assert.equal(registry.get("c-1")?.state, "critical");
});

test("a heartbeat ends the shield and the probe with it", async () => {
  const { registry, clock, answer } = bench();
  for (const n of [1, 2, 3]) registry.register(at(`c-${n}`, { ttlMs: 1000 }));
  clock.advance(2000);
  registry.heartbeat("c-1");
  await answer({ ok: false, detail: "connection refused" });
  assert.equal(registry.get("c-1")?.state, "passing");
});

const check: CheckSpec = {
  kind: "tcp",
  address: "10.0.0.1",
  port: 6379,
  periodMs: 5000,
  timeoutMs: 1000,
  failureThreshold: 2,
  successThreshold: 1,
};

test("a checked instance starts unused and is used after its first passing check", async () => {
  const { registry, answer, waiting, clock } = bench();
  registry.register(at("c-1", { check }));
  assert.equal(registry.get("c-1")?.state, "starting");
  assert.equal(waiting.length, 1);
  await answer({ ok: true, detail: "connected" });
  assert.equal(registry.get("c-1")?.state, "passing");
  clock.advance(5000);
  await answer({ ok: false, detail: "connection refused" });
  assert.equal(registry.get("c-1")?.state, "warning");
  clock.advance(5000);
  await answer({ ok: false, detail: "connection refused" });
  assert.deepEqual(
    [registry.get("c-1")?.state, registry.get("c-1")?.reason],
    ["critical", "tcp check: connection refused"],
  );
  clock.advance(1_000_000);
  assert.ok(registry.get("c-1"), "a check alone never expires an instance");
});

test("with expireAfterMs a failing check removes the instance in the end", async () => {
  const { registry, answer, clock } = bench();
  registry.register(at("c-1", { check: { ...check, failureThreshold: 1 }, expireAfterMs: 3000 }));
  await answer({ ok: false, detail: "connection refused" });
  clock.advance(2000);
  assert.ok(registry.get("c-1"));
  clock.advance(1000);
  assert.equal(registry.get("c-1"), undefined);
});

test("heartbeat and check together: the worse counts", async () => {
  const { registry, answer, clock } = bench();
  registry.register(at("c-1", { check, ttlMs: 1000 }));
  await answer({ ok: true, detail: "connected" });
  clock.advance(2000);
  assert.equal(registry.get("c-1")?.state, "critical");
  registry.heartbeat("c-1");
  assert.equal(registry.get("c-1")?.reason, "tcp check: connected");
});

test("after deregistering or closing no check and no timer is left", async () => {
  const { registry, clock, waiting } = bench();
  registry.register(at("c-1", { check, ttlMs: 1000 }));
  registry.register(at("c-2", { check }));
  assert.equal(registry.deregister("c-1", "asked for"), true);
  registry.close();
  await settled();
  clock.advance(100_000);
  assert.equal(waiting.length, 2);
  assert.equal(clock.pendingTimers, 0);
});

test("a checker that throws is a failed check", async () => {
  const { registry } = bench({ checker: () => Promise.reject(new Error("broken checker")) });
  registry.register(at("c-1", { check }));
  await settled();
  assert.match(registry.get("c-1")?.reason ?? "", /broken checker/);
  registry.close();
});

test("at most 128 checks run at once, and all get their turn", async () => {
  const { registry, waiting, answer } = bench();
  for (let n = 0; n < 200; n++) registry.register(at(`c-${n}`, { check }));
  assert.equal(waiting.length, 128);
  for (let n = 0; n < 200; n++) await answer({ ok: true, detail: "connected" });
  assert.equal(registry.lookup("cache").length, 200);
  registry.close();
});

test("the supervised part becomes exactly what it is told", () => {
  const { registry, changes } = bench();
  registry.syncSupervised([supervised("users-1"), supervised("users-2", { state: "starting", reason: "probing" })]);
  registry.syncSupervised([supervised("users-1"), supervised("users-2", { port: 20_002 })]);
  registry.syncSupervised([supervised("users-2", { port: 20_002 })]);
  assert.deepEqual(changes, [
    "added users-1 passing: probe passed",
    "added users-2 starting: probing",
    "changed users-2 passing: probe passed",
    "removed users-1 passing: no longer run by this app",
  ]);
  assert.equal(registry.index, 4);
});

test("changedAt moves with the state, not with the reason", () => {
  const { registry, clock } = bench();
  registry.syncSupervised([supervised("users-1")]);
  const { changedAt } = registry.get("users-1") ?? {};
  clock.advance(1000);
  registry.syncSupervised([supervised("users-1", { reason: "still passing" })]);
  assert.equal(registry.get("users-1")?.changedAt, changedAt);
  registry.syncSupervised([supervised("users-1", { state: "critical" })]);
  assert.notEqual(registry.get("users-1")?.changedAt, changedAt);
});

test("a supervised instance takes its id from an external one", () => {
  const { registry, events } = bench();
  registry.register(at("users-1", { service: "users" }));
  registry.syncSupervised([supervised("users-1")]);
  assert.equal(registry.get("users-1")?.source, "supervisor");
  assert.match(events.at(-1)?.message ?? "", /same id/);
  assert.deepEqual(registry.stored(), []);
});

test("watchers hear of their service only, in order, also of changes made by watchers", () => {
  const { registry } = bench();
  const heard: string[] = [];
  registry.watch("cache", (change) => {
    if (change.type === "added" && change.instance.id === "c-1") registry.deregister("c-1", "not wanted");
  });
  registry.watch("cache", (change) => heard.push(`${change.type} ${registry.index}`));
  registry.register(at("c-1"));
  registry.register(at("s-1", { service: "store" }));
  assert.deepEqual(heard, ["added 1", "removed 2"]);
  assert.equal(registry.index, 3);
});

test("a watcher that throws breaks no other and is reported", () => {
  const { registry, events } = bench();
  const heard: string[] = [];
  registry.watch("cache", () => {
    throw new Error("broken watcher");
  });
  const stop = registry.watch("cache", (change) => heard.push(change.type));
  registry.register(at("c-1"));
  stop();
  stop();
  registry.deregister("c-1", "asked for");
  assert.deepEqual(heard, ["added"]);
  assert.match(events.find((event) => event.kind === "watcher.failed")?.message ?? "", /broken watcher/);
});

test("one unsubscribed by an earlier watcher is not called any more", () => {
  const { registry } = bench();
  const heard: string[] = [];
  registry.watch("cache", () => stop());
  const stop = registry.watch("cache", (change) => heard.push(change.type));
  registry.register(at("c-1"));
  assert.deepEqual(heard, []);
});

test("a sweep that comes much too late forgives the time in between", () => {
  const clock = new FakeClock();
  let stalledMs = 0;
  const stalling = { ...bindClock(clock), monotonic: () => clock.monotonic() + stalledMs };
  const registry = createRegistry({ clock: stalling, emit: () => {} });
  registry.register(at("c-1", { ttlMs: 1000 }));
  stalledMs = 60_000;
  clock.advance(1000);
  assert.equal(registry.get("c-1")?.state, "passing");
  clock.advance(2000);
  assert.equal(registry.get("c-1")?.state, "critical");
  registry.close();
});

function bindClock(clock: FakeClock) {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimer: (delayMs: number, fire: () => void) => clock.setTimer(delayMs, fire),
  };
}
