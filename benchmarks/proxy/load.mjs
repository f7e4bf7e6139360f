// One measurement: a load generator against a peer for some seconds, and the CPU time of the peer's process tree
// meanwhile. The generator is one process of its own, and its time is not counted.
import { spawn } from "node:child_process";
import { cpuMicrosOf } from "./cpu.mjs";
import { h2loadCommand, readH2load } from "./h2load.mjs";
import { readWrk, wrkCommand } from "./wrk.mjs";

export const connections = 64;

const tools = {
  wrk: { commandOf: wrkCommand, read: readWrk },
  h2load: { commandOf: h2loadCommand, read: readH2load },
};

/** `pid` null: nobody's CPU is of interest. */
export async function measureLoad({ port, pid }, load, { seconds, workspace }) {
  const { commandOf, read } = tools[load.tool];
  const command = commandOf(load, { port, seconds, connections, workspace });
  const before = pid === null ? 0 : cpuMicrosOf(pid);
  const startedAt = performance.now();
  const output = await run(command);
  const tookMs = performance.now() - startedAt;
  const cpuMicros = pid === null ? 0 : cpuMicrosOf(pid) - before;
  const { requests, perSecond, p50, p99, failed } = read(output, command);
  return { cpuMicros: cpuMicros / requests, busy: cpuMicros / 1_000 / tookMs, perSecond, p50, p99, failed };
}

function run({ program, args, environment = {} }) {
  return new Promise((resolve, reject) => {
    let output = "";
    const env = { ...process.env, ...environment };
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], env });
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${code}: ${output}`));
    });
  });
}
