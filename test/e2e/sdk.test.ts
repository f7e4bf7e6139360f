// The SDK against real systems: everything true where all is well, and each measured field false where it has to be.
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { TuskDB, TuskLang, TuskMicroservices } from "../../src/index.js";
import * as parts from "../../src/microservices.js";
import type { Settings } from "../../src/model/settings.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";

const program = `import http from "node:http";
import { existsSync } from "node:fs";
if (process.env.FAILS_IN_SLOT === process.env.TUSK_INSTANCE?.split("/")[1].split("-").at(-1)) process.exit(1);
http.createServer((_, answer) => answer.writeHead(existsSync("sick") ? 503 : 200).end(process.env.TUSK_SERVICE)).listen(process.env.PORT, process.env.HOST);
`;
const run = ["node", "server.mjs"];

function appFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tusk-sdk-")));
  writeFileSync(join(folder, "server.mjs"), program);
  t.after(async () => {
    for (const platform of started.get(folder) ?? []) await platform.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const started = new Map<string, TuskMicroservices[]>();

type Environment = Readonly<Record<string, string | undefined>>;

async function startIn(
  folder: string,
  settings: Partial<Settings> = {},
  environment: Environment = {},
): Promise<TuskMicroservices> {
  const platform = await TuskMicroservices.start({ folder, settings, environment: { ...process.env, ...environment } });
  started.set(folder, [...(started.get(folder) ?? []), platform]);
  return platform;
}

function start(t: TestContext, settings: Partial<Settings> = {}): Promise<TuskMicroservices> {
  return startIn(appFolder(t), settings);
}

function classes(platform: TuskMicroservices) {
  return {
    manager: new parts.MicroservicesServiceManager({ platform }),
    mesh: new parts.MicroservicesServiceMesh({ platform }),
    gateway: new parts.MicroservicesAPIGateway({ platform }),
    discovery: new parts.MicroservicesServiceDiscovery({ platform }),
    data: new parts.MicroservicesTuskDBIntegration({ platform }),
  };
}

type Classes = ReturnType<typeof classes>;

test("an empty system: discovery, mesh and gateway are set up and tried", async (t) => {
  const { discovery, mesh, gateway } = classes(await start(t));
  assert.deepEqual(await discovery.setupServiceDiscovery({}), {
    success: true,
    registryInitialized: true,
    discoveryActive: true,
    healthChecksConfigured: true,
    loadBalancingReady: true,
  });
  assert.deepEqual(await mesh.setupServiceMesh({}), {
    success: true,
    meshInitialized: true,
    trafficManagementReady: true,
    securityPoliciesConfigured: true,
    observabilityActive: true,
  });
  const setup = await gateway.setupApiGateway({ port: 0 });
  assert.ok(setup.success);
  const { gatewayInitialized, routingConfigured, monitoringActive, authenticationReady, rateLimitingActive } = setup;
  assert.deepEqual([gatewayInitialized, routingConfigured, monitoringActive], [true, true, true]);
  assert.deepEqual([authenticationReady, rateLimitingActive], [false, false]);
  assert.deepEqual(setup.pending, ["setupAuthentication", "setupRateLimiting"]);
});

test("services created at once run, call, are exposed, scaled, checked and measured", async (t) => {
  const platform = await start(t, new parts.MicroservicesConfig().toSettings());
  const { manager, mesh, gateway, discovery, data } = classes(platform);
  assert.ok((await gateway.setupApiGateway({ port: 0 })).success);
  const configs = [
    { name: "front", run, calls: ["back"] },
    { name: "back", run },
  ];
  for (const [index, result] of (await Promise.all(configs.map((one) => manager.createMicroservice(one)))).entries()) {
    const serviceId = configs[index]?.name;
    const all = { serviceCreated: true, deploymentSuccessful: true, monitoringActive: true };
    assert.deepEqual(result, { success: true, serviceId, ...all });
  }
  const communication = await mesh.manageServiceCommunication({ services: ["front", "back"] });
  assert.ok(communication.success);
  assert.deepEqual(communication.protocols, { rest: true, grpc: false, messageQueue: false });
  assert.deepEqual(
    [communication.protocolsReady, communication.loadBalancingActive, communication.circuitBreakersConfigured],
    [true, true, true],
  );
  assert.equal(communication.retryPoliciesSetup, true);
  const routes = await gateway.manageApiRoutes({ services: ["front", "back"] });
  assert.ok(routes.success);
  assert.deepEqual([routes.routesAnalyzed, routes.routesConfigured, routes.cachingActive], [2, true, false]);
  const [url] = (await platform.control.status()).gateway;
  assert.equal(await (await fetch(`${url?.url}/back`)).text(), "back");

  const scaled = await manager.manageServiceLifecycle("back", "scale", { replicas: 2 });
  assert.deepEqual(scaled, { success: true, serviceScaled: true });
  const checked = await manager.manageServiceLifecycle("back", "health_check");
  assert.deepEqual(checked, { success: true, healthStatus: "passing" });
  for (const [action, field] of [["update", "serviceUpdated"] as const, ["rollback", "serviceRolledBack"] as const]) {
    const result = await manager.manageServiceLifecycle("back", action);
    assert.ok(result.success && result[field] === false && result.pending?.length === 1);
  }
  const registered = await discovery.registerService({ serviceId: "back" });
  assert.ok(registered.success && registered.serviceRegistered && registered.monitoringActive);
  const measured = { timestamp: new Date().toISOString(), service_id: "elsewhere", response_time: 12, throughput: 3 };
  const stored = await data.storeMicroservicesMetrics(measured);
  assert.ok(stored.success && stored.metricsStored && stored.storageId !== "");
  const analysis = await data.analyzeMicroservicesPerformance("24h");
  assert.ok(analysis.success && analysis.metricsAnalyzed > 0);
  const rows = await new TuskDB({ platform }).query("SELECT * FROM microservices_metrics WHERE service_id = $1", [
    "elsewhere",
  ]);
  assert.equal(rows.length, 1);
  assert.match((await new TuskLang({ platform }).explain("back")).summary, /ready/);
  const decisions = await platform.control.data.decisions();
  assert.ok(decisions.some((decision) => decision.function === "generateOptimalRouting"));
  const single = new parts.ServiceManager({ platform });
  const own = await single.getServiceMetrics("back", "15m");
  assert.ok(own.length > 0 && own.every((row) => row.service_id === "back"));
  assert.deepEqual(
    own.map((row) => row.timestamp),
    own.map((row) => row.timestamp).sort(),
  );
  await assert.rejects(single.getServiceMetrics("back", "a while"), { code: "REQUEST_INVALID" });
  const past = new parts.MicroservicesDataManager({ platform });
  const range = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 1_000) };
  const series = await past.series("back", "ready", range.from, range.to.toISOString(), 61);
  assert.ok(series.length === 1 && (series[0]?.value ?? 0) > 0, JSON.stringify(series));
  const isStored = async () =>
    (await past.edges(range)).some(({ caller, callee }) => caller === "gateway" && callee === "back");
  await eventually(isStored, { what: "the call through the gateway is an edge", timeoutMs: 10_000, everyMs: 100 });
  assert.ok((await past.events({ service: "back" })).length > 0);
  assert.ok((await past.decisions({ function: "generateOptimalRouting" })).length > 0);
  const path = join(platform.folder.root, "metrics.parquet");
  assert.ok((await past.export({ table: "microservices_metrics", path, format: "parquet" })).rows > 0);
  const other = await TuskMicroservices.connect(undefined, { folder: platform.folder.root });
  assert.deepEqual((await other.control.status()).services.map(({ name }) => name).sort(), ["back", "front"]);
  await other.close();
});

