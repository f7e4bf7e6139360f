import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeWorkers, planOf, settled, workerInfo } from "../../test/doubles/workers.js";
import { TuskError } from "../base/errors.js";
import type { EventDraft } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import type { WorkerNotice } from "../keeper/protocol.js";
import { WorkerFleet } from "./worker-fleet.js";

function setUp(): {
  fleet: WorkerFleet;
  workers: FakeWorkers;
  clock: FakeClock;
  events: EventDraft[];
  notices: WorkerNotice[];
} {
  const workers = new FakeWorkers();
  const clock = new FakeClock();
  const events: EventDraft[] = [];
  const notices: WorkerNotice[] = [];
  const fleet = new WorkerFleet({
    connectWorker: workers.connectWorker,
    clock,
    emit: (event) => events.push(event),
    onPolicy: (notice) => notices.push(notice),
  });
  return { fleet, workers, clock, events, notices };
}

const endpoint = { id: "users-1", epoch: "1", address: "127.0.0.1", port: 1, state: "ready" } as const;
const clusters = { users: [endpoint] };

const isRefused =
  (why: string) =>
  (error: unknown): boolean =>
    error instanceof TuskError && error.code === "PLAN_REFUSED" && error.message.endsWith(why);

test("a plan is in force when every worker runs it", async () => {
  const { fleet, workers } = setUp();
  const [one, two] = [workers.add(11, 1), workers.add(12, 2)];
  fleet.setKnown([one.info, two.info]);
  await fleet.setPlan(planOf("first"));
  assert.deepEqual([one.plan?.app, two.plan?.app], ["first", "first"]);
  assert.equal(fleet.plan?.version, 1);
  assert.deepEqual(
    fleet.workers.map(({ pid }) => pid),
    [11, 12],
  );
});

test("without a worker a plan waits for the first one", async () => {
  const { fleet, workers } = setUp();
  const done = fleet.setPlan(planOf("first"));
  await settled();
  const one = workers.add(11);
  fleet.add(one.info);
  await done;
  assert.equal(one.plan?.app, "first");
});

test("no endpoint table is sent before there is one", async () => {
  const { fleet, workers } = setUp();
  const one = workers.add(11);
  one.table = { format: 1, version: 4, clusters };
  fleet.add(one.info);
  await fleet.setPlan(planOf("first"));
  assert.deepEqual(one.log, ["plan 1 first"]);
  assert.equal(one.table.version, 4);
  assert.ok(!fleet.settled);
  await fleet.endpointsAcknowledged(fleet.setEndpoints(clusters));
  assert.deepEqual(one.log, ["plan 1 first", "endpoints 5"]);
  assert.ok(fleet.settled);
});

test("versions count on from a worker that is ahead", async () => {
  const { fleet, workers } = setUp();
  const one = workers.add(11);
  one.plan = { ...planOf("of the former controller"), version: 40 };
  one.table = { format: 1, version: 70, clusters: {} };
  fleet.setEndpoints(clusters);
  const done = fleet.setPlan(planOf("mine"));
  fleet.add(one.info);
  await done;
  await settled();
  assert.deepEqual([one.plan.app, one.plan.version, one.table.version], ["mine", 41, 71]);
  await fleet.setPlan(planOf("next"));
  assert.equal(one.plan.version, 42);
});

test("a worker that is ahead brings the others along", async () => {
  const { fleet, workers } = setUp();
  const one = workers.add(11, 1);
  fleet.add(one.info);
  await fleet.setPlan(planOf("mine"));
  const two = workers.add(12, 2);
  two.plan = { ...planOf("stored"), version: 9 };
  fleet.add(two.info);
  await settled();
  assert.deepEqual([one.plan?.version, two.plan.version, two.plan.app], [10, 10, "mine"]);
});

test("a worker that meanwhile got a newer plan from elsewhere is overtaken, not obeyed", async () => {
  const { fleet, workers, events } = setUp();
  const one = workers.add(11);
  fleet.add(one.info);
  await fleet.setPlan(planOf("first"));
  one.plan = { ...planOf("elsewhere"), version: 30 };
  await fleet.setPlan(planOf("second"));
  assert.deepEqual([one.plan.app, one.plan.version], ["second", 31]);
  assert.deepEqual(events, []);
});

test("a refused plan is reported, and the one before it is wanted again", async () => {
  const { fleet, workers, events } = setUp();
  const [one, two] = [workers.add(11, 1), workers.add(12, 2)];
  fleet.setKnown([one.info, two.info]);
  await fleet.setPlan(planOf("good"));
  two.objection = (plan) => (plan.app === "bad" ? "it is bad" : undefined);
  await assert.rejects(fleet.setPlan(planOf("bad")), isRefused("it is bad"));
  await settled();
  assert.deepEqual([one.plan?.app, two.plan?.app, fleet.plan?.app], ["good", "good", "good"]);
  assert.equal(events[0]?.kind, "plan.refused");
  assert.equal(events.length, 1);
});

test("after a refused plan endpoints and later plans still arrive", async () => {
  const { fleet, workers } = setUp();
  const one = workers.add(11);
  one.objection = (plan) => (plan.app === "bad" ? "it is bad" : undefined);
  fleet.add(one.info);
  await assert.rejects(fleet.setPlan(planOf("bad")), isRefused("it is bad"));
  assert.equal(fleet.plan, null);
  await fleet.endpointsAcknowledged(fleet.setEndpoints(clusters));
  assert.deepEqual(one.table?.clusters, clusters);
  await fleet.setPlan(planOf("good"));
  assert.equal(one.plan?.app, "good");
});

