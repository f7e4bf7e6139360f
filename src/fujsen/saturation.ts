// How much of what a service may use it does use: CPU, memory, and the timeout that its slowest requests approach.
import type { CleanRow } from "./clean-row.js";
import type { Capacity, ServiceCapacity } from "./metrics-row.js";
import { rounded, saturationPoints } from "./score.js";

export type SaturationLimit = "CPU" | "memory" | "timeout";

export interface SaturationMeasure {
  /** Mean over time of the fullest resource, 1 is full; null when none was measured. */
  readonly use: number | null;
  /** The resource that was the fullest for the longest. */
  readonly limit: SaturationLimit | null;
  readonly cpuUse: number | null;
  readonly cpuPeakUse: number | null;
  /** Cores available to it when it was last measured. */
  readonly cpuCores: number | null;
  /** True when nobody declared the cores: one for each ready instance, since Python and Node.js run their code on one. */
  readonly cpuAssumed: boolean;
  readonly memoryUse: number | null;
  /** p99 as a share of the timeout. */
  readonly timeoutUse: number | null;
}

/** A mean over time, and the largest. */
class Use {
  #sum = 0;
  #seconds = 0;
  peak: number | null = null;

  add(use: number, seconds: number): void {
    this.#sum += use * seconds;
    this.#seconds += seconds;
    this.peak = Math.max(use, this.peak ?? 0);
  }

  get mean(): number | null {
    return this.#seconds > 0 ? this.#sum / this.#seconds : null;
  }
}

/** Points are given row by row and then averaged, so that an hour of overload is not hidden by a quiet night's mean. */
export class Saturation {
  readonly #limits: ServiceCapacity;
  readonly #machineCores: number;
  readonly #uses = { CPU: new Use(), memory: new Use(), timeout: new Use() };
  readonly #fullest = new Use();
  readonly #points = new Use();
  readonly #limitSeconds = new Map<SaturationLimit, number>();
  #cores: number | null = null;

  constructor(service: string, { services = {}, machineCores }: Capacity) {
    this.#limits = (Object.hasOwn(services, service) ? services[service] : undefined) ?? {};
    this.#machineCores = machineCores ?? Number.POSITIVE_INFINITY;
  }

  add(row: CleanRow): void {
    let [fullest, limit]: [number, SaturationLimit | null] = [0, null];
    for (const [name, use] of this.#usesOf(row)) {
      this.#uses[name].add(use, row.intervalSeconds);
      if (limit === null || use > fullest) [fullest, limit] = [use, name];
    }
    if (limit === null) return;
    this.#fullest.add(fullest, row.intervalSeconds);
    this.#points.add(saturationPoints(fullest), row.intervalSeconds);
    this.#limitSeconds.set(limit, (this.#limitSeconds.get(limit) ?? 0) + row.intervalSeconds * fullest);
  }

  #usesOf(row: CleanRow): [SaturationLimit, number][] {
    const uses: [SaturationLimit, number][] = [];
    const { memoryBytes, timeoutMs } = this.#limits;
    const slowest = row.p99 ?? row.p95 ?? row.responseTime;
    if (row.cpuUsage !== null) uses.push(["CPU", row.cpuUsage / this.#coresFor(row)]);
    if (row.memoryUsage !== null && memoryBytes) uses.push(["memory", row.memoryUsage / memoryBytes]);
    if (slowest !== null && timeoutMs) uses.push(["timeout", slowest / timeoutMs]);
    return uses;
  }

  #coresFor(row: CleanRow): number {
    const assumed = Math.min(this.#machineCores, Math.max(1, row.ready ?? row.instances ?? 1));
    this.#cores = this.#limits.cpuCores || assumed;
    return this.#cores;
  }

  /** 0 to 100; null when nothing was measured. */
  get points(): number | null {
    return this.#points.mean;
  }

  get measure(): SaturationMeasure {
    const { CPU, memory, timeout } = this.#uses;
    const [longest] = [...this.#limitSeconds].sort(([, left], [, right]) => right - left);
    return {
      use: orNull(this.#fullest.mean),
      limit: longest?.[0] ?? null,
      cpuUse: orNull(CPU.mean),
      cpuPeakUse: orNull(CPU.peak),
      cpuCores: this.#cores,
      cpuAssumed: !this.#limits.cpuCores,
      memoryUse: orNull(memory.mean),
      timeoutUse: orNull(timeout.mean),
    };
  }
}

const orNull = (value: number | null): number | null => (value === null ? null : rounded(value, 4));