type Answer = { readonly success: boolean; readonly reasons?: Readonly<Record<string, string>> };

interface FalseField {
  readonly field: string;
  readonly off: keyof Settings;
  readonly call: (on: Classes) => Promise<Answer>;
}

const communicate = ({ mesh }: Classes): Promise<Answer> => mesh.manageServiceCommunication({ services: ["one"] });
const setupMesh = ({ mesh }: Classes): Promise<Answer> => mesh.setupServiceMesh({});
const setupGateway = ({ gateway }: Classes): Promise<Answer> => gateway.setupApiGateway({ port: 0 });
const discover = ({ discovery }: Classes): Promise<Answer> => discovery.setupServiceDiscovery({});
const route = ({ gateway }: Classes): Promise<Answer> => gateway.manageApiRoutes({ services: ["one"] });
const create = ({ manager }: Classes): Promise<Answer> => manager.createMicroservice({ name: "two", run });

const falseFields: readonly FalseField[] = [
  { field: "registryInitialized", off: "SERVICE_REGISTRY_ENABLED", call: discover },
  { field: "discoveryActive", off: "SERVICE_DISCOVERY_ENABLED", call: discover },
  { field: "healthChecksConfigured", off: "HEALTH_CHECK_ENABLED", call: discover },
  { field: "loadBalancingReady", off: "LOAD_BALANCING_ENABLED", call: discover },
  { field: "meshInitialized", off: "SERVICE_MESH_ENABLED", call: setupMesh },
  { field: "trafficManagementReady", off: "SERVICE_MESH_ENABLED", call: setupMesh },
  { field: "securityPoliciesConfigured", off: "SERVICE_AUTH_ENABLED", call: setupMesh },
  { field: "observabilityActive", off: "MONITORING_ENABLED", call: setupMesh },
  { field: "gatewayInitialized", off: "API_GATEWAY_ENABLED", call: setupGateway },
  { field: "routingConfigured", off: "API_GATEWAY_ENABLED", call: setupGateway },
  { field: "monitoringActive", off: "MONITORING_ENABLED", call: setupGateway },
  { field: "routesConfigured", off: "API_GATEWAY_ENABLED", call: route },
  { field: "protocolsReady", off: "REST_API_ENABLED", call: communicate },
  { field: "loadBalancingActive", off: "LOAD_BALANCING_ENABLED", call: communicate },
  { field: "circuitBreakersConfigured", off: "CIRCUIT_BREAKER_ENABLED", call: communicate },
  { field: "retryPoliciesSetup", off: "SERVICE_MESH_ENABLED", call: communicate },
  { field: "monitoringActive", off: "MONITORING_ENABLED", call: create },
];

