// Checks against real sockets on loopback: what passes, what fails, and that nothing waits for ever.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { test } from "node:test";
import { systemClock } from "../system/clock.js";
import { createChecker } from "./checks.js";
import type { CheckSpec } from "./registry.js";

const checker = createChecker(systemClock);
const never = new AbortController().signal;
const rest = { periodMs: 1000, failureThreshold: 1, successThreshold: 1 };

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address && typeof address === "object");
  return address.port;
}

function tcp(port: number, timeoutMs = 5000): CheckSpec {
  return { kind: "tcp", address: "127.0.0.1", port, timeoutMs, ...rest };
}

function http(port: number, path: string, timeoutMs = 5000): CheckSpec {
  return { kind: "http", url: `http://127.0.0.1:${port}${path}`, timeoutMs, ...rest };
}

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

test("a tcp check passes where a connection is accepted and fails where it is refused", async () => {
  const server = createTcpServer((socket) => socket.on("error", () => {}));
  const port = await listen(server);
  assert.deepEqual(await checker(tcp(port), never), { ok: true, detail: "connected" });
  server.close();
  assert.deepEqual(await checker(tcp(await closedPort()), never), { ok: false, detail: "connection refused" });
});

test("an http check goes by the status and follows no redirect", async () => {
  const server = createServer((request, response) => {
    const status = Number(request.url?.slice(1));
    response.writeHead(status, { location: "http://127.0.0.1:1/" }).end("x".repeat(1000));
  });
  const port = await listen(server);
  for (const [status, ok] of [
    [200, true],
    [204, true],
    [302, true],
    [404, false],
    [503, false],
  ] as const) {
    assert.deepEqual(await checker(http(port, `/${status}`), never), { ok, detail: `status ${status}` });
  }
  server.close();
  server.closeAllConnections();
});

test("a target that never answers, or answers with garbage, fails and is let go", async () => {
  const sockets = new Set<{ destroy(): void }>();
  const silent = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => chunk.includes("/garbage") && socket.end("no http at all\r\n\r\n"));
  });
  const port = await listen(silent);
  assert.deepEqual(await checker(http(port, "/", 50), never), { ok: false, detail: "timed out after 50 ms" });
  assert.equal((await checker(http(port, "/garbage"), never)).ok, false);
  const abort = new AbortController();
  const givenUp = checker(http(port, "/"), abort.signal);
  abort.abort();
  assert.deepEqual(await givenUp, { ok: false, detail: "given up" });
  assert.deepEqual(await checker(http(port, "/"), abort.signal), { ok: false, detail: "given up" });
  for (const socket of sockets) socket.destroy();
  silent.close();
  await once(silent, "close");
});

test("an endless header or body costs no more than the first bytes", async () => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.write("HTTP/1.1 200 OK\r\n");
    const feed = (): boolean => socket.write(`x-pad: ${"y".repeat(8000)}\r\n`);
    socket.on("drain", feed);
    while (feed());
  });
  const port = await listen(server);
  const result = await checker(http(port, "/"), never);
  assert.equal(result.ok, false);
  server.close();
});
