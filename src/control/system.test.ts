import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { serviceSpec } from "../../test/doubles/control-plane.js";
import { MemoryDataAccess } from "../../test/doubles/data-access.js";
import { FakeKeeper } from "../../test/doubles/keeper.js";
import { FakeOrchestrator, instanceView, startingView } from "../../test/doubles/orchestrator.js";
import { FakeWorkers, settled } from "../../test/doubles/workers.js";
import { eventually } from "../../test/support/eventually.js";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { type ErrorCode, TuskError } from "../base/errors.js";
import { FakeClock } from "../base/fake-clock.js";
import { createRegistry } from "../discovery/create-registry.js";
import type { AppSpec, ListenerSpec, ServiceSpec } from "../model/app-spec.js";
import type { Settings } from "../model/settings.js";
import { createPortLeases } from "../orchestrator/port-leases.js";
import { appFolderAt } from "../system/app-folder.js";
import type { ApplyRequest } from "./control-plane.js";
import { DataPlane } from "./data-plane.js";
import { desiredAfter, nothingDesired, readDesired } from "./desired-spec.js";
import { EndpointRunner } from "./endpoint-runner.js";
import { EventLog } from "./event-log.js";
import { PlanMaker } from "./plan-maker.js";
import { System } from "./system.js";
import { TlsMaterial } from "./tls-material.js";

const main: ListenerSpec = { name: "main", host: "127.0.0.1", port: 8080 };
const orders = serviceSpec("orders", { calls: ["users"] });

function shop(services: readonly ServiceSpec[], more: Partial<AppSpec> = {}): AppSpec {
  return { name: "shop", settings: {}, services, gateway: { listeners: [main], routes: [] }, ...more };
}

const withPort = (spec: AppSpec, ...listeners: readonly ListenerSpec[]): AppSpec => ({
  ...spec,
  gateway: { ...spec.gateway, listeners },
});

function request(spec: AppSpec, more: Partial<ApplyRequest> = {}): ApplyRequest {
  return { spec, provenance: {}, from: "tusk.yaml", ...more };
}

const isCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof TuskError && error.code === code;

interface SetUpOptions {
  readonly spec?: AppSpec;
  readonly settings?: Partial<Settings>;
  readonly connect?: boolean;
}

async function setUp(t: TestContext, options: SetUpOptions = {}) {
  const folder = appFolderAt(temporaryFolder(t));
  const clock = new FakeClock();
  const keeper = new FakeKeeper();
  const workers = new FakeWorkers();
  const worker = workers.add(11);
  keeper.workers = [worker.info];
  const events = new EventLog(join(folder.root, "events.jsonl"), () => clock.now());
  const leases = createPortLeases({
    stateFolder: folder.state,
    claimsFolder: join(folder.root, "claims"),
    appFolder: folder.root,
  });
  const dataPlane = new DataPlane({
    connectKeeper: keeper.connectKeeper,
    connectWorker: workers.connectWorker,
    clock,
    emit: events.emit,
    onPolicy: () => {},
  });
  const tlsMaterial = new TlsMaterial({
    root: folder.root,
    folder: join(folder.runtime, "certificates"),
    clock,
    emit: events.emit,
  });
  const plans = new PlanMaker({ folder, leases, environment: {}, codeSettings: options.settings ?? {}, tlsMaterial });
  const desired = desiredAfter(nothingDesired(folder), request(options.spec ?? shop([serviceSpec("users"), orders])));
  const driver = new FakeOrchestrator();
  const registry = createRegistry({ clock, emit: events.emit });
  const ended: string[] = [];
  const externalNames: string[] = [];
  const made = await plans.make(desired);
  plans.commit(made);
  driver.apply(made.processPlan);
  const system = new System(
    {
      folder,
      clock,
      events,
      plans,
      driver,
      registry,
      dataPlane,
      desired,
      data: new MemoryDataAccess(),
      externalNames: () => externalNames,
      onShutdown: async () => void ended.push("shutdown"),
    },
    made,
  );
  const runner = new EndpointRunner({ registry, dataPlane, clock });
  runner.start(driver);
  t.after(() => {
    runner.close();
    registry.close();
  });
  if (options.connect !== false) await system.connect();
  const kinds = (): string[] => events.query({ limit: 1000 }).map(({ kind }) => kind);
  const listening = (): string[] =>
    keeper.held.map(({ name, port }) => `${name} ${leases.all().get(name) === port ? "leased" : port}`);
  return {
    system,
    folder,
    clock,
    keeper,
    worker,
    workers,
    dataPlane,
    driver,
    leases,
    ended,
    externalNames,
    kinds,
    listening,
  };
}

