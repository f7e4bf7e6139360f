// What one request through the proxy costs: `node benchmarks/proxy.mjs [--seconds 5] [--rounds 3] [--only tusk,nginx]`
// after a build. In one run, one after the other: nginx (1 worker), a raw node:net relay, Tusk (1 worker), and HAProxy,
// Caddy and Envoy where they are on PATH, each in front of the same upstream, under wrk with 64 connections that are
// kept alive. CPU is user and system time of the whole process tree over the requests served; the middle of the
// rounds counts. Exits with 1 when a goal is missed.
import { loadWith } from "./proxy/load.mjs";
import { startPeers } from "./proxy/peers.mjs";
import { startUpstream } from "./proxy/upstream.mjs";
import { makeWorkspace, option } from "./proxy/workspace.mjs";

const seconds = Number(option("seconds", "5"));
const rounds = Number(option("rounds", "3"));
const only = option("only", "")?.split(",").filter(Boolean);
/** CPU against nginx. */
const goal = 1.5;
const bodies = [
  { name: "small GET", path: "/small" },
  { name: "64 KiB", path: "/64k" },
  { name: "1 MiB", path: "/1m" },
].filter(({ name }) => !option("body") || name === option("body"));

const middle = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)];

function combine(runs) {
  const of = (field) => middle(runs.map((run) => run[field]));
  return {
    cpuMicros: of("cpuMicros"),
    perSecond: of("perSecond"),
    p50: of("p50"),
    p99: of("p99"),
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
  };
}

async function measure(peers, path) {
  const runs = new Map(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) runs.get(peer.name).push(await loadWith(peer, path, seconds));
  }
  return peers.map(({ name }) => ({ name, ...combine(runs.get(name)) }));
}

function print(name, rows) {
  const nginx = rows.find((row) => row.name === "nginx")?.cpuMicros;
  console.log(`\n${name.padEnd(14)} CPU µs/request   × nginx   requests/s   p50 ms   p99 ms   failed`);
  for (const row of rows) {
    const ratio = nginx ? (row.cpuMicros / nginx).toFixed(2) : "-";
    const cells = [row.cpuMicros.toFixed(1).padStart(14), ratio.padStart(9), row.perSecond.toFixed(0).padStart(12)];
    cells.push(row.p50.toFixed(2).padStart(8), row.p99.toFixed(2).padStart(8), String(row.failed).padStart(8));
    console.log(row.name.padEnd(14) + cells.join(" "));
  }
  const tusk = rows.find((row) => row.name === "tusk");
  return tusk === undefined || nginx === undefined || (tusk.cpuMicros <= goal * nginx && tusk.failed === 0);
}

const workspace = makeWorkspace();
try {
  const upstream = await startUpstream(workspace);
  const peers = (await startPeers(workspace, upstream)).filter(({ name }) => !only?.length || only.includes(name));
  let reached = true;
  for (const { name, path } of bodies) reached = print(name, await measure(peers, path)) && reached;
  console.log(
    `\n${seconds} s a run, ${rounds} rounds; goal: at most ${goal} × nginx: ${reached ? "reached" : "missed"}`,
  );
  process.exitCode = reached ? 0 : 1;
} finally {
  workspace.close();
}
