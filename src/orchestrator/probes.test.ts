// Probes against servers that misbehave. The servers are in this process, so the instance is given as its own listener.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import type { ProbePlan } from "../plan/process-plan.js";
import type { OwnListener } from "./listener.js";
import { type ProbeTarget, runProbe } from "./probes.js";

const http = (path = "/"): ProbePlan["check"] => ({ kind: "http", path, statuses: [200, 399] });
const probe = (check: ProbePlan["check"], timeoutMs = 1000): ProbePlan => ({
  check,
  timeoutMs,
  periodMs: 1000,
  successThreshold: 1,
  failureThreshold: 3,
});

function targetOn(port: number, look: ReturnType<OwnListener["look"]> = { state: "ours", holders: [] }): ProbeTarget {
  return {
    port,
    cwd: "/",
    env: { PATH: process.env.PATH ?? "" },
    listenerOn: () => ({ look: () => look }) as OwnListener,
    endCommand: async () => {},
  };
}

async function withServer(answer: (socket: Socket) => void, body: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => answer(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await body((server.address() as { port: number }).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const answers: Record<string, readonly [bytes: string, ok: boolean, detail: RegExp]> = {
  "200": ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", true, /^200 OK$/],
  "a redirect, not followed": ["HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n", true, /^302 Found$/],
  "404": ["HTTP/1.1 404 Not Found\r\n\r\n", false, /^404 Not Found$/],
  "500": ["HTTP/1.1 500 Oops\r\n\r\n", false, /^500 Oops$/],
  "a body without end": [`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(1_000_000)}`, true, /^200 OK$/],
  "no HTTP": ["220 smtp ready\r\n", false, /./],
  "a header without end": [`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`, false, /./],
  "half a status line": ["HTTP/1.", false, /timed out after 200 ms/],
  nothing: ["", false, /timed out after 200 ms/],
};

for (const [name, [bytes, ok, detail]] of Object.entries(answers)) {
  test(`http probe: ${name}`, async () => {
    await withServer(
      (socket) => socket.write(bytes),
      async (port) => {
        const outcome = await runProbe(probe(http(), 200), targetOn(port));
        assert.equal(outcome.ok, ok, outcome.detail);
        assert.match(outcome.detail, detail);
        assert.equal(outcome.taken, false);
      },
    );
  });
}

test("http probe: a reset connection, and a refused one", async () => {
  let closed = 0;
  await withServer(
    (socket) => socket.resetAndDestroy(),
    async (port) => {
      closed = port;
      assert.match((await runProbe(probe(http()), targetOn(port))).detail, /reset|hang up/);
    },
  );
  for (const check of [http(), { kind: "tcp" } as const]) {
    const outcome = await runProbe(probe(check), targetOn(closed));
    assert.deepEqual([outcome.ok, outcome.refused], [false, true]);
  }
});

test("http probe: a path that is no path is a failure, not a crash", async () => {
  const outcome = await runProbe(probe(http("/a b\r\nx: y")), targetOn(1));
  assert.equal(outcome.ok, false);
  assert.match(outcome.detail, /unescaped/);
});

test("tcp and http: somebody else's listener is no pass, on the own port it is taken", async () => {
  await withServer(
    (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"),
    async (port) => {
      const foreign = { state: "foreign", detail: "port is taken by pid 7 (other)" } as const;
      for (const check of [http(), { kind: "tcp" } as const]) {
        const outcome = await runProbe(probe(check), targetOn(port, foreign));
        assert.deepEqual([outcome.ok, outcome.taken, outcome.detail], [false, true, foreign.detail]);
      }
      const elsewhere = await runProbe(probe({ kind: "tcp", port }), targetOn(1, foreign));
      assert.deepEqual([elsewhere.ok, elsewhere.taken], [false, false]);
    },
  );
});

test("command probe: exit codes, signals, no such command, and one that hangs", async () => {
  const command = (text: string): ProbePlan["check"] => ({
    kind: "command",
    command: { kind: "shell", command: text },
  });
  const detail = async (check: ProbePlan["check"]): Promise<string> =>
    (await runProbe(probe(check, 300), targetOn(1))).detail;
  assert.equal(await detail(command("exit 0")), "exit code 0");
  assert.equal(await detail(command("exit 7")), "exit code 7");
  assert.equal(await detail(command("kill -9 $$")), "killed by SIGKILL");
  assert.match(await detail({ kind: "command", command: { kind: "exec", argv: ["no-such-probe"] } }), /no program/);
  assert.equal(await detail(command("exec sleep 0.6")), "timed out after 300 ms");
});
