// The CPU time that a process and all below it have used.
import { readFileSync } from "node:fs";

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

/** User and system, microseconds, in steps of ten thousand. */
export function cpuMicrosOf(pid) {
  return treeOf(pid).reduce((sum, one) => sum + ticksOf(one), 0) * microsPerTick;
}
