// The load generator itself, against small servers: it counts what happens, invents nothing, and hides no stall.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { after, test } from "node:test";
import { startLoad } from "./load.js";
import { startLoadProcess } from "./load-process.js";

const servers: Server[] = [];

after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address && typeof address === "object");
  return `http://127.0.0.1:${address.port}/`;
}

test("sends at the rate, over at most the given connections, and counts who served", async () => {
  let served = 0;
  const url = await serve((_request, response) => response.setHeader("x-served-by", `s${++served % 2}`).end("ok"));
  const report = await startLoad({ url, ratePerSecond: 500, connections: 4, durationMs: 200 }).done;
  assert.equal(report.sent, 100);
  assert.equal(report.succeeded, 100);
  assert.equal(report.failed, 0);
  assert.deepEqual(report.servedBy, { s0: 50, s1: 50 });
  assert.ok(report.connections <= 4);
});

test("a stall shows in the latency of every request that was due during it", async () => {
  let hold = true;
  const waiting: (() => void)[] = [];
  const url = await serve((_request, response) => {
    if (hold) waiting.push(() => response.end());
    else response.end();
  });
  const load = startLoad({ url, ratePerSecond: 200, connections: 2, durationMs: 400 });
  setTimeout(() => {
    hold = false;
    for (const answer of waiting) answer();
  }, 300);
  const report = await load.done;
  assert.equal(report.failed, 0);
  assert.ok(report.latencyMs.max >= 280, `max ${report.latencyMs.max}`);
  assert.ok(report.latencyMs.p50 >= 50, `p50 ${report.latencyMs.p50}`);
});

test("each kind of failure has its reason", async () => {
  const problem = await serve((_request, response) => response.writeHead(503).end('{"code":"NO_ENDPOINT"}'));
  const refused = await startLoad({ url: problem, ratePerSecond: 100, durationMs: 50 }).done;
  assert.deepEqual(refused.reasons, { "status 503 NO_ENDPOINT": refused.sent });
  const cut = await serve((_request, response) => {
    response.writeHead(200, { "content-length": "10" }).write("abc");
    setImmediate(() => response.destroy());
  });
  const cutOff = await startLoad({ url: cut, ratePerSecond: 100, durationMs: 50 }).done;
  assert.equal(cutOff.failed, cutOff.sent);
  const silent = await serve(() => {});
  const timedOut = await startLoad({ url: silent, ratePerSecond: 100, durationMs: 50, timeoutMs: 60 }).done;
  assert.deepEqual(timedOut.reasons, { "timed out": timedOut.sent });
  const nobody = await startLoad({ url: "http://127.0.0.1:1/", ratePerSecond: 100, durationMs: 50 }).done;
  assert.deepEqual(nobody.reasons, { ECONNREFUSED: nobody.sent });
});

test("it can be stopped early", async () => {
  const url = await serve((_request, response) => response.end());
  const load = startLoad({ url, durationMs: 60_000 });
  await load.started;
  const report = await load.stop();
  assert.ok(report.sent >= 1 && report.durationMs < 60_000);
});

test("in a process of its own it reports the same", async () => {
  const url = await serve((_request, response) => response.end("ok"));
  const load = startLoadProcess({ url, ratePerSecond: 200, durationMs: 60_000 });
  await load.started;
  const report = await load.stop();
  assert.ok(report.succeeded >= 1);
  assert.equal(report.failed, 0);
});
