import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { FakeKeeper } from "../../test/doubles/keeper.js";
import { FakeOrchestrator, instanceView, startingView } from "../../test/doubles/orchestrator.js";
import { type FakeWorker, FakeWorkers, planOf, settled } from "../../test/doubles/workers.js";
import { FakeClock } from "../base/fake-clock.js";
import { createRegistry } from "../discovery/create-registry.js";
import type { InstanceView } from "../orchestrator/orchestrator.js";
import { DataPlane } from "./data-plane.js";
import { EndpointRunner } from "./endpoint-runner.js";

async function setUp(t: TestContext, ...views: readonly InstanceView[]) {
  const clock = new FakeClock();
  const workers = new FakeWorkers();
  const worker = workers.add(11);
  const keeper = new FakeKeeper();
  keeper.workers = [worker.info];
  const dataPlane = new DataPlane({
    connectKeeper: keeper.connectKeeper,
    connectWorker: workers.connectWorker,
    clock,
    emit: () => {},
    onPolicy: () => {},
  });
  await dataPlane.connect();
  await dataPlane.setPlan(planOf("shop"));
  worker.log.length = 0;
  const registry = createRegistry({ clock, emit: () => {} });
  const runner = new EndpointRunner({ registry, dataPlane, clock });
  const driver = new FakeOrchestrator();
  driver.show(...views);
  runner.start(driver);
  t.after(() => {
    runner.close();
    registry.close();
  });
  await settled();
  return { clock, worker, dataPlane, registry, runner, driver };
}

/** `users-1 ready` and so on. */
function served(worker: FakeWorker, service = "users"): string[] {
  return (worker.table?.clusters[service] ?? []).map(({ id, epoch, state }) => `${id} ${epoch} ${state}`);
}

test("ready instances are endpoints, others are not", async (t) => {
  const warning = instanceView("users-3", { health: "warning" });
  const dead = instanceView("users-4", { phase: "backoff", health: "critical", ready: false, process: null });
  const { worker, registry } = await setUp(t, instanceView("users-1"), startingView("users-2"), warning, dead);
  assert.deepEqual(served(worker), ["users-1 1001.1 ready", "users-3 1003.1 ready"]);
  assert.deepEqual(
    registry.lookup("users", { healthyOnly: false }).map(({ id, state }) => `${id} ${state}`),
    ["users-1 passing", "users-2 starting", "users-3 warning", "users-4 critical"],
  );
});

test("with no instance at all the table is empty, and is sent", async (t) => {
  const { worker } = await setUp(t);
  assert.deepEqual(worker.table?.clusters, {});
});

test("an instance without a port is not registered", async (t) => {
  const { registry } = await setUp(t, startingView("users-1", { port: 0, process: null }));
  assert.deepEqual(registry.services(), []);
});

test("many changes of one turn become one table, and none when nothing changed", async (t) => {
  const { worker, driver, registry } = await setUp(t, instanceView("users-1"));
  for (let n = 2; n <= 9; n++) driver.show(instanceView("users-1"), instanceView(`users-${n}`));
  registry.register({ id: "x", service: "ledger", address: "10.0.0.1", port: 1, ttlMs: 1000 });
  await settled();
  assert.deepEqual(worker.log, ["endpoints 1", "endpoints 2"]);
  driver.show(instanceView("users-1", { cpuPercent: 3 }), instanceView("users-9", { memoryBytes: 7 }));
  await settled();
  assert.deepEqual(worker.log, ["endpoints 1", "endpoints 2"]);
});

test("external instances are endpoints too", async (t) => {
  const { worker, registry } = await setUp(t);
  registry.register({ id: "ledger-a", service: "ledger", address: "10.0.0.1", port: 443, weight: 3 });
  await settled();
  const [endpoint] = worker.table?.clusters.ledger ?? [];
  assert.deepEqual([endpoint?.address, endpoint?.port, endpoint?.weight], ["10.0.0.1", 443, 3]);
});

