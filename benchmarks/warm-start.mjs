// How long until the demo's three services answer: started by `tusk up` once everything is warm, and the same three
// processes started together by a shell script. In turn, because a machine's speed drifts; the first pair only warms.
// `node benchmarks/warm-start.mjs [--pairs 8]` after a build. Exits with 1 above the limit.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cli, command, folderOf, freePort, makeApp, names, option, tusk } from "./demo-app.mjs";

const limit = 1.3;
const pollMs = 20;
const longestMs = 60_000;
const pairs = Number(option("pairs", "8"));

function answers(port) {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/healthz", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once("error", () => resolve(false));
    request.setTimeout(1_000, () => request.destroy());
  });
}

/** `ports` gives those that are known so far. */
async function allAnswer(ports) {
  const waiting = new Set(names.keys());
  const deadline = performance.now() + longestMs;
  while (waiting.size > 0) {
    if (performance.now() > deadline) throw new Error("the services did not answer");
    const known = ports();
    for (const index of waiting) if (known[index] && (await answers(known[index]))) waiting.delete(index);
    if (waiting.size > 0) await delay(pollMs);
  }
}

async function byScript(app) {
  const ports = await Promise.all(names.map(() => freePort()));
  const lines = names.map((name, index) => `(cd ${folderOf(name)} && PORT=${ports[index]} ${command}) &`);
  const began = performance.now();
  const shell = spawn("sh", ["-c", `${lines.join("\n")}\nwait`], { cwd: app.root, stdio: "ignore", detached: true });
  await allAnswer(() => ports);
  const took = performance.now() - began;
  const ended = new Promise((resolve) => shell.once("exit", resolve));
  process.kill(-shell.pid, "SIGKILL");
  await ended;
  return { took };
}

function leasedPorts(root) {
  try {
    const { leases } = JSON.parse(readFileSync(join(root, ".tusk/leases.json"), "utf8"));
    return names.map((name) => leases[`instance/${name}-1`]);
  } catch {
    // Not written yet.
    return [];
  }
}

async function byTusk(app) {
  const began = performance.now();
  const up = spawn(process.execPath, [cli, "--quiet", "up", "-d", "--wait"], {
    cwd: app.root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const returned = new Promise((resolve) =>
    up.once("exit", (code) => resolve({ code, tookMs: performance.now() - began })),
  );
  await allAnswer(() => leasedPorts(app.root));
  const took = performance.now() - began;
  const { code, tookMs } = await returned;
  if (code !== 0) throw new Error(`tusk up ended with ${code}`);
  tusk(app.root, "down");
  return { took, returned: tookMs };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle - 0.5)] + sorted[Math.floor(middle)]) / 2;
}

const app = await makeApp();
const script = [];
const ours = [];
try {
  for (let pair = 0; pair < pairs; pair++) {
    const one = await byScript(app);
    await delay(300);
    const other = await byTusk(app);
    await delay(300);
    console.log(
      `${pair === 0 ? "warm-up" : `pair ${pair}`}: script ${one.took.toFixed(0)} ms, tusk ${other.took.toFixed(0)} ms`,
    );
    if (pair === 0) continue;
    script.push(one.took);
    ours.push(other);
  }
} finally {
  if (ours.length < pairs - 1)
    spawn(process.execPath, [cli, "down"], { cwd: app.root, stdio: "ignore" }).once("exit", app.remove);
  else app.remove();
}
const floor = median(script);
const took = median(ours.map((run) => run.took));
const ratio = median(ours.map((run, index) => run.took / script[index]));
console.log(`medians of ${pairs - 1}: script ${floor.toFixed(0)} ms, tusk ${took.toFixed(0)} ms`);
console.log(`\`tusk up -d --wait\` returned after ${median(ours.map((run) => run.returned)).toFixed(0)} ms`);
console.log(
  `ratio of the medians ${(took / floor).toFixed(2)}, median of the pairs' ratios ${ratio.toFixed(2)}, limit ${limit}`,
);
process.exitCode = took / floor > limit ? 1 : 0;
