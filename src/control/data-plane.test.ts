import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeKeeper } from "../../test/doubles/keeper.js";
import { FakeWorkers, planOf, settled } from "../../test/doubles/workers.js";
import { TuskError } from "../base/errors.js";
import type { EventDraft } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import { DataPlane } from "./data-plane.js";

function setUp() {
  const keeper = new FakeKeeper();
  const workers = new FakeWorkers();
  const clock = new FakeClock();
  const events: EventDraft[] = [];
  const dataPlane = new DataPlane({
    connectKeeper: keeper.connectKeeper,
    connectWorker: workers.connectWorker,
    clock,
    emit: (event) => events.push(event),
    onPolicy: () => {},
  });
  return { dataPlane, keeper, workers, clock, events, kinds: () => events.map(({ kind }) => kind) };
}

const gateway = { name: "gateway/default", host: "0.0.0.0", port: 8080 };
const edge = { name: "edge/orders/users", host: "127.0.0.1", port: 20_001 };
const isLost = (error: unknown): boolean => error instanceof TuskError && error.code === "KEEPER_LOST";

test("the workers that the keeper names are brought to the plan", async () => {
  const { dataPlane, keeper, workers } = setUp();
  const one = workers.add(11);
  keeper.workers = [one.info];
  await dataPlane.connect();
  await dataPlane.setPlan(planOf("shop"));
  await dataPlane.endpointsAcknowledged(dataPlane.setEndpoints({}));
  assert.equal(one.plan?.app, "shop");
  assert.ok(dataPlane.settled);
});

test("what is bound is shown with its host, and what is not with its reason", async () => {
  const { dataPlane, keeper } = setUp();
  keeper.taken.add(edge.port);
  await dataPlane.connect();
  const bound = await dataPlane.listen([gateway, edge]);
  assert.deepEqual(bound.get(gateway.name), {
    host: "0.0.0.0",
    result: { name: gateway.name, ok: true, port: 8080 },
  });
  assert.equal(bound.get(edge.name)?.result.ok, false);
  assert.equal(dataPlane.bound, bound);
});

test("a successor of the keeper is told the sockets again, and its workers are taken", async () => {
  const { dataPlane, keeper, workers } = setUp();
  const one = workers.add(11);
  keeper.workers = [one.info];
  await dataPlane.connect();
  await dataPlane.listen([gateway]);
  await dataPlane.setPlan(planOf("shop"));
  keeper.away = true;
  keeper.held = [];
  await assert.rejects(dataPlane.listen([gateway, edge]), isLost);
  assert.equal(await dataPlane.keeperStatus(), null);
  const two = workers.add(12);
  keeper.workers = [two.info];
  keeper.comeBack();
  await settled();
  assert.deepEqual(
    keeper.held.map(({ name }) => name),
    [gateway.name, edge.name],
  );
  assert.equal(two.plan?.app, "shop");
  assert.equal((await dataPlane.keeperStatus())?.keeperPid, 7);
});

test("a successor that cannot be told is reported and stops nothing", async () => {
  const { dataPlane, keeper, kinds } = setUp();
  await dataPlane.connect();
  await settled();
  await dataPlane.listen([gateway]);
  keeper.failures = 1;
  keeper.comeBack();
  await settled();
  assert.deepEqual(kinds(), ["keeper.listen-failed"]);
  await dataPlane.listen([gateway]);
});

test("without a keeper nothing can be bound", async () => {
  const { dataPlane } = setUp();
  await assert.rejects(dataPlane.listen([gateway]), isLost);
});

test("notices become events, and workers that come and go are followed", async () => {
  const { dataPlane, keeper, workers, events, kinds } = setUp();
  const one = workers.add(11);
  keeper.workers = [one.info];
  await dataPlane.connect();
  await dataPlane.setPlan(planOf("shop"));
  one.die();
  keeper.notify({ type: "worker-exited", slot: 1, pid: 11, code: null, signal: "SIGKILL" });
  const two = workers.add(12);
  keeper.notify({ type: "worker-started", worker: two.info, replaces: 11 });
  keeper.notify({ type: "controller-restarted", previousPid: 1, pid: 2 });
  keeper.notify({ type: "keeper-succeeded", previousPid: 3, pid: 4 });
  await settled();
  assert.deepEqual(kinds(), ["worker.exited", "worker.replaced", "controller.restarted", "keeper.succeeded"]);
  assert.equal(events[0]?.message, "proxy worker 1 (pid 11) ended with signal SIGKILL");
  assert.equal(two.plan?.app, "shop");
  assert.equal((await dataPlane.stats())[0]?.pid, 12);
});