const gatewaySocket = "gateway/127.0.0.1:8080 8080";
const mesh = ["edge/orders/users leased", "egress/users leased", "egress/orders leased"];

test("the instances are spawned first, sockets and plan follow", async (t) => {
  const { system, driver, worker, listening } = await setUp(t, { connect: false });
  assert.deepEqual(driver.log, ["apply users=1 orders=1"]);
  assert.deepEqual(worker.log, []);
  await system.connect();
  assert.deepEqual(listening(), [gatewaySocket, ...mesh]);
  assert.deepEqual(
    worker.plan?.listeners.map(({ name }) => name),
    ["gateway/127.0.0.1:8080", "edge/orders/users", "egress/users", "egress/orders"],
  );
  assert.equal(system.status().gateway[0]?.url, "http://127.0.0.1:8080");
});

test("a listener that cannot be bound at the start is reported, and the rest runs", async (t) => {
  const { system, keeper, worker, kinds, driver } = await setUp(t, { connect: false });
  keeper.taken.add(8080);
  await system.connect();
  assert.deepEqual(kinds(), ["listener.failed"]);
  assert.ok(worker.plan);
  driver.show(instanceView("users-1"), instanceView("orders-1"));
  await settled();
  await system.scale("users", 2);
  assert.deepEqual(kinds(), ["listener.failed", "spec.changed"], "it stops no other change and is said once");
  keeper.taken.clear();
  const { warnings } = await system.scale("users", 1);
  assert.deepEqual(warnings, []);
  assert.ok(keeper.held.some(({ port }) => port === 8080));
});

test("a change binds, plans, stores and applies; and says what it changed", async (t) => {
  const { system, folder, driver, worker, listening, kinds } = await setUp(t);
  const mail = serviceSpec("mail");
  const result = await system.apply(request(shop([serviceSpec("users", { replicas: 3 }), orders, mail])));
  assert.deepEqual(
    result.changes.map(({ text }) => text),
    ["services.users.replicas: 1 -> 3", "service mail added"],
  );
  assert.deepEqual(result.warnings, []);
  assert.deepEqual(listening(), [gatewaySocket, ...mesh, "egress/mail leased"]);
  assert.ok(worker.plan?.clusters.mail);
  assert.equal(driver.log.at(-1), "apply users=3 orders=1 mail=1");
  assert.deepEqual(readDesired(folder, () => {})?.spec, system.spec().spec);
  assert.deepEqual(kinds(), ["spec.changed", "spec.changed"]);
});

test("only services whose processes are made of something else are replaced", async (t) => {
  const { system } = await setUp(t);
  const changed = serviceSpec("users", { replicas: 2, env: { LEVEL: "debug" } });
  const { replaced } = await system.apply(request(shop([changed, orders])));
  assert.deepEqual(replaced, ["users"]);
});

test("sockets and ports of what left are given back, afterwards", async (t) => {
  const { system, keeper, leases, listening } = await setUp(t);
  keeper.log.length = 0;
  await system.apply(request(shop([serviceSpec("users")])));
  assert.deepEqual(keeper.log, [
    "listen gateway/127.0.0.1:8080 egress/users edge/orders/users egress/orders",
    "listen gateway/127.0.0.1:8080 egress/users",
  ]);
  assert.deepEqual(listening(), [gatewaySocket, "egress/users leased"]);
  assert.deepEqual([...leases.all().keys()], ["egress/users"]);
});

test("a taken port: nothing is changed", async (t) => {
  const { system, folder, keeper, worker, driver, leases, listening, kinds } = await setUp(t);
  const before = system.spec();
  const [plan, leased] = [worker.plan, leases.all()];
  keeper.taken.add(9090);
  const other = { name: "other", host: "127.0.0.1", port: 9090 };
  const next = withPort(shop([serviceSpec("users", { replicas: 2 }), orders, serviceSpec("mail")]), main, other);
  await assert.rejects(system.apply(request(next)), isCode("PORT_IN_USE"));
  assert.deepEqual(system.spec(), before);
  assert.equal(worker.plan, plan);
  assert.deepEqual(driver.log, ["apply users=1 orders=1"]);
  assert.deepEqual(listening(), [gatewaySocket, ...mesh]);
  assert.deepEqual(leases.all(), leased);
  assert.ok(!existsSync(folder.files.desired));
  assert.deepEqual(kinds(), []);
  assert.equal(system.status().gateway.length, 1);
});

test("a gateway that moves to a taken port stays where it is", async (t) => {
  const { system, keeper, listening } = await setUp(t);
  keeper.taken.add(9090);
  const moved = withPort(shop([serviceSpec("users"), orders]), { ...main, port: 9090 });
  await assert.rejects(system.apply(request(moved)), isCode("PORT_IN_USE"));
  assert.deepEqual(listening(), [gatewaySocket, ...mesh]);
});