for (const off of new Set(falseFields.map((one) => one.off))) {
  test(`${off} off: the fields that need it are false, with the reason`, async (t) => {
    const platform = await start(t, { [off]: false });
    const on = classes(platform);
    await new parts.ServiceDeployer({ platform }).deployService({ name: "one", run });
    await on.gateway.setupApiGateway({ port: 0 });
    for (const { field, call } of falseFields.filter((one) => one.off === off)) {
      const result = await call(on);
      assert.equal(result.success, true, field);
      assert.equal((result as unknown as Record<string, unknown>)[field], false, field);
      assert.notEqual(result.reasons?.[field] ?? "", "", `no reason for ${field}`);
    }
  });
}

test("what fails says where, is undone, and is a value", async (t) => {
  const platform = await start(t);
  const { manager, mesh, gateway, discovery, data } = classes(platform);
  await gateway.setupApiGateway({ port: 0 });
  const broken = { name: "broken", run: "exit 1", health: { startupLimit: "1s" }, route: "/broken" };
  const created = await manager.createMicroservice(broken);
  assert.ok(!created.success);
  assert.deepEqual([created.code, created.stoppedAt], ["NOT_READY", "deployService"]);
  assert.deepEqual(
    [created.serviceCreated, created.deploymentSuccessful, created.monitoringActive],
    [false, false, false],
  );
  const { spec } = await platform.control.spec();
  assert.deepEqual([spec.services, spec.gateway.routes], [[], []]);

  const fails = { FAILS_IN_SLOT: "2" };
  const half = await manager.createMicroservice({ name: "half", run, env: fails, health: { startupLimit: "1s" } });
  assert.ok(half.success, JSON.stringify(half));
  const scaled = await manager.manageServiceLifecycle("half", "scale", { replicas: 2 });
  assert.ok(scaled.success && scaled.serviceScaled === false, JSON.stringify(scaled));
  await manager.manageServiceLifecycle("half", "scale", { replicas: 0 });
  const empty = await discovery.registerService({ serviceId: "half" });
  assert.ok(empty.success && empty.serviceRegistered === false);
  const external = await discovery.registerService({ name: "elsewhere", address: "127.0.0.1", port: 9, ttlMs: 5_000 });
  assert.ok(external.success && external.serviceRegistered && external.monitoringActive === false);
  const noRetries = await mesh.manageServiceCommunication({ services: ["half"], traffic: { retry: false } });
  assert.ok(noRetries.success && noRetries.retryPoliciesSetup === false);

  const codes: readonly (readonly [Promise<Answer & { readonly code?: string }>, string])[] = [
    [manager.manageServiceLifecycle("half", "scale"), "REPLICAS_REQUIRED"],
    [manager.manageServiceLifecycle("half", "explode" as "scale"), "UNKNOWN_LIFECYCLE_ACTION"],
    [manager.manageServiceLifecycle("nobody", "health_check"), "UNKNOWN_SERVICE"],
    [manager.createMicroservice({ name: "No Label", run }), "SPEC_INVALID"],
    [manager.createMicroservice({ name: "codeless" }), "SPEC_INVALID"],
    [manager.createMicroservice({ name: "cobol", language: "cobol", framework: "cics" }), "SPEC_INVALID"],
    [manager.createMicroservice(null as unknown as { name: string }), "REQUEST_INVALID"],
    [mesh.manageServiceCommunication({ services: ["nobody"] }), "UNKNOWN_SERVICE"],
    [mesh.manageServiceCommunication({} as { services: string[] }), "REQUEST_INVALID"],
    [mesh.setupServiceMesh({ traffic: { nobody: {} } }), "UNKNOWN_SERVICE"],
    [gateway.setupApiGateway({ port: 99_999 }), "SPEC_INVALID"],
    [gateway.manageApiRoutes({ routes: [{ path: "/x", backendRefs: ["nobody"] }] }), "SPEC_INVALID"],
    [gateway.manageApiRoutes(null as unknown as { services: string[] }), "REQUEST_INVALID"],
    [discovery.registerService({ serviceId: "nobody" }), "UNKNOWN_SERVICE"],
    [discovery.registerService({ name: "x", address: "0.0.0.0", port: 0 }), "REQUEST_INVALID"],
    [data.storeMicroservicesMetrics({ timestamp: "never", service_id: "" }), "REQUEST_INVALID"],
    [data.analyzeMicroservicesPerformance("a while"), "REQUEST_INVALID"],
  ];
  for (const [answer, code] of codes) {
    const result = await answer;
    assert.deepEqual([result.success, result.code], [false, code]);
  }
});

