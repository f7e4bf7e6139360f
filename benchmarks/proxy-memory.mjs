// What the proxy holds in memory: `node benchmarks/proxy-memory.mjs [--gib 1] [--idle 10000]` after a build. A body of a
// GiB down and up, a client that does not read, many idle connections: the worker's resident memory before and at its
// highest. Exits with 1 when a body does not arrive whole, or memory grows by more than the limit.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { startTusk } from "./proxy/tusk-worker.mjs";
import { makeWorkspace, option } from "./proxy/workspace.mjs";

const bytes = Number(option("gib", "1")) * 1024 ** 3;
const idle = Number(option("idle", "10000"));
const limitMegabytes = 64;

const megabytes = (pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

/** Sends `bytes` of a chunk, no faster than they are taken. */
async function pour(stream) {
  const chunk = Buffer.alloc(256 * 1024, "x");
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    if (!stream.write(chunk)) await once(stream, "drain");
    if (stream.destroyed) return;
  }
  stream.end();
}

async function countOf(stream) {
  let count = 0;
  for await (const part of stream) count += part.length;
  return count;
}

/** Answers /down with a body, and anything else with the length of what it got. */
async function startService() {
  const server = createServer(async (incoming, response) => {
    try {
      if (incoming.url === "/down") {
        response.setHeader("content-length", String(bytes));
        await pour(response);
      } else response.end(String(await countOf(incoming)));
    } catch {
      // The client that does not read is cut off in the end.
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function ask(port, path, method = "GET") {
  const headers = method === "POST" ? { "content-length": String(bytes) } : {};
  return request({ host: "127.0.0.1", port, path, method, headers, agent: false });
}

async function download(port) {
  const outgoing = ask(port, "/down").end();
  const [incoming] = await once(outgoing, "response");
  return countOf(incoming);
}

async function upload(port) {
  const outgoing = ask(port, "/up", "POST");
  const answer = once(outgoing, "response");
  await pour(outgoing);
  const [incoming] = await answer;
  let text = "";
  for await (const part of incoming) text += part;
  return Number(text);
}

async function readNothing(port) {
  const socket = connect(port, "127.0.0.1")
    .pause()
    .on("error", () => {});
  socket.write("GET /down HTTP/1.1\r\nHost: a\r\n\r\n");
  await delay(3_000);
  socket.destroy();
}

/** In processes of their own: one may not open so many. */
async function holdIdle(port, pid) {
  const script = `const { connect } = require("node:net"); let open = 0;
    setInterval(() => {
      for (let i = 0; i < 20 && open < ${Math.ceil(idle / 4)}; i++, open++) connect(${port}, "127.0.0.1").on("error", () => {});
    }, 10);`;
  const holders = Array.from({ length: 4 }, () => spawn(process.execPath, ["-e", script], { stdio: "ignore" }));
  const connections = () => readdirSync(`/proc/${pid}/fd`).length;
  for (let tries = 0; tries < 300 && connections() < idle; tries++) await delay(100);
  const release = () => {
    for (const holder of holders) holder.kill();
  };
  return { open: connections(), release };
}

async function observe(pid, name, work) {
  const before = megabytes(pid);
  let highest = before;
  const timer = setInterval(() => {
    highest = Math.max(highest, megabytes(pid));
  }, 20);
  const began = performance.now();
  const result = await work();
  clearInterval(timer);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${name.padEnd(26)} ${before.toFixed(1).padStart(7)} MiB before ${highest.toFixed(1).padStart(7)} at most ${seconds.padStart(6)} s`,
  );
  return { result, grownMegabytes: highest - before };
}

const workspace = makeWorkspace();
const service = await startService();
try {
  const worker = await startTusk(workspace, { port: service.address().port });
  await (await once(ask(worker.port, "/up").end(), "response"))[0].resume();
  const runs = [
    await observe(worker.pid, `${option("gib", "1")} GiB down`, () => download(worker.port)),
    await observe(worker.pid, `${option("gib", "1")} GiB up`, () => upload(worker.port)),
  ];
  const stalled = await observe(worker.pid, "a client that reads nothing", () => readNothing(worker.port));
  const held = await observe(worker.pid, `${idle} idle connections`, () => holdIdle(worker.port, worker.pid));
  held.result.release();
  console.log(`${held.result.open} open, ${((held.grownMegabytes * 1024) / held.result.open).toFixed(1)} KiB each`);
  const isWhole = runs.every(({ result }) => result === bytes);
  const isFlat = [...runs, stalled].every(({ grownMegabytes }) => grownMegabytes < limitMegabytes);
  console.log(`bodies ${isWhole ? "whole" : "BROKEN"}, memory ${isFlat ? "flat" : "NOT FLAT"}`);
  process.exitCode = isWhole && isFlat ? 0 : 1;
} finally {
  workspace.close();
  service.closeAllConnections();
  service.close();
}