test("a plan that a worker refuses: nothing is changed", async (t) => {
  const { system, folder, worker, driver, leases, listening } = await setUp(t);
  const leased = leases.all();
  worker.objection = (plan) => ("mail" in plan.clusters ? "no mail" : undefined);
  const next = shop([serviceSpec("users"), orders, serviceSpec("mail")]);
  await assert.rejects(system.apply(request(next)), isCode("PLAN_REFUSED"));
  assert.equal(system.spec().spec.services.length, 2);
  assert.deepEqual(listening(), [gatewaySocket, ...mesh]);
  assert.deepEqual(leases.all(), leased);
  assert.equal(driver.plans.length, 1);
  assert.ok(!existsSync(folder.files.desired));
  await settled();
  assert.equal("mail" in (worker.plan?.clusters ?? {}), false);
});

test("a spec that is wrong: every problem, and nothing is changed", async (t) => {
  const { system, leases, driver } = await setUp(t);
  const leased = leases.all();
  const wrong = shop([serviceSpec("users", { calls: ["nobody"] }), serviceSpec("mail", { env: { A: "${NOT_SET}" } })]);
  await assert.rejects(system.apply(request(wrong)), isCode("SPEC_INVALID"));
  const unset = shop([serviceSpec("users"), serviceSpec("mail", { env: { A: "${NOT_SET}" } })]);
  await assert.rejects(system.apply(request(unset)), isCode("SPEC_INVALID"));
  assert.deepEqual(leases.all(), leased);
  assert.equal(driver.plans.length, 1);
});

test("a dry run says what would change, and changes nothing", async (t) => {
  const { system, driver, keeper, leases, folder } = await setUp(t);
  const leased = leases.all();
  keeper.log.length = 0;
  const next = shop([serviceSpec("users", { env: { A: "1" } }), orders, serviceSpec("mail")]);
  const result = await system.apply(request(next, { dryRun: true }));
  assert.deepEqual(result.replaced, ["users"]);
  assert.equal(result.changes.length, 2);
  assert.deepEqual(leases.all(), leased);
  assert.deepEqual(keeper.log, []);
  assert.equal(driver.plans.length, 1);
  assert.ok(!existsSync(folder.files.desired));
});

test("workers that take their time: the change is made, and the answer says so", async (t) => {
  const { system, clock, worker, driver } = await setUp(t);
  worker.hang();
  const changing = system.scale("users", 2);
  await eventually(() => worker.waiting > 0);
  clock.advance(10_000);
  const { warnings } = await changing;
  assert.match(warnings[0] ?? "", /have not acknowledged the plan yet/);
  assert.equal(driver.log.at(-1), "apply users=2 orders=1");
});

test("changes are made in turn, and one that fails stops no later one", async (t) => {
  const { system, worker, driver, kinds } = await setUp(t);
  worker.hang();
  const first = system.scale("users", 2);
  const wrong = system.scale("nobody", 2);
  const second = system.scale("orders", 3);
  await eventually(() => worker.waiting > 0);
  assert.equal(driver.plans.length, 1);
  worker.resume();
  await first;
  await assert.rejects(wrong, isCode("UNKNOWN_SERVICE"));
  await second;
  assert.deepEqual(driver.log, ["apply users=1 orders=1", "apply users=2 orders=1", "apply users=2 orders=3"]);
  assert.equal(kinds().length, 2);
});

test("a scale survives an edit of something else", async (t) => {
  const { system, driver } = await setUp(t);
  const { changes } = await system.scale("users", 4);
  assert.deepEqual(
    changes.map(({ text }) => text),
    ["services.users.replicas: 1 -> 4"],
  );
  await system.apply(request(shop([serviceSpec("users"), { ...orders, replicas: 2 }])));
  assert.equal(driver.log.at(-1), "apply users=4 orders=2");
});

test("a service outside the app gets a cluster", async (t) => {
  const { system, worker, externalNames } = await setUp(t);
  externalNames.push("ledger");
  await system.replan();
  assert.ok(worker.plan?.clusters.ledger);
  await system.scale("users", 2);
  assert.ok(worker.plan?.clusters.ledger, "a change keeps it");
});

test("restart asks for every service, or for one", async (t) => {
  const { system, driver } = await setUp(t);
  driver.log.length = 0;
  await system.restart();
  await system.restart("users", "users-2");
  assert.deepEqual(driver.log, ["restart users", "restart orders", "restart users-2"]);
  await assert.rejects(system.restart("nobody"), isCode("UNKNOWN_SERVICE"));
});

