// CPU and memory of whole process trees, seen from outside: one look at /proc for all instances, nothing per instance
// but what belongs to it. Measures its own cost, because the platform's idle budget is one percent of a core.
import { type ProcessStat, readProcFile } from "../system/proc.js";
import type { ProcessTable } from "../system/process-table.js";

export interface Sample {
  /** Of one core, since the sample before; null at the first. */
  readonly cpuPercent: number | null;
  /** Proportional set size where readable, else resident; null until looked at. */
  readonly memoryBytes: number | null;
}

export interface SamplerCost {
  readonly samples: number;
  readonly totalMs: number;
}

/** User-visible clock ticks a second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** Reading the maps of three small Python services costs a millisecond: a tenth of the whole budget if done every second. */
const samplesPerMemoryLook = 10;

interface Usage {
  readonly atMs: number;
  readonly cpuTicks: number;
  readonly memoryBytes: number | null;
}

export class Sampler {
  readonly #table: ProcessTable;
  #before = new Map<string, Usage>();
  #cost = { samples: 0, totalMs: 0 };

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  get cost(): SamplerCost {
    return this.#cost;
  }

  /** By tag. Called once a second. */
  sample(nowMs: number): ReadonlyMap<string, Sample> {
    const began = performance.now();
    this.#table.refresh();
    const withMemory = this.#cost.samples % samplesPerMemoryLook === 0;
    const usages = new Map<string, Usage>();
    const samples = new Map<string, Sample>();
    for (const [tag, members] of this.#table.groups()) {
      const before = this.#before.get(tag);
      const fresh = withMemory || before === undefined || before.memoryBytes === null;
      const memoryBytes = fresh ? memoryOf(members) : before.memoryBytes;
      const usage = { atMs: nowMs, cpuTicks: cpuTicksOf(members), memoryBytes };
      usages.set(tag, usage);
      samples.set(tag, { cpuPercent: cpuPercent(before, usage), memoryBytes });
    }
    this.#before = usages;
    this.#cost = { samples: this.#cost.samples + 1, totalMs: this.#cost.totalMs + performance.now() - began };
    return samples;
  }
}

/** Children that ended count through the parent that waited for them. */
function cpuTicksOf(members: readonly ProcessStat[]): number {
  return members.reduce((sum, member) => sum + member.cpuTicks + member.childCpuTicks, 0);
}

function cpuPercent(before: Usage | undefined, now: Usage): number | null {
  if (before === undefined || now.atMs <= before.atMs) return null;
  const seconds = (now.atMs - before.atMs) / 1000;
  // A child that nobody waited for takes its share with it: never below zero.
  const ticks = Math.max(0, now.cpuTicks - before.cpuTicks);
  return Math.round((ticks / ticksPerSecond / seconds) * 1000) / 10;
}

function memoryOf(members: readonly ProcessStat[]): number {
  return members.reduce((sum, member) => sum + processMemory(member.pid), 0);
}

function processMemory(pid: number): number {
  return (kilobytes(pid, "smaps_rollup", "Pss:") ?? kilobytes(pid, "status", "VmRSS:") ?? 0) * 1024;
}

function kilobytes(pid: number, file: string, field: string): number | null {
  // Null: gone, or its maps may not be read.
  const text = readProcFile(`/proc/${pid}/${file}`) ?? "";
  const match = new RegExp(`^${field}\\s+(\\d+) kB`, "m").exec(text);
  return match ? Number(match[1]) : null;
}
