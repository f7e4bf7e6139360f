// Which instances take requests, in a running system: one that was ejected comes back by its HTTP readiness probe and
// not by a TCP one, and a subset is of the instances that are registered with its tags.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TuskEvent } from "../../src/base/event.js";
import { connectTo } from "../../src/cli/connect.js";
import type { RequestExplanation } from "../../src/keeper/protocol.js";
import { appFolderAt, readController } from "../../src/system/app-folder.js";
import { createApp, type TestApp } from "../support/app.js";
import { eventually } from "../support/eventually.js";

/** Answers 500 as long as there is a file of its instance's name; its readiness says the same. */
const program = `
const { createServer } = require("node:http");
const { existsSync } = require("node:fs");
const [, instance] = process.env.TUSK_INSTANCE.split("/");
createServer((request, response) => {
  response.statusCode = existsSync("fail-" + instance) ? 500 : 200;
  response.end(instance);
}).listen(Number(process.env.PORT), process.env.HOST);
`;

const outlier = "{ consecutiveFailures: 3, baseEjection: 5m }";
const spec = (port: number): string => `name: choice
services:
  - name: seen
    run: node server.js
    replicas: 2
    route: /seen
    health: { readiness: { http: /ready, period: 500ms, failureThreshold: 1000 } }
    traffic: { outlier: ${outlier}, loadBalancer: round-robin }
  - name: blind
    run: node server.js
    replicas: 2
    route: /blind
    traffic: { outlier: ${outlier}, loadBalancer: round-robin }
  - name: tagged
    run: node server.js
    route: /tagged
    traffic: { subset: { tags: [v2] } }
gateway: { port: ${port} }
`;

async function eventOf(app: TestApp, kind: string, instance: string): Promise<TuskEvent> {
  const look = async (): Promise<TuskEvent | null> => {
    const events = await app.json<TuskEvent[]>("events", "-n", "200");
    return events.find((event) => event.kind === kind && event.instance === instance) ?? null;
  };
  return eventually(look, { what: `${kind} of ${instance}`, timeoutMs: 20_000, everyMs: 100 });
}

async function eject(app: TestApp, service: string): Promise<void> {
  app.write(`fail-${service}-1`, "");
  for (let asked = 0; asked < 8; asked++) await app.get(`/${service}`);
  await eventOf(app, "endpoint.ejected", `${service}-1`);
}

test("an HTTP readiness probe ends an ejection, a TCP one does not", async (t) => {
  const app = await createApp(t, { spec, files: { "server.js": program } });
  await app.up();
  for (const service of ["blind", "seen"]) await eject(app, service);
  for (const service of ["blind", "seen"]) rmSync(join(app.folder, `fail-${service}-1`));
  const returned = await eventOf(app, "endpoint.returned", "seen-1");
  assert.match(returned.message, /readiness probe passed/);
  const standing = async (service: string): Promise<string | undefined> => {
    const told = await app.json<RequestExplanation>("explain", "GET", `/${service}`);
    return told.endpoints.find(({ id }) => id === `${service}-1`)?.reason;
  };
  assert.equal(await standing("seen"), "ready");
  assert.match((await standing("blind")) ?? "", /^ejected until/);
  await app.down();
  await app.assertNothingLeft();
});

test("a subset takes the instances with its tags, and any other where there is none", async (t) => {
  const app = await createApp(t, { spec, files: { "server.js": program } });
  await app.up();
  assert.equal((await app.get("/tagged")).text, "tagged-1");
  const server = createServer((_request, response) => response.end("outside"));
  t.after(() => server.close());
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const record = readController(appFolderAt(app.folder));
  assert.ok(record);
  const { client } = connectTo(appFolderAt(app.folder), record);
  const { port } = server.address() as AddressInfo;
  const { id } = await client.register({ service: "tagged", address: "127.0.0.1", port, tags: ["v2"] });
  const answers = (text: string) =>
    eventually(async () => (await app.get("/tagged")).text === text, { what: `${text} answers` });
  await answers("outside");
  const texts = await Promise.all(Array.from({ length: 10 }, async () => (await app.get("/tagged")).text));
  assert.deepEqual([...new Set(texts)], ["outside"]);
  await client.deregister(id);
  await answers("tagged-1");
  await app.down();
  await app.assertNothingLeft();
});
