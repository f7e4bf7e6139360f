// Facades never throw, whatever they are handed: what is wrong is told as a value with a code of ours, never as what the
// engine said of it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type PlatformOptions, TuskMicroservices } from "../../src/index.js";
import * as parts from "../../src/microservices.js";

const evil = (): never => {
  throw new Error("evil");
};
/** Throws, and what it throws cannot be shown. */
const worse = (): never => {
  throw { toString: evil, [Symbol.toPrimitive]: evil };
};

function cyclic(): object {
  const self: Record<string, unknown> = { name: "x" };
  self.self = self;
  return self;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function nested(): object {
  let value: object = {};
  for (let depth = 0; depth < 10_000; depth++) value = { value };
  return value;
}

/** No call takes any of them; each by what it is. */
const never: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  "a number": () => -1,
  "no number": () => Number.NaN,
  "a bigint": () => 1n,
  "a symbol": () => Symbol("x"),
  "a function": () => evil,
  "two dots": () => "..",
  "half a pair": () => "\ud800",
  "a long text": () => "x".repeat(1_000_000),
  "a map": () => new Map([["name", "x"]]),
  "a getter that throws": () => ({
    get name() {
      return evil();
    },
  }),
  "a getter that throws what cannot be shown": () => ({
    get services() {
      return worse();
    },
  }),
  "a proxy that throws": () => new Proxy({}, { ownKeys: worse, get: worse, has: worse, getPrototypeOf: worse }),
  "a revoked proxy": revoked,
  "a cycle": cyclic,
  "a bigint inside": () => ({ name: "x", serviceId: 1n, services: [1n], response_time: 1n, replicas: 1n }),
  "deep nesting": nested,
  "a text that throws": () => ({ toString: evil }),
  "a list of nothing": () => [null],
};

type Answer = Readonly<Record<string, unknown>>;
type Call = (on: ReturnType<typeof classes>, value: never) => Promise<object>;

const calls: Readonly<Record<string, { readonly call: Call; readonly unmet: Readonly<Record<string, unknown>> }>> = {
  createMicroservice: {
    call: ({ manager }, value) => manager.createMicroservice(value),
    unmet: { serviceCreated: false, serviceId: "", deploymentSuccessful: false, monitoringActive: false },
  },
  "manageServiceLifecycle: serviceId": {
    call: ({ manager }, value) => manager.manageServiceLifecycle(value, "health_check"),
    unmet: { healthStatus: "unknown" },
  },
  "manageServiceLifecycle: action": {
    call: ({ manager }, value) => manager.manageServiceLifecycle("x", value),
    unmet: {},
  },
  "manageServiceLifecycle: options": {
    call: ({ manager }, value) => manager.manageServiceLifecycle("x", "scale", value),
    unmet: { serviceScaled: false },
  },
  "manageServiceLifecycle: replicas": {
    call: ({ manager }, value) => manager.manageServiceLifecycle("x", "scale", { replicas: value }),
    unmet: { serviceScaled: false },
  },
  setupServiceMesh: {
    call: ({ mesh }, value) => mesh.setupServiceMesh(value),
    unmet: {
      ...{ meshInitialized: false, trafficManagementReady: false },
      ...{ securityPoliciesConfigured: false, observabilityActive: false },
    },
  },
  "setupServiceMesh: traffic": {
    call: ({ mesh }, value) => mesh.setupServiceMesh({ traffic: value }),
    unmet: { meshInitialized: false },
  },
  "setupServiceMesh: calls": {
    call: ({ mesh }, value) => mesh.setupServiceMesh({ calls: { x: value } }),
    unmet: { meshInitialized: false },
  },
  manageServiceCommunication: {
    call: ({ mesh }, value) => mesh.manageServiceCommunication(value),
    unmet: {
      ...{ protocolsReady: false, loadBalancingActive: false, circuitBreakersConfigured: false },
      ...{ retryPoliciesSetup: false, protocols: { rest: false, grpc: false, messageQueue: false } },
    },
  },
  "manageServiceCommunication: services": {
    call: ({ mesh }, value) => mesh.manageServiceCommunication({ services: value }),
    unmet: { protocolsReady: false },
  },
  setupApiGateway: {
    call: ({ gateway }, value) => gateway.setupApiGateway(value),
    unmet: {
      ...{ gatewayInitialized: false, routingConfigured: false, authenticationReady: false },
      ...{ rateLimitingActive: false, monitoringActive: false, urls: [] },
    },
  },
  "setupApiGateway: port": {
    call: ({ gateway }, value) => gateway.setupApiGateway({ port: value }),
    unmet: { gatewayInitialized: false },
  },
  manageApiRoutes: {
    call: ({ gateway }, value) => gateway.manageApiRoutes(value),
    unmet: { routesAnalyzed: 0, routesConfigured: false, cachingActive: false, routes: [] },
  },
  "manageApiRoutes: services": {
    call: ({ gateway }, value) => gateway.manageApiRoutes({ services: value }),
    unmet: { routesAnalyzed: 0 },
  },
  "manageApiRoutes: routes": {
    call: ({ gateway }, value) => gateway.manageApiRoutes({ routes: value }),
    unmet: { routesAnalyzed: 0 },
  },
  setupServiceDiscovery: {
    call: ({ discovery }, value) => discovery.setupServiceDiscovery(value),
    unmet: {
      ...{ registryInitialized: false, discoveryActive: false },
      ...{ healthChecksConfigured: false, loadBalancingReady: false },
    },
  },
  registerService: {
    call: ({ discovery }, value) => discovery.registerService(value),
    unmet: { serviceRegistered: false, serviceId: "", monitoringActive: false },
  },
  "registerService: serviceId": {
    call: ({ discovery }, value) => discovery.registerService({ serviceId: value }),
    unmet: { serviceRegistered: false },
  },
  "registerService: name": {
    call: ({ discovery }, value) => discovery.registerService({ name: value, address: "127.0.0.1", port: 9 }),
    unmet: { serviceRegistered: false },
  },
  "registerService: tags": {
    call: ({ discovery }, value) =>
      discovery.registerService({ name: "x", address: "127.0.0.1", port: 9, tags: value }),
    unmet: { serviceRegistered: false },
  },
  storeMicroservicesMetrics: {
    call: ({ data }, value) => data.storeMicroservicesMetrics(value),
    unmet: { metricsStored: false, storageId: "", notes: [] },
  },
  analyzeMicroservicesPerformance: {
    call: ({ data }, value) => data.analyzeMicroservicesPerformance(value),
    unmet: { metricsAnalyzed: 0, performanceScore: null, services: [], optimizationRecommendations: [] },
  },
};

