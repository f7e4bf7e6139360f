// Whether the proxy's memory stays flat: `node benchmarks/proxy-soak.mjs [--minutes 10] [--rate 400]` after a build. A
// running app under a fixed rate of requests, of which some are refused and some fail, with the access log on and two
// plan changes a second; resident memory of worker, keeper and controller each minute. Exits with 1 when a request fails that should
// not, or the worker's memory at the end is more than a limit above that after the warm-up (a fifth of the time).
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connectTo } from "../dist/src/cli/connect.js";
import { appFolderAt, readController } from "../dist/src/system/app-folder.js";
import { startLoadProcess } from "../dist/test/support/load-process.js";
import { freePort, option, tusk } from "./demo-app.mjs";

const minutes = Math.min(24 * 60, Math.max(1, Number(option("minutes", "10"))));
const rate = Number(option("rate", "400"));
const limitMegabytes = 16;
const durationMs = minutes * 60_000;
const sampleMs = 1_000;

const service = `
const { createServer } = require("node:http");
let count = 0;
createServer((request, response) => {
  request.resume();
  // One in a hundred fails, which the proxy repeats or passes on.
  response.statusCode = ++count % 100 === 0 ? 503 : 200;
  response.end("x".repeat(200 + (count % 2000)));
}).listen(Number(process.env.PORT), process.env.HOST);
`;

const specOf = (port) => `name: soak
services:
  - { name: users, run: node server.js, replicas: 2, route: /users }
gateway: { port: ${port}, accessLog: true }
`;

const megabytes = (pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Another time limit, and a route more or less. */
async function changePlan(client, number) {
  const { spec, provenance } = await client.spec();
  const own = spec.gateway.routes.filter(({ name }) => name !== "more");
  const more = {
    ...own[0],
    name: "more",
    matches: [{ ...own[0].matches[0], path: { type: "Exact", value: "/more" } }],
  };
  const services = spec.services.map((entry) => ({
    ...entry,
    traffic: { ...entry.traffic, requestTimeoutMs: 10_000 + (number % 1000) },
  }));
  const next = { ...spec, services, gateway: { ...spec.gateway, routes: number % 2 === 0 ? own : [...own, more] } };
  await client.apply({ spec: next, base: spec, provenance, from: "soak" });
}

async function sampleAll(processes, until, samples) {
  while (performance.now() < until) {
    for (const { name, pid } of processes) samples[name].push(megabytes(pid));
    await delay(sampleMs);
  }
}

async function changeAll(client, until) {
  let changes = 0;
  while (performance.now() < until) {
    await changePlan(client, ++changes);
    await delay(500);
  }
  return changes;
}

function report(name, samples) {
  const perMinute = Math.round(60_000 / sampleMs);
  const shown = [];
  for (let at = 0; at + perMinute / 2 < samples.length; at += perMinute)
    shown.push(median(samples.slice(at, at + perMinute)).toFixed(1));
  console.log(`${name.padEnd(12)} MiB each minute: ${shown.join(" ")}`);
}

const root = realpathSync(mkdtempSync(join(tmpdir(), "tusk-soak-")));
const port = await freePort();
writeFileSync(join(root, "server.js"), service);
writeFileSync(join(root, "tusk.yaml"), specOf(port));
try {
  tusk(root, "up", "-d", "--wait");
  const folder = appFolderAt(root);
  const { client } = connectTo(folder, readController(folder));
  const processes = (await client.processes()).filter(({ role }) => role !== "instance");
  const samples = Object.fromEntries(processes.map(({ name }) => [name, []]));
  const url = `http://127.0.0.1:${port}`;
  const load = (path, ratePerSecond) =>
    startLoadProcess({ url: url + path, ratePerSecond, connections: 32, durationMs });
  const served = load("/users?q=1", rate);
  const refused = load("/nowhere", Math.max(1, rate / 20));
  const until = performance.now() + durationMs;
  const [changes] = await Promise.all([changeAll(client, until), sampleAll(processes, until, samples)]);
  const [ofServed, ofRefused] = [await served.done, await refused.done];
  for (const { name } of processes) report(name, samples[name]);
  const worker = samples["worker-1"];
  const tenth = Math.max(1, Math.floor(worker.length / 10));
  const warm = median(worker.slice(tenth * 2, tenth * 3));
  const end = median(worker.slice(-tenth));
  const all = ofServed.sent + ofRefused.sent;
  console.log(
    `${all} requests, ${ofRefused.failed} of them refused on purpose, ${ofServed.failed} failed; ${changes} plan changes`,
  );
  console.log(`worker: ${warm.toFixed(1)} MiB after the warm-up, ${end.toFixed(1)} MiB at the end`);
  const isFlat = end - warm < limitMegabytes;
  console.log(`memory ${isFlat ? "flat" : "NOT FLAT"}`);
  process.exitCode = isFlat && ofServed.failed === 0 && ofRefused.failed === ofRefused.sent ? 0 : 1;
} finally {
  tusk(root, "down");
  rmSync(root, { recursive: true, force: true });
}