test("draining: the workers have acknowledged before they are asked what is in flight", async (t) => {
  const { worker, driver, runner } = await setUp(t, instanceView("users-1"), instanceView("users-2"));
  worker.log.length = 0;
  worker.hang();
  const leaving = instanceView("users-1", { phase: "draining", ready: false });
  driver.show(leaving, instanceView("users-2"));
  const drained = runner.drain(leaving, 5_000);
  await settled();
  assert.deepEqual(worker.log, []);
  worker.resume();
  await drained;
  assert.deepEqual(worker.log, ["endpoints 2", "await-drained users-1@1001.1"]);
  assert.deepEqual(served(worker), ["users-1 1001.1 draining", "users-2 1002.1 ready"]);
});

test("an instance that is still shown as ready leaves load balancing when it is drained", async (t) => {
  const { worker, runner } = await setUp(t, instanceView("users-1"));
  const drained = runner.drain(instanceView("users-1"), 5_000);
  await drained;
  assert.deepEqual(served(worker), ["users-1 1001.1 draining"]);
});

test("one that is stopped without a drain leaves load balancing at once", async (t) => {
  const { worker, driver } = await setUp(t, instanceView("users-1"));
  driver.show(instanceView("users-1", { phase: "stopping", ready: false, health: "critical" }));
  await settled();
  assert.deepEqual(served(worker), ["users-1 1001.1 draining"]);
  driver.show();
  await settled();
  assert.deepEqual(served(worker), []);
});

test("a worker that hangs delays a drain only so long", async (t) => {
  const { clock, worker, runner } = await setUp(t, instanceView("users-1"));
  worker.hang();
  const drained = runner.drain(instanceView("users-1"), 5_000);
  await settled();
  clock.advance(2_000);
  await settled();
  clock.advance(5_000);
  await drained;
});

test("a successor has its slot's name from the beginning, so that its counts survive the switch", async (t) => {
  const old = instanceView("users-1");
  const process = { pid: 2000, startTicks: 9, bootId: "boot" };
  const successor = instanceView("users-1+", { service: "users", slot: 1, port: 20_009, process });
  const { worker, driver, runner } = await setUp(t, old);
  driver.show(old, successor);
  await settled();
  assert.deepEqual(served(worker), ["users-1 1001.1 ready", "users-1 2000.9 ready"]);
  const leaving = { ...old, phase: "draining", ready: false } as const;
  driver.show(leaving, successor);
  await runner.drain(leaving, 1_000);
  assert.deepEqual(served(worker), ["users-1 1001.1 draining", "users-1 2000.9 ready"]);
  driver.show({ ...successor, id: "users-1" });
  await settled();
  assert.deepEqual(served(worker), ["users-1 2000.9 ready"]);
  await runner.drain({ ...successor, id: "users-1" }, 1_000);
  assert.equal(worker.log.at(-1), "await-drained users-1@2000.9");
});

test("adopted instances that were not looked at yet hold back the first table", async (t) => {
  const ready = instanceView("users-1", { adopted: true });
  const { worker, driver } = await setUp(t, ready, startingView("users-2", { adopted: true }));
  assert.equal(worker.table, null);
  driver.show(ready, instanceView("users-2", { adopted: true }));
  await settled();
  assert.deepEqual(served(worker), ["users-1 1001.1 ready", "users-2 1002.1 ready"]);
  driver.show(ready, startingView("users-2", { adopted: true }));
  await settled();
  assert.deepEqual(served(worker), ["users-1 1001.1 ready"], "only the first is held back");
});

test("the first table is not held back for ever, nor by what was started anew", async (t) => {
  const adopted = startingView("users-2", { adopted: true });
  const { clock, worker } = await setUp(t, instanceView("users-1"), adopted);
  clock.advance(3_000);
  await settled();
  assert.deepEqual(served(worker), ["users-1 1001.1 ready"]);
  const fresh = await setUp(t, instanceView("users-1"), startingView("users-2"));
  assert.deepEqual(served(fresh.worker), ["users-1 1001.1 ready"]);
});

test("a drain does not wait for the first table", async (t) => {
  const { worker, runner } = await setUp(t, instanceView("users-1"), startingView("users-2", { adopted: true }));
  await runner.drain(instanceView("users-1"), 1_000);
  assert.deepEqual(served(worker), ["users-1 1001.1 draining"]);
});

test("after close nothing is sent", async (t) => {
  const { worker, driver, runner } = await setUp(t, instanceView("users-1"));
  driver.show(instanceView("users-2"));
  runner.close();
  driver.show(instanceView("users-3"));
  await settled();
  assert.deepEqual(worker.log, ["endpoints 1"]);
});
