// One measurement: wrk against a proxy, and the CPU time of its process tree meanwhile.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const connections = 64;
const microsPerTick = 10_000;

function treeOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return [pid, ...children.flatMap((child) => treeOf(Number(child)))];
}

function ticksOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

const ticksOfTree = (pid) => treeOf(pid).reduce((sum, one) => sum + ticksOf(one), 0);

function wrk(port, path, seconds) {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", `http://127.0.0.1:${port}${path}`];
  return new Promise((resolve, reject) => {
    let output = "";
    const child = spawn("wrk", args, { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.once("error", reject);
    child.once("exit", () => resolve(output));
  });
}

const unitMs = { us: 0.001, ms: 1, s: 1_000 };

function numberAt(output, pattern) {
  const found = pattern.exec(output);
  return found ? Number(found[1]) * (unitMs[found[2]] ?? 1) : 0;
}

export async function loadWith({ port, pid }, path, seconds) {
  await wrk(port, path, 1);
  const before = ticksOfTree(pid);
  const output = await wrk(port, path, seconds);
  const cpu = (ticksOfTree(pid) - before) * microsPerTick;
  const requests = numberAt(output, /(\d+) requests in/);
  return {
    cpuMicros: cpu / requests,
    perSecond: numberAt(output, /Requests\/sec:\s+([\d.]+)/),
    p50: numberAt(output, /50%\s+([\d.]+)(us|ms|s)/),
    p99: numberAt(output, /99%\s+([\d.]+)(us|ms|s)/),
    failed: numberAt(output, /Non-2xx or 3xx responses: (\d+)/),
  };
}