test("ready: every slot, of the wanted revision, and the workers send to it", async (t) => {
  const { system, driver, worker, clock } = await setUp(t);
  const ready = system.waitReady({ timeoutMs: 1_000 });
  driver.show(instanceView("users-1"), startingView("orders-1"));
  await settled();
  worker.hang();
  driver.show(instanceView("users-1"), instanceView("orders-1"));
  await settled();
  const state = await Promise.race([ready, settled().then(() => "waits for the workers")]);
  assert.equal(state, "waits for the workers");
  worker.resume();
  assert.equal(await ready, true);
  assert.equal(await system.waitReady({ timeoutMs: 1_000 }), true);
  assert.ok(clock.pendingTimers <= 1, "nothing but the runner's own timer is left");
});

test("not ready: an old revision, a missing slot, a time limit", async (t) => {
  const { system, driver, clock } = await setUp(t);
  const answers: boolean[] = [];
  for (const views of [
    [instanceView("users-1", { revision: 7 }), instanceView("orders-1")],
    [instanceView("orders-1")],
    [instanceView("users-1"), instanceView("users-2"), instanceView("orders-1")],
  ]) {
    driver.show(...views);
    await settled();
    const waiting = system.waitReady({ timeoutMs: 1_000 });
    await settled();
    clock.advance(1_000);
    answers.push(await waiting);
  }
  assert.deepEqual(answers, [false, false, false]);
  assert.equal(await system.waitReady({ services: ["orders"], timeoutMs: 1_000 }), true);
  await assert.rejects(system.waitReady({ services: ["nobody"], timeoutMs: 1 }), isCode("UNKNOWN_SERVICE"));
});

test("what is switched off is refused with its setting's name", async (t) => {
  const settings = { SERVICE_DISCOVERY_ENABLED: false, SERVICE_REGISTRY_ENABLED: false };
  const { system } = await setUp(t, { settings });
  const registration = { service: "ledger", address: "10.0.0.1", port: 1 };
  for (const refused of [
    () => system.lookup("users"),
    () => system.watchRegistry("users", () => {}),
    () => system.registryServices(),
    () => system.register(registration),
    () => system.deregister("x"),
    () => system.heartbeat("x"),
  ]) {
    assert.throws(refused, isCode("FEATURE_DISABLED"));
  }
  await system.apply(request(shop([serviceSpec("users")], { settings: { SERVICE_REGISTRY_ENABLED: true } })));
  assert.equal(system.register(registration).service, "ledger");
});

test("health is asked of one service or of all, and names each", async (t) => {
  const { system, driver } = await setUp(t);
  driver.show(instanceView("users-1"), startingView("orders-1"));
  const reports = await system.checkHealth();
  assert.deepEqual(
    reports.map(({ service, instance, ok }) => [service, instance, ok]),
    [
      ["users", "users-1", true],
      ["orders", "orders-1", false],
    ],
  );
  assert.equal((await system.checkHealth("users")).length, 1);
});

test("the processes of the whole app, also while the keeper is away", async (t) => {
  const { system, driver, keeper } = await setUp(t);
  driver.show(instanceView("users-1"), startingView("orders-1", { process: null }));
  const names = async (): Promise<string[]> => (await system.processes()).map(({ name }) => name);
  assert.deepEqual(await names(), ["controller", "keeper", "worker-1", "users-1"]);
  keeper.away = true;
  assert.deepEqual(await names(), ["controller", "users-1"]);
});

test("the end: instances, then workers and sockets, then the state; and nothing is changed after it", async (t) => {
  const { system, driver, keeper, ended, kinds, folder } = await setUp(t);
  const first = system.shutdown();
  const second = system.shutdown();
  await assert.rejects(system.scale("users", 2), isCode("NOT_RUNNING"));
  await Promise.all([first, second]);
  assert.deepEqual(driver.log, ["apply users=1 orders=1", "stopAll"]);
  assert.ok(keeper.ended);
  assert.deepEqual(ended, ["shutdown"]);
  assert.deepEqual(kinds(), ["system.stopping", "system.stopped"]);
  assert.match(readFileSync(join(folder.root, "events.jsonl"), "utf8"), /system\.stopped/);
});

test("a stop waits for the change that is under way", async (t) => {
  const { system, worker, driver } = await setUp(t);
  worker.hang();
  const change = system.scale("users", 2);
  await eventually(() => worker.waiting > 0);
  const stopped = system.shutdown();
  worker.resume();
  await Promise.all([change, stopped]);
  assert.deepEqual(driver.log, ["apply users=1 orders=1", "apply users=2 orders=1", "stopAll"]);
});