test("a deployment that does not become ready says which instance, and why", async (t) => {
  const platform = await start(t);
  const entry = { name: "broken", run: "exit 1", health: { startupLimit: "1s" } };
  const deployed = await new parts.ServiceDeployer({ platform }).deployService(entry);
  assert.equal(deployed.success, false);
  assert.match(deployed.reasons.join(), /broken-1: ./);
});

test("a service whose probe fails is critical, and unknown without an instance", async (t) => {
  const folder = appFolder(t);
  const { manager } = classes(await startIn(folder));
  const health = { readiness: { http: "/" } };
  assert.ok((await manager.createMicroservice({ name: "ill", run, health })).success);
  const check = () => manager.manageServiceLifecycle("ill", "health_check");
  assert.deepEqual(await check(), { success: true, healthStatus: "passing" });
  writeFileSync(join(folder, "sick"), "");
  assert.deepEqual(await check(), { success: true, healthStatus: "critical" });
  await manager.manageServiceLifecycle("ill", "scale", { replicas: 0 });
  assert.deepEqual(await check(), { success: true, healthStatus: "unknown" });
});

test("metrics are not stored when there are none, when they are refused, and while TuskDB is away", async (t) => {
  const { data } = classes(await start(t));
  const nothing = await data.storeMicroservicesMetrics([]);
  assert.deepEqual([nothing.success, nothing.metricsStored], [true, false]);
  const metric = { timestamp: new Date().toISOString(), service_id: "elsewhere", response_time: 12 };
  const refused = await data.storeMicroservicesMetrics([metric, { ...metric, response_time: -1 }]);
  assert.deepEqual([refused.success, refused.metricsStored], [false, false]);
  const analysis = await data.analyzeMicroservicesPerformance("1h");
  assert.deepEqual([analysis.performanceScore, analysis.metricsAnalyzed], [null, 0]);

  const port = await freePort();
  const url = `postgres://nobody@127.0.0.1:${port}/tusk`;
  const away = classes(await startIn(appFolder(t), {}, { TUSK_DB_URL: url })).data;
  const lost = await away.storeMicroservicesMetrics(metric);
  assert.ok(!lost.success);
  assert.deepEqual([lost.code, lost.stoppedAt, lost.metricsStored], ["DB_UNAVAILABLE", "storeMetrics", false]);
  const unread = await away.analyzeMicroservicesPerformance("1h");
  assert.ok(!unread.success && unread.code === "DB_UNAVAILABLE");
});