test("an explanation that the worker refuses carries its words", async () => {
  const { dataPlane, keeper, workers } = setUp();
  const question = { type: "explain", listener: "nope", method: "GET", target: "/", headers: {} } as const;
  await assert.rejects(
    dataPlane.explain(question),
    (error) => error instanceof TuskError && error.code === "NOT_READY",
  );
  keeper.workers = [workers.add(11).info];
  await dataPlane.connect();
  await settled();
  await assert.rejects(dataPlane.explain(question), /nothing listens as nope/);
});

test("the end: the keeper is asked, then both let go", async () => {
  const { dataPlane, keeper, kinds } = setUp();
  await dataPlane.connect();
  await dataPlane.shutdown(100);
  assert.ok(keeper.ended);
  assert.equal(keeper.log.at(-1), "close");
  assert.deepEqual(kinds(), []);
});

test("a keeper that is killed while it ends is followed by its successor", async () => {
  const { dataPlane, keeper } = setUp();
  await dataPlane.connect();
  keeper.failures = 1;
  await dataPlane.shutdown(100);
  assert.ok(keeper.ended);
});

test("a keeper that stays away at the end is reported, and the end comes", async () => {
  const { dataPlane, keeper, kinds } = setUp();
  await dataPlane.connect();
  keeper.away = true;
  await dataPlane.shutdown(100);
  assert.deepEqual(kinds(), ["keeper.lost"]);
  assert.equal(keeper.log.at(-1), "close");
});

async function withTwoWorkers() {
  const system = setUp();
  const { dataPlane, keeper, workers } = system;
  keeper.workers = [workers.add(11, 1).info, workers.add(12, 2).info];
  await dataPlane.connect();
  await dataPlane.setPlan(planOf("shop"));
  await dataPlane.endpointsAcknowledged(dataPlane.setEndpoints({}));
  return system;
}

test("workers are renewed one after another, each with the plan before its predecessor goes", async () => {
  const { dataPlane, keeper, workers, kinds } = await withTwoWorkers();
  const successors = new Map<number, ReturnType<FakeWorkers["add"]>>();
  keeper.successor = (slot) => {
    const worker = workers.add(20 + slot, slot);
    successors.set(slot, worker);
    return worker.info;
  };
  const renewals = await dataPlane.renewWorkers({ drainMs: 100 });
  assert.deepEqual(
    renewals.map(({ slot, previousPid, pid }) => [slot, previousPid, pid]),
    [
      [1, 11, 21],
      [2, 12, 22],
    ],
  );
  assert.deepEqual(keeper.log.slice(-6), ["renew", "settle", "keep new", "renew", "settle", "keep new"]);
  for (const worker of successors.values()) assert.equal(worker.plan?.app, "shop");
  assert.deepEqual(
    keeper.workers.map(({ pid }) => pid),
    [21, 22],
  );
  assert.deepEqual(kinds(), ["worker.renewed", "worker.drained", "worker.renewed", "worker.drained"]);
});

test("a successor that refuses the plan goes, its predecessor stays", async () => {
  const { dataPlane, keeper, workers } = await withTwoWorkers();
  keeper.successor = (slot) => {
    const worker = workers.add(30, slot);
    worker.objection = () => "no";
    return worker.info;
  };
  const isRefused = (error: unknown): boolean => error instanceof TuskError && error.code === "PLAN_REFUSED";
  await assert.rejects(dataPlane.renewWorkers({ drainMs: 100 }), isRefused);
  assert.deepEqual(
    keeper.workers.map(({ pid }) => pid),
    [11, 12],
  );
});

test("a successor that hangs goes at the limit; a second restart at the same time is refused", async () => {
  const { dataPlane, keeper, workers, clock } = await withTwoWorkers();
  keeper.successor = (slot) => {
    const worker = workers.add(30, slot);
    worker.hang();
    return worker.info;
  };
  const isLate = (error: unknown): boolean => error instanceof TuskError && error.code === "TIMEOUT";
  const first = assert.rejects(dataPlane.renewWorkers({ drainMs: 100, limitMs: 1_000 }), isLate);
  await assert.rejects(
    dataPlane.renewWorkers({ drainMs: 100 }),
    (error) => error instanceof TuskError && error.code === "CONFLICT",
  );
  await settled();
  clock.advance(1_000);
  await first;
  assert.deepEqual(
    keeper.workers.map(({ pid }) => pid),
    [11, 12],
  );
});

test("a successor that does not come to serve is a TIMEOUT", async () => {
  const { dataPlane } = await withTwoWorkers();
  await assert.rejects(
    dataPlane.renewWorkers({ drainMs: 100 }),
    (error) => error instanceof TuskError && error.code === "TIMEOUT" && /ended before/.test(error.message),
  );
});

test("the number of workers is told, and told again to a successor of the keeper", async () => {
  const { dataPlane, keeper } = await withTwoWorkers();
  await dataPlane.setWorkerCount(2);
  assert.equal(keeper.workerCount, 2);
  keeper.away = true;
  keeper.workerCount = null;
  keeper.comeBack();
  await settled();
  assert.equal(keeper.workerCount, 2);
});
