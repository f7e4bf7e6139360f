// What a request through the proxy costs, beside others: `node benchmarks/proxy.mjs` after a build, with nginx and wrk,
// and HAProxy, Caddy, Envoy and h2load where they are installed. Options: `--row small,tls` (default: all rows),
// `--rounds 5`, `--seconds 3` of one run, `--only tusk,nginx`.
// CPU is user and system time of the whole process tree of a peer over the requests that it served. All peers of a row
// stand in front of the same upstream and take turns, round by round; the middle of the rounds counts, of a ratio the
// middle of the ratios of each round. Exits with 1 when a goal is missed.
import { cpus } from "node:os";
import { makeCertificate } from "./proxy/certificate.mjs";
import { connections, measureLoad } from "./proxy/load.mjs";
import { problemOf, startPeer, versions } from "./proxy/peers/index.mjs";
import { combine, printGoals, printRow } from "./proxy/report.mjs";
import { rows } from "./proxy/rows.mjs";
import { measureSwap, printSwap } from "./proxy/swap.mjs";
import { startUpstream } from "./proxy/upstream.mjs";
import { makeWorkspace, option } from "./proxy/workspace.mjs";

const listOf = (text) => (text ? text.split(",") : null);
const seconds = Number(option("seconds", "3"));
const rounds = Number(option("rounds", "5"));
const wanted = listOf(option("row"));
const only = listOf(option("only"));
/** For just-in-time compilers, and for connections to be made. */
const warmUpSeconds = Number(option("warm-up", "3"));

const isWanted = (name) => wanted === null || wanted.includes(name);

async function startAll(row, upstream, workspace) {
  const certificate = row.load.isTls ? makeCertificate(workspace) : null;
  const peers = [];
  const skipped = [];
  for (const { name, peer, scenario } of row.entries) {
    if (only !== null && !only.includes(peer)) continue;
    const setup = scenario(upstream, certificate);
    const reason = problemOf(peer, setup);
    if (reason === null) peers.push({ name, ...(await startPeer(peer, workspace, setup)) });
    else skipped.push({ name, reason });
  }
  return { peers, skipped };
}

/** Those that answer as they should. */
async function warmUp(row, { peers, skipped }, workspace) {
  const able = [];
  for (const peer of peers) {
    const { perSecond, failed } = await measureLoad(peer, row.load, { seconds: warmUpSeconds, workspace });
    if (perSecond > 0 && failed === 0) able.push(peer);
    else skipped.push({ name: peer.name, reason: `${failed} of its answers were wrong, at ${perSecond} a second` });
  }
  return able;
}

async function measureRow(row) {
  const workspace = makeWorkspace();
  try {
    const upstream = await startUpstream(workspace, row.upstream);
    const started = await startAll(row, upstream, workspace);
    const { skipped } = started;
    const isDirect = !row.load.isTls && row.load.tool === "wrk";
    const direct = isDirect ? await measureLoad({ ...upstream, pid: null }, row.load, { seconds, workspace }) : null;
    const peers = await warmUp(row, started, workspace);
    const runs = new Map(peers.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const peer of peers) {
        // What closed while the others had their turn is not a part of what a request costs.
        await measureLoad(peer, row.load, { seconds: row.leadSeconds ?? 1, workspace });
        runs.get(peer.name).push(await measureLoad(peer, row.load, { seconds, workspace }));
      }
    }
    printRow(row, { runs, direct: direct && combine([direct]), skipped });
    return printGoals(row, runs);
  } finally {
    await workspace.close();
  }
}

const [{ model }] = cpus();
console.log(`${cpus().length} × ${model}; Node ${process.versions.node}, ${versions().join(", ")}`);
console.log(`${connections} connections, ${rounds} rounds of ${seconds} s, ${warmUpSeconds} s of warm-up`);
let reached = true;
for (const row of rows) if (isWanted(row.name)) reached = (await measureRow(row)) && reached;
if (isWanted("swap")) reached = printSwap(await measureSwap({ rounds })) && reached;
console.log(`\n${reached ? "Every goal is met." : "A goal is missed."}`);
process.exitCode = reached ? 0 : 1;