test("what a failure did not reach is false", async (t) => {
  const { manager, mesh, gateway, discovery, data } = classes(await start(t));
  const none = null as never;
  const failures: readonly (readonly [Promise<object>, readonly string[]])[] = [
    [manager.createMicroservice(none), ["serviceCreated", "deploymentSuccessful", "monitoringActive"]],
    [manager.manageServiceLifecycle("nobody", "scale", { replicas: 1 }), ["serviceScaled"]],
    [
      mesh.setupServiceMesh({ traffic: { nobody: {} } }),
      ["meshInitialized", "trafficManagementReady", "securityPoliciesConfigured", "observabilityActive"],
    ],
    [
      mesh.manageServiceCommunication({ services: ["nobody"] }),
      ["protocolsReady", "loadBalancingActive", "circuitBreakersConfigured", "retryPoliciesSetup"],
    ],
    [
      gateway.setupApiGateway({ port: 99_999 }),
      [
        ...["gatewayInitialized", "routingConfigured", "monitoringActive"],
        ...["authenticationReady", "rateLimitingActive"],
      ],
    ],
    [gateway.manageApiRoutes({ services: ["nobody"] }), ["routesConfigured", "cachingActive"]],
    [discovery.registerService({ serviceId: "nobody" }), ["serviceRegistered", "monitoringActive"]],
    [data.storeMicroservicesMetrics(none), ["metricsStored"]],
  ];
  for (const [answer, fields] of failures) {
    const result = (await answer) as Readonly<Record<string, unknown>>;
    assert.equal(result.success, false, fields[0]);
    for (const field of fields) assert.equal(result[field], false, field);
  }
});

test("a registration with a TTL is kept alive, watched and taken back through the classes", async (t) => {
  const platform = await start(t);
  const registry = new parts.ServiceRegistry({ platform });
  const discovery = new parts.ServiceDiscovery({ platform });
  const abort = new AbortController();
  t.after(() => abort.abort());
  const changes = discovery.watch("printer", abort.signal);
  const next = async () => {
    const { value } = await changes.next();
    assert.ok(value, "the watch ended");
    return value.type === "snapshot" ? value.type : `${value.type} ${value.instance.state}`;
  };
  assert.equal(await next(), "snapshot");
  const { id } = await registry.registerService({ service: "printer", address: "127.0.0.1", port: 9, ttlMs: 60_000 });
  assert.match(await next(), /^added /);
  const warned = await registry.heartbeat(id, { state: "warning", reason: "paper is low" });
  assert.deepEqual([warned.state, warned.reason], ["warning", "paper is low"]);
  assert.equal(await next(), "changed warning");
  assert.equal((await registry.heartbeat(id)).state, "passing");
  assert.equal(await next(), "changed passing");
  assert.deepEqual(
    (await discovery.lookup("printer")).map((instance) => instance.id),
    [id],
  );
  assert.equal(await registry.deregister(id), true);
  assert.match(await next(), /^removed /);
  assert.equal(await registry.deregister(id), false);
  await assert.rejects(registry.heartbeat(id), { code: "NOT_FOUND" });
  await assert.rejects(registry.heartbeat(".."), { code: "REQUEST_INVALID" });
  abort.abort();
  assert.equal((await changes.next()).done, true);

  await registry.registerService({ service: "brief", address: "127.0.0.1", port: 9, ttlMs: 1_000 });
  const until = new AbortController();
  t.after(() => until.abort());
  let last = "";
  for await (const line of discovery.watch("brief", until.signal)) {
    if (line.type === "changed") last = line.instance.state;
    if (last === "critical") break;
  }
  assert.equal(last, "critical");
});

