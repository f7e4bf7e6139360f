// The difference that each setting makes in a running system, and that those whose part is not built yet are named at
// `up`. Few systems for many settings: the spec of one running app is edited, others get TUSK_ variables.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { test } from "node:test";
import { type AdminClient, createAdminClient } from "../../src/api/client.js";
import { TuskError } from "../../src/base/errors.js";
import type { ServiceExplanation } from "../../src/control/control-plane.js";
import { defaultSettings, type SettingName } from "../../src/model/settings.js";
import { appFolderAt, readController, readToken } from "../../src/system/app-folder.js";
import { createApp, type InstanceRow, type TestApp } from "../support/app.js";
import { eventually } from "../support/eventually.js";
import { type HttpAnswer, httpGet } from "../support/http-get.js";

type Changes = Partial<Record<SettingName, boolean | string>>;

/** Fails every request on its second instance, whose port is open all the same. */
const flaky = `
const { createServer } = require("node:http");
const broken = /flaky-2/.test(process.env.TUSK_INSTANCE ?? "");
const server = createServer((request, response) => {
  response.statusCode = broken ? 500 : 200;
  response.end(broken ? "broken" : "sound");
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

const services = `
  - { name: users, path: ./users, run: node server.js, replicas: 2, route: /users }
  - { name: orders, path: ./orders, run: [python3, server.py], route: /orders, calls: [users] }
  - { name: flaky, path: ./users, run: node flaky.js, replicas: 2, route: /flaky }`;

/** Listens on nothing. */
const silent = `
  - { name: silent, run: [sleep, "1000"], stopGrace: 100ms }`;

function spec(port: number, settings: Changes = {}, more = ""): string {
  const lines = Object.entries(settings).map(([name, value]) => `\n  ${name}: ${value}`);
  const block = lines.length > 0 ? `settings:${lines.join("")}\n` : "";
  return `name: shop\n${block}services:${services}${more}\ngateway: { port: ${port} }\n`;
}

function shop(t: Parameters<typeof createApp>[0], env: NodeJS.ProcessEnv = {}): Promise<TestApp> {
  return createApp(t, { spec, env, files: { "users/flaky.js": flaky } });
}

async function set(app: TestApp, settings: Changes): Promise<void> {
  app.write("tusk.yaml", spec(app.gatewayPort, settings));
  await app.run("up", "-d", "--wait");
}

function clientOf(app: TestApp): AdminClient {
  const folder = appFolderAt(app.folder);
  return createAdminClient({ url: readController(folder)?.url ?? "", token: readToken(folder) ?? "" });
}

async function explain(app: TestApp, service: string): Promise<ServiceExplanation> {
  return app.json<ServiceExplanation>("explain", service);
}

/** A call as `caller` makes it through its forward proxy. */
async function callAs(app: TestApp, caller: string, target: string): Promise<HttpAnswer> {
  const { egress } = (await explain(app, caller)).calls;
  assert.ok(egress, `${caller} has no egress`);
  const { hostname: host, port } = new URL(egress);
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, path: target, headers: { host: new URL(target).host }, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      response.setEncoding("utf8");
      let text = "";
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    outgoing.end();
  });
}

async function statuses(app: TestApp, path: string, count: number): Promise<number[]> {
  const seen: number[] = [];
  for (let n = 0; n < count; n++) seen.push((await app.get(path)).status);
  return seen;
}

async function pidsServing(app: TestApp, count: number): Promise<Set<number>> {
  const pids = new Set<number>();
  for (let n = 0; n < count; n++) pids.add((JSON.parse((await app.get("/users")).text) as { pid: number }).pid);
  return pids;
}

/** What users saw of the request that orders made to it. */
async function throughOrders(app: TestApp): Promise<{ readonly headers: Readonly<Record<string, string>> }> {
  const { status, text } = await app.get("/orders");
  assert.equal(status, 200, text);
  return (JSON.parse(text) as { users: { headers: Record<string, string> } }).users;
}

const codeOf = (answer: HttpAnswer): unknown => (JSON.parse(answer.text) as { code: unknown }).code;

const isDisabled = (error: unknown): boolean => error instanceof TuskError && error.code === "FEATURE_DISABLED";

const ledger = { id: "ledger-a", service: "ledger", address: "127.0.0.1", port: 9 } as const;

test("MICROSERVICES_ENGINE: an unknown name lists the known ones, and nothing starts", async (t) => {
  const inFile = await createApp(t, { spec: (port) => spec(port, { MICROSERVICES_ENGINE: "rocket" }) });
  const byVariable = await shop(t, { TUSK_MICROSERVICES_ENGINE: "rocket" });
  for (const app of [inFile, byVariable]) {
    const { code, stderr } = await app.tusk("up", "-d", "--wait");
    assert.equal(code, 2, stderr);
    assert.match(stderr, /no engine `rocket`/);
    assert.match(stderr, /tusk_microservices_engine/);
    assert.deepEqual(app.found(), []);
  }
  assert.ok(!existsSync(inFile.state));
});

test("settings edited in a running system", async (t) => {
  const app = await shop(t);
  const { stderr } = await app.run("up", "-d", "--wait");

  await t.test("those whose part is not built yet are named once at up, the others are not", async () => {
    const settings = await clientOf(app).settings();
    assert.equal(settings.length, Object.keys(defaultSettings).length);
    for (const { name, built } of settings) {
      const times = stderr.split(`(${name})`).length - 1;
      assert.equal(times, built ? 0 : 1, `${name} is named ${times} times in: ${stderr}`);
    }
  });

  await t.test("all on: balanced, ejected, discovered, callers known", async () => {
    assert.equal((await pidsServing(app, 20)).size, 2);
    await statuses(app, "/flaky", 20);
    assert.deepEqual(new Set(await statuses(app, "/flaky", 20)), new Set([200]), "the broken instance is ejected");
    const refused = await callAs(app, "orders", "http://orders/");
    assert.deepEqual([refused.status, codeOf(refused)], [403, "CALL_NOT_DECLARED"]);
    assert.equal((await callAs(app, "orders", "http://users/users")).status, 200);
    const client = clientOf(app);
    assert.equal((await client.register(ledger)).service, "ledger");
    assert.equal((await client.lookup("users")).length, 2);
    const memory = async () => (await app.instances("users")).every(({ memoryBytes }) => (memoryBytes ?? 0) > 1e6);
    await eventually(memory, { what: "memory is sampled", everyMs: 100 });
  });

  await t.test("LOAD_BALANCING, SERVICE_AUTH, SERVICE_REGISTRY, SERVICE_DISCOVERY, MONITORING off", async () => {
    const off = {
      LOAD_BALANCING_ENABLED: false,
      SERVICE_AUTH_ENABLED: false,
      SERVICE_REGISTRY_ENABLED: false,
      MONITORING_ENABLED: false,
    };
    await set(app, off);
    const [first] = await app.instances("users");
    assert.deepEqual(await pidsServing(app, 20), new Set([first?.pid]), "the first ready instance only");
    assert.notEqual((await callAs(app, "orders", "http://orders/")).status, 403, "no caller is refused");
    const analysis = await clientOf(app).data.analyze("24h");
    assert.deepEqual(
      [analysis.metricsAnalyzed, analysis.performanceScore],
      [0, null],
      "what was stored before is no news",
    );
    assert.match(analysis.noData ?? "", /MONITORING_ENABLED is off/);
    await set(app, { ...off, SERVICE_DISCOVERY_ENABLED: false });
    assert.equal(codeOf(await callAs(app, "orders", "http://users/users")), "DISCOVERY_DISABLED");
    const client = clientOf(app);
    await assert.rejects(client.register({ ...ledger, id: "ledger-b" }), isDisabled);
    await assert.rejects(client.heartbeat(ledger.id), isDisabled);
    await assert.rejects(client.deregister(ledger.id), isDisabled);
    await assert.rejects(client.lookup("users"), isDisabled);
    await assert.rejects(client.registryServices(), isDisabled);
    const watch = client.watchRegistry("users")[Symbol.asyncIterator]();
    await assert.rejects(watch.next(), isDisabled);
    const unsampled = ({ memoryBytes, cpuPercent }: InstanceRow): boolean =>
      memoryBytes === null && cpuPercent === null;
    const forgotten = async () => (await app.instances("users")).every(unsampled);
    await eventually(forgotten, { what: "nothing is sampled", everyMs: 100 });
  });

  await t.test("CIRCUIT_BREAKER off: a failing instance keeps its share", async () => {
    await set(app, { CIRCUIT_BREAKER_ENABLED: false });
    await statuses(app, "/flaky", 20);
    const failed = (await statuses(app, "/flaky", 40)).filter((status) => status === 500).length;
    assert.ok(failed >= 10, `${failed} of 40 failed`);
  });

  await t.test("REST_API off: HTTP is accepted on no listener", async () => {
    await set(app, { REST_API_ENABLED: false });
    const urls = (await explain(app, "orders")).calls.urls;
    for (const answer of [await app.get("/users"), await httpGet(`${urls.users}/users`)]) {
      assert.deepEqual([answer.status, codeOf(answer)], [503, "PROTOCOL_DISABLED"]);
    }
    assert.equal(codeOf(await callAs(app, "orders", "http://users/users")), "PROTOCOL_DISABLED");
  });

  await t.test("API_GATEWAY off: nothing listens for the outside, the mesh serves on", async () => {
    await set(app, { API_GATEWAY_ENABLED: false });
    await assert.rejects(app.get("/users"), { code: "ECONNREFUSED" });
    assert.deepEqual((await app.ps()).gateway, []);
    assert.equal((await httpGet(`${(await explain(app, "orders")).calls.urls.users}/users`)).status, 200);
  });

  await t.test("SERVICE_MESH off: no listeners between services, URLs point straight at an instance", async () => {
    const through = await explain(app, "orders");
    await set(app, { SERVICE_MESH_ENABLED: false });
    const { calls, notes } = await explain(app, "orders");
    assert.deepEqual([calls.urls, calls.egress], [{}, null]);
    assert.ok((await explain(app, "users")).notes.some((note) => /SERVICE_MESH_ENABLED is off/.test(note)));
    const asked = await app.tusk("explain", "http://users/", "--from", "orders");
    assert.match(asked.stdout + asked.stderr, /SERVICE_MESH_ENABLED is off/);
    assert.ok(notes.some((note) => /SERVICE_MESH_ENABLED is off.*no balancing, no retry, no ejection/.test(note)));
    await assert.rejects(httpGet(`${through.calls.urls.users}/users`), { code: "ECONNREFUSED" });
    const { routes } = await app.routes();
    assert.deepEqual(new Set(routes.map(({ kind }) => kind)), new Set(["gateway"]));
  });

  await t.test("back to the defaults: everything is as before", async () => {
    await set(app, {});
    assert.equal((await pidsServing(app, 20)).size, 2);
    const { headers } = await throughOrders(app);
    assert.match(headers.traceparent ?? "", /^00-/);
    assert.equal((await clientOf(app).lookup("ledger", { healthyOnly: false })).length, 1);
  });

  await t.test("HEALTH_CHECK on: silence is not readiness", async () => {
    app.write("tusk.yaml", spec(app.gatewayPort, {}, silent));
    await app.run("up", "-d");
    const [waiting] = await app.instances("silent");
    assert.deepEqual([waiting?.health, waiting?.ready], ["starting", false], waiting?.reason);
  });

  await app.down();
  await app.assertNothingLeft();
});

test("TUSK_ variables win over the file; health checks and mesh off from the start", async (t) => {
  const app = await shop(t, {
    TUSK_API_GATEWAY_ENABLED: "on",
    TUSK_SERVICE_MESH_ENABLED: "off",
    TUSK_HEALTH_CHECK_ENABLED: "0",
  });
  app.write("tusk.yaml", spec(app.gatewayPort, { API_GATEWAY_ENABLED: false, HEALTH_CHECK_ENABLED: true }, silent));
  await app.run("up", "-d", "--wait");
  const settings = await clientOf(app).settings();
  const gateway = settings.find(({ name }) => name === "API_GATEWAY_ENABLED");
  assert.deepEqual([gateway?.value, gateway?.source], [true, "environment"]);

  await t.test("HEALTH_CHECK off: running means ready", async () => {
    const [ready] = await app.instances("silent");
    assert.deepEqual([ready?.health, ready?.ready], ["passing", true], ready?.reason);
    assert.match(ready?.reason ?? "", /health checks are switched off/);
  });

  await t.test("SERVICE_MESH off: callers reach the instance that was chosen for them", async () => {
    const reached = async () => (await app.get("/orders")).status === 200;
    await eventually(reached, { what: "orders reaches users", everyMs: 50, retryErrors: true });
    assert.equal((await throughOrders(app)).headers.traceparent, undefined, "no proxy is between them");
  });

  await app.down();
  await app.assertNothingLeft();
});
