// What the platform itself costs while nothing happens: memory (proportional set size) and CPU of keeper, controller and
// workers with the demo's three services up. `node benchmarks/idle.mjs [--minutes 10]` after a build.
// CPU is that of the last minute. Exits with 1 above a limit.
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { makeApp, option, tusk } from "./demo-app.mjs";

const limits = { megabytes: 180, cpuPercent: 1 };
const windowMs = 60_000;
const ticksPerSecond = 100;
const minutes = Number(option("minutes", "10"));

/** Ticks, own and of children that ended. */
function cpuTicks(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
}

function megabytes(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)[1]) / 1024;
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

const commandOf = (pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");

/** The keeper says in its lock who it is; the workers are its children. */
function platformOf(root) {
  const controller = JSON.parse(readFileSync(`${root}/.tusk/controller.json`, "utf8"));
  const { pid: keeper } = JSON.parse(readFileSync(`${controller.runtime}/keeper.lock`, "utf8"));
  const workers = childrenOf(keeper).filter((pid) => commandOf(pid).some((part) => part.endsWith("/proxy/worker.js")));
  return [
    { name: "keeper", pid: keeper },
    { name: "controller", pid: controller.pid },
    ...workers.map((pid, index) => ({ name: `worker-${index + 1}`, pid })),
  ];
}

async function measure(root) {
  await delay(Math.max(0, minutes * 60_000 - windowMs));
  const platform = platformOf(root);
  const before = platform.map(({ pid }) => cpuTicks(pid));
  const began = performance.now();
  await delay(windowMs);
  const seconds = (performance.now() - began) / 1000;
  return platform.map(({ name, pid }, index) => ({
    name,
    pss: megabytes(pid),
    cpu: ((cpuTicks(pid) - before[index]) / ticksPerSecond / seconds) * 100,
  }));
}

const app = await makeApp();
try {
  tusk(app.root, "up", "-d", "--wait");
  const rows = await measure(app.root);
  const total = { name: "together", pss: sum(rows, "pss"), cpu: sum(rows, "cpu") };
  for (const { name, pss, cpu } of [...rows, total]) {
    console.log(`${name.padEnd(12)} ${pss.toFixed(1).padStart(7)} MiB ${cpu.toFixed(2).padStart(6)} %`);
  }
  console.log(`after ${minutes} min; limits ${limits.megabytes} MiB and ${limits.cpuPercent} % of a core`);
  process.exitCode = total.pss > limits.megabytes || total.cpu > limits.cpuPercent ? 1 : 0;
} finally {
  tusk(app.root, "down");
  app.remove();
}

function sum(rows, field) {
  return rows.reduce((total, row) => total + row[field], 0);
}