test("performance is not analysed without data, then is, and what is wrong is named", async (t) => {
  const platform = await startIn(appFolder(t));
  const manager = new parts.MicroservicesServiceManager({ platform });
  const practices = new parts.MicroservicesPerformanceOptimizationBestPractices({ platform });
  const lost = await manager.optimizeServicePerformance("nobody");
  assert.ok(!lost.success);
  assert.deepEqual([lost.code, lost.performanceAnalyzed, lost.optimizationsIdentified], ["UNKNOWN_SERVICE", false, 0]);
  const none = await practices.optimizeMicroservicesPerformance({});
  assert.deepEqual(
    [none.success, none.performanceAnalyzed, none.bottlenecksIdentified, none.optimizationsApplied],
    [true, 0, 0, 0],
  );
  assert.ok(none.success && none.pending?.includes("applyOptimizations"));

  await new parts.ServiceDeployer({ platform }).deployService({ name: "one", run, replicas: 0 });
  const quiet = await manager.optimizeServicePerformance("one");
  assert.deepEqual([quiet.success, quiet.performanceAnalyzed, quiet.optimizationsIdentified], [true, false, 0]);
  const rows = Array.from({ length: 30 }, (_, second) => ({
    timestamp: new Date(Date.now() - 1000 * second),
    service_id: "one",
    requests: 100,
    errors: 5,
    p50: 10,
  }));
  const stored = await classes(platform).data.storeMicroservicesMetrics(rows);
  assert.equal(stored.metricsStored, true);
  const found = await manager.optimizeServicePerformance("one");
  assert.deepEqual([found.performanceAnalyzed, found.optimizationsApplied], [true, 0]);
  assert.deepEqual(
    found.optimizations?.map(({ kind }) => kind),
    ["retry-budget"],
  );
  assert.ok(found.success && found.pending?.includes("applyServiceOptimizations"));
  const all = await practices.optimizeMicroservicesPerformance({ period: "15m", services: ["one"] });
  assert.deepEqual([all.performanceAnalyzed, all.bottlenecksIdentified], [1, 1]);
  assert.equal((await practices.optimizeMicroservicesPerformance({ period: "soon" })).success, false);
});

test("calls that are not built at all are absent", () => {
  const absent: readonly (readonly [object, readonly string[]])[] = [
    [parts.ServiceManager.prototype, ["updateService", "rollbackService", "applyServiceOptimizations"]],
    [parts.MicroservicesServiceMesh.prototype, ["handleServiceFailures"]],
    [parts.ServiceMesh.prototype, ["executeRecoveryStrategy", "updateConfiguration"]],
    [parts.APIGateway.prototype, ["setupAuthentication", "setupRateLimiting"]],
    [parts.RouteManager.prototype, ["setupCaching"]],
  ];
  for (const [prototype, names] of absent) for (const name of names) assert.equal(name in prototype, false, name);
  assert.equal("MicroservicesSecurityBestPractices" in parts, false);
});

test("detached and started again, the platform adopts what runs; a second start connects", async (t) => {
  const folder = appFolder(t);
  const first = await startIn(folder);
  await new parts.ServiceDeployer({ platform: first }).deployService({ name: "one", run });
  const pidOf = async (platform: TuskMicroservices): Promise<number | null | undefined> =>
    (await platform.control.status()).services[0]?.instances[0]?.pid;
  const pid = await pidOf(first);
  await first.close({ detach: true });
  const second = await startIn(folder);
  assert.equal(await pidOf(second), pid);
  const third = await startIn(folder);
  assert.deepEqual([second.isEmbedded, third.isEmbedded], [true, false]);
  await third.close();
  assert.equal(await pidOf(second), pid);
});