/** The engine's own words. */
const raw = /evil|Cannot |is not a function|is not iterable|circular|undefined|a BigInt|URI malformed|stack/;

function classes(options: PlatformOptions) {
  return {
    manager: new parts.MicroservicesServiceManager(options),
    mesh: new parts.MicroservicesServiceMesh(options),
    gateway: new parts.MicroservicesAPIGateway(options),
    discovery: new parts.MicroservicesServiceDiscovery(options),
    data: new parts.MicroservicesTuskDBIntegration(options),
  };
}

async function startPlatform(t: TestContext): Promise<TuskMicroservices> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tusk-hostile-")));
  const platform = await TuskMicroservices.start({ folder });
  t.after(async () => {
    await platform.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return platform;
}

function mistakesOf(answer: Answer, unmet: Answer, kind: string): string[] {
  const { success, code } = answer;
  const error = String(answer.error);
  if (success !== false) return [`success is ${success}`];
  const missing = Object.entries(unmet).filter(([field, value]) => !isDeepStrictEqual(answer[field], value));
  const wrong = missing.map(([field]) => `${field} is ${JSON.stringify(answer[field])}`);
  // The message of a getter, or of a proxy, is the caller's own and may be told.
  const isRaw = !/throws|proxy/.test(kind) && raw.test(error);
  if (code === "INTERNAL" || isRaw || error.length === 0 || error.length > 2_000) wrong.push(`${code} ${error}`);
  return wrong;
}

test("every argument of every facade, with what no call takes", async (t) => {
  const platform = await startPlatform(t);
  const on = classes({ platform });
  assert.ok((await on.gateway.setupApiGateway({ port: 0 })).success);
  const wrong: string[] = [];
  for (const [name, { call, unmet }] of Object.entries(calls)) {
    for (const [kind, make] of Object.entries(never)) {
      const what = `${name} with ${kind}`;
      const answer = (await call(on, make() as never)) as Answer;
      wrong.push(...mistakesOf(answer, unmet, kind).map((mistake) => `${what}: ${mistake}`));
    }
  }
  assert.deepEqual(wrong, []);
  const { spec } = await platform.control.spec();
  assert.deepEqual([spec.services, spec.gateway.routes], [[], []]);
});

test("what is given inside is named", async (t) => {
  const { manager, data } = classes({ platform: await startPlatform(t) });
  const inside = {
    name: "x",
    get run() {
      return evil();
    },
  };
  const created = await manager.createMicroservice(inside);
  assert.ok(!created.success);
  assert.deepEqual([created.code, created.error], ["REQUEST_INVALID", "the service cannot be read: evil"]);
  const metrics: Record<string, unknown> = { timestamp: new Date(), serviceId: "x" };
  const row = { ...metrics, throughput: 1n } as unknown as parts.MicroservicesMetrics;
  const stored = await data.storeMicroservicesMetrics(row);
  assert.ok(!stored.success);
  assert.equal(stored.error, "`throughput` of the metrics is a bigint, which is no plain data");
  const dated = await data.storeMicroservicesMetrics({ timestamp: new Date(), serviceId: "x", responseTime: 1 });
  assert.deepEqual(dated.notes, []);
  assert.ok(dated.success && dated.metricsStored);
});

test("a class that was made without a platform that works says so at its calls", async () => {
  const folder = process.cwd();
  for (const options of [null, { platform: {} }, { platform: null }, { platform: 7 }, "platform", revoked()]) {
    const on = classes(options as PlatformOptions);
    for (const answer of [
      await on.manager.createMicroservice({ name: "x", run: "true" }),
      await on.mesh.setupServiceMesh({}),
      await on.gateway.setupApiGateway({ port: 0 }),
      await on.discovery.registerService({ serviceId: "x" }),
      await on.data.analyzeMicroservicesPerformance("1h"),
    ]) {
      assert.deepEqual([answer.success, "code" in answer && answer.code], [false, "REQUEST_INVALID"]);
    }
  }
  assert.equal(existsSync(join(folder, ".tusk", "controller.json")), false);
});
