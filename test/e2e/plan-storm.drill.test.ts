// Drill: under load the plan changes all the time and the proxy workers are restarted one generation after another: no
// request fails. And what lasts longer than a plan, a stream of events and a WebSocket, does not notice a plan change.
import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import { WebSocket } from "undici";
import type { AdminClient } from "../../src/api/client.js";
import { connectTo } from "../../src/cli/connect.js";
import type { AppSpec } from "../../src/model/app-spec.js";
import { appFolderAt, readController } from "../../src/system/app-folder.js";
import { createApp, type TestApp } from "../support/app.js";
import { byForm, every, tell, underLoad } from "../support/drill.js";
import { eventually } from "../support/eventually.js";

const lastsMs = byForm(5_000, 60_000);
const planChanges = byForm(8, 100);
const restarts = byForm(2, 10);

function adminOf(app: TestApp): AdminClient {
  const folder = appFolderAt(app.folder);
  const record = readController(folder);
  assert.ok(record);
  return connectTo(folder, record).client;
}

/** Another time limit for a service, and a route more or less: the workers get a new plan, no instance is touched. */
async function changePlan(client: AdminClient, service: string, number: number): Promise<void> {
  const { spec, provenance } = await client.spec();
  const [template] = spec.gateway.routes;
  assert.ok(template);
  const added = { ...template, name: "added", matches: [{ ...template.matches[0], path: atPath("/added") }] };
  const routes = spec.gateway.routes.filter(({ name }) => name !== "added");
  const next = {
    ...spec,
    services: spec.services.map((entry) =>
      entry.name === service ? { ...entry, traffic: { ...entry.traffic, requestTimeoutMs: 15_000 + number } } : entry,
    ),
    gateway: { ...spec.gateway, routes: number % 2 === 0 ? routes : [...routes, added] },
  } as AppSpec;
  const { changes, replaced } = await client.apply({ spec: next, base: spec, provenance, from: "drill" });
  assert.ok(changes.length > 0);
  assert.deepEqual(replaced, []);
}

const atPath = (value: string) => ({ type: "PathPrefix", value }) as const;

interface Restarted {
  readonly restarted: { readonly workers: readonly { readonly previousPid: number; readonly pid: number }[] };
}

test("the plan changes and workers are restarted under load: no failed request", async (t) => {
  const app = await createApp(t);
  await app.up();
  const client = adminOf(app);
  const before = await app.pids("instance");
  const durationMs = 600_000;
  const load = await underLoad(t, { url: app.url("/users"), connections: 64, ratePerSecond: 550, durationMs });
  const endsAt = performance.now() + lastsMs;
  let [changed, restarted] = [0, 0];
  const change = async (): Promise<void> => {
    if (changed < planChanges) await changePlan(client, "users", ++changed);
  };
  const restart = async (): Promise<void> => {
    if (restarted === restarts) return;
    const [worker] = await app.pids("worker");
    const told = await app.json<Restarted>("restart", "--proxy");
    assert.equal(told.restarted.workers[0]?.previousPid, worker);
    assert.notEqual(told.restarted.workers[0]?.pid, worker);
    restarted++;
  };
  await Promise.all([
    every(lastsMs / (planChanges + 1), endsAt, change),
    every(lastsMs / (restarts + 1), endsAt, restart),
  ]);
  while (changed < planChanges) await change();
  while (restarted < restarts) await restart();
  const report = await load.stop();
  tell(t, `${changed} plan changes, ${restarted} worker restarts`, report);
  assert.equal(report.failed, 0, JSON.stringify(report.failures));
  assert.ok(report.ratePerSecond >= 500, `only ${report.ratePerSecond} requests/s were sent`);
  assert.equal(report.connections > 64, true, "the workers that went took their connections with them");
  assert.deepEqual(await app.pids("instance"), before, "no instance was touched");
  assert.equal((await app.pids("worker")).length, 1);
  await app.down();
  await app.assertNothingLeft();
});

/** Events without end, and a WebSocket that says back what it is told. */
const streams = `
const { createServer } = require("node:http");
const { createHash } = require("node:crypto");
const server = createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  let number = 0;
  const timer = setInterval(() => response.write("data: " + ++number + "\\n\\n"), 20);
  response.on("close", () => clearInterval(timer));
});
server.on("upgrade", (request, socket) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
  socket.on("error", () => {});
  socket.on("data", (frame) => {
    if ((frame[0] & 15) !== 1) return socket.end();
    const length = frame[1] & 127;
    const said = Buffer.from(frame.subarray(6, 6 + length).map((byte, at) => byte ^ frame[2 + (at % 4)]));
    socket.write(Buffer.concat([Buffer.from([0x81, length]), said]));
  });
});
server.listen(Number(process.env.PORT), process.env.HOST);
`;

const streamsSpec = (port: number): string => `name: streams
services:
  - { name: streams, run: node streams.js, route: /, traffic: { timeout: 0 } }
gateway: { port: ${port} }
`;

interface EventStream {
  readonly received: () => number;
  readonly ended: () => boolean;
}

async function openEvents(t: TestContext, url: string): Promise<EventStream> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: false }, resolve).on("error", reject);
  });
  t.after(() => response.destroy());
  let [received, ended] = [0, false];
  response.on("data", (chunk: Buffer) => {
    received += chunk.toString().split("data: ").length - 1;
  });
  for (const event of ["end", "error", "aborted"]) {
    response.on(event, () => {
      ended = true;
    });
  }
  return { received: () => received, ended: () => ended };
}

interface Chat {
  say(text: string): Promise<string>;
  readonly closed: () => boolean;
}

async function openChat(t: TestContext, url: string): Promise<Chat> {
  const socket = new WebSocket(url);
  let closed = false;
  let onAnswer: (text: string) => void = () => {};
  socket.addEventListener("message", ({ data }) => onAnswer(String(data)));
  socket.addEventListener("close", () => {
    closed = true;
  });
  t.after(() => socket.close());
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("the WebSocket could not be opened")));
  });
  const say = (text: string): Promise<string> =>
    new Promise((resolve) => {
      onAnswer = resolve;
      socket.send(text);
    });
  return { say, closed: () => closed };
}

test("a stream of events and a WebSocket survive plan changes, and a worker's drain up to its limit", async (t) => {
  const app = await createApp(t, { spec: streamsSpec, files: { "streams.js": streams } });
  await app.up();
  const client = adminOf(app);
  const events = await openEvents(t, app.url("/events"));
  const chat = await openChat(t, app.url("/chat").replace("http", "ws"));
  for (let change = 1; change <= 20; change++) {
    await changePlan(client, "streams", change);
    assert.equal(await chat.say(`change ${change}`), `change ${change}`);
  }
  const { stdout } = await app.run("metrics", "--prometheus");
  assert.match(stdout, /^tusk_tunnels_open\{caller="gateway",callee="streams"\} 1$/m);
  const before = events.received();
  await eventually(() => events.received() > before + 5, { what: "events come on" });
  assert.equal(events.ended(), false);
  const restarting = app.json<Restarted>("restart", "--proxy", "--drain", "3s");
  await eventually(async () => (await app.pids("worker")).length === 2, { what: "a successor beside the old worker" });
  assert.equal(await chat.say("still there"), "still there");
  await restarting;
  await eventually(() => events.ended() && chat.closed(), { what: "both ended with their worker" });
  const later = await openChat(t, app.url("/chat").replace("http", "ws"));
  assert.equal(await later.say("on the successor"), "on the successor");
  await app.down();
  await app.assertNothingLeft();
});