test("of two plans at once only the later has to arrive", async () => {
  const { fleet, workers } = setUp();
  const one = workers.add(11);
  fleet.add(one.info);
  await settled();
  const first = fleet.setPlan(planOf("first"));
  const second = fleet.setPlan(planOf("second"));
  await Promise.all([first, second]);
  assert.deepEqual(one.log, ["plan 2 second"]);
});

test("many tables while one is on its way: the newest follows, the others are skipped", async () => {
  const { fleet, workers } = setUp();
  const one = workers.add(11);
  fleet.add(one.info);
  await fleet.setPlan(planOf("first"));
  one.hang();
  fleet.setEndpoints(clusters);
  await settled();
  for (let n = 0; n < 50; n++) fleet.setEndpoints(clusters);
  one.resume();
  await fleet.endpointsAcknowledged(51);
  assert.deepEqual(one.log, ["plan 1 first", "endpoints 1", "endpoints 51"]);
});

test("a worker that hangs does not hold up the others", async () => {
  const { fleet, workers } = setUp();
  const [one, two] = [workers.add(11, 1), workers.add(12, 2)];
  fleet.setKnown([one.info, two.info]);
  await fleet.setPlan(planOf("first"));
  one.hang();
  fleet.setEndpoints(clusters);
  await settled();
  fleet.setEndpoints({});
  await settled();
  assert.deepEqual([one.table, two.table?.version], [null, 2]);
  assert.ok(!fleet.settled);
  one.resume();
  await fleet.endpointsAcknowledged(2);
  assert.ok(fleet.settled);
});

test("a worker lost in the middle of a push: nobody waits for it, its successor is brought up", async () => {
  const { fleet, workers, clock, events } = setUp();
  const one = workers.add(11);
  fleet.add(one.info);
  await fleet.setPlan(planOf("first"));
  one.hang();
  const acknowledged = fleet.endpointsAcknowledged(fleet.setEndpoints(clusters));
  const planned = fleet.setPlan(planOf("second"));
  await settled();
  one.die();
  await acknowledged;
  fleet.remove(11);
  const two = workers.add(12);
  fleet.add(two.info);
  await planned;
  await settled();
  assert.deepEqual([two.plan?.app, two.table?.clusters], ["second", clusters]);
  clock.advance(10_000);
  await settled();
  assert.deepEqual(events, []);
  assert.deepEqual(
    fleet.workers.map(({ pid }) => pid),
    [12],
  );
});

test("a worker whose connection ended but that lives is connected again", async () => {
  const { fleet, workers, clock } = setUp();
  const one = workers.add(11);
  fleet.add(one.info);
  await fleet.setPlan(planOf("first"));
  one.die();
  assert.deepEqual(fleet.workers, []);
  clock.advance(500);
  await settled();
  await fleet.setPlan(planOf("second"));
  assert.equal(one.plan?.app, "second");
});

test("a worker that cannot be reached is reported once and tried until it can, or is gone", async () => {
  const { fleet, workers, clock, events } = setUp();
  fleet.add(workerInfo(11));
  for (let n = 0; n < 3; n++) {
    await settled();
    clock.advance(500);
  }
  await settled();
  assert.deepEqual(
    events.map(({ message }) => message),
    ["proxy worker 1 (pid 11) cannot be reached: connect ENOENT"],
  );
  workers.add(11);
  clock.advance(500);
  await settled();
  assert.equal(fleet.workers.length, 1);
  fleet.add(workerInfo(12, 2));
  await settled();
  fleet.remove(12);
  clock.advance(500);
  await settled();
  assert.equal(clock.pendingTimers, 0);
});

test("a successor that answers in the place of a dead worker is not taken for it", async () => {
  const { fleet, workers } = setUp();
  workers.add(12, 1);
  fleet.add(workerInfo(11, 1));
  await settled();
  assert.deepEqual(fleet.workers, []);
});

test("workers that the keeper does not list any more are let go", async () => {
  const { fleet, workers } = setUp();
  const [one, two] = [workers.add(11, 1), workers.add(12, 2)];
  fleet.setKnown([one.info, two.info]);
  await settled();
  fleet.setKnown([two.info]);
  assert.deepEqual(
    fleet.workers.map(({ pid }) => pid),
    [12],
  );
});

test("questions go to one or to all, and who is lost has no answer", async () => {
  const { fleet, workers } = setUp();
  assert.throws(
    () => fleet.ask({ type: "stats" }),
    (error) => error instanceof TuskError && error.code === "NOT_READY",
  );
  const [one, two] = [workers.add(11, 1), workers.add(12, 2)];
  fleet.setKnown([one.info, two.info]);
  await settled();
  assert.equal((await fleet.ask({ type: "stats" })).type, "stats");
  one.hang();
  const asked = fleet.askAll({ type: "stats" });
  one.die();
  assert.equal((await asked).length, 1);
});

test("a worker's notices are passed on", async () => {
  const { fleet, workers, notices } = setUp();
  const one = workers.add(11);
  fleet.add(one.info);
  await settled();
  const notice = { type: "returned", cluster: "users", endpoint: "users-1", epoch: "1", reason: "time" } as const;
  one.notify(notice);
  assert.deepEqual(notices, [notice]);
});

test("whoever waits is let go at the end, and nothing is tried any more", async () => {
  const { fleet, workers, clock } = setUp();
  const one = workers.add(11);
  fleet.add(one.info);
  await settled();
  one.hang();
  const waiting = [fleet.setPlan(planOf("first")), fleet.endpointsAcknowledged(fleet.setEndpoints(clusters))];
  fleet.close();
  await Promise.all(waiting);
  clock.advance(10_000);
  await settled();
  assert.deepEqual(one.log, []);
});
