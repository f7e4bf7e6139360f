// A period cut into equal parts, so that an insight can say when something was bad and what it was like otherwise.
import type { CleanRow } from "./clean-row.js";
import { rounded } from "./score.js";

export interface ServiceWindow {
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
  readonly requests: number;
  readonly errors: number;
  /** Mean of the rows' percentile nearest to the objective's, by requests; milliseconds. */
  readonly latencyMs: number | null;
  /** Mean, cores. */
  readonly cpuCores: number | null;
  /** Mean, bytes. */
  readonly memoryBytes: number | null;
}

const parts = 24;

class Mean {
  #sum = 0;
  #weight = 0;

  add(value: number | null, weight: number): void {
    if (value === null || weight <= 0) return;
    this.#sum += value * weight;
    this.#weight += weight;
  }

  get value(): number | null {
    return this.#weight > 0 ? rounded(this.#sum / this.#weight, 4) : null;
  }
}

class WindowTotals {
  requests = 0;
  failed = 0;
  readonly latency = new Mean();
  readonly cpu = new Mean();
  readonly memory = new Mean();

  add(row: CleanRow, percentile: number): void {
    this.requests += row.weight;
    this.failed += row.failed ?? 0;
    this.latency.add(nearestPercentile(row, percentile), row.weight);
    this.cpu.add(row.cpuUsage, row.intervalSeconds);
    this.memory.add(row.memoryUsage, row.intervalSeconds);
  }
}

export function toWindows(rows: readonly CleanRow[], percentile: number): ServiceWindow[] {
  const [first, last] = range(rows);
  // At least a second each; the last moment belongs to the last part.
  const width = Math.max(1000, Math.ceil((last - first + 1) / parts));
  const windows = new Map<number, WindowTotals>();
  for (const row of rows) {
    if (row.at === null) continue;
    const index = Math.floor((row.at - first) / width);
    const totals = windows.get(index) ?? new WindowTotals();
    windows.set(index, totals);
    totals.add(row, percentile);
  }
  return [...windows]
    .sort(([left], [right]) => left - right)
    .map(([index, totals]) => toWindow(totals, first + index * width, width));
}

function toWindow(totals: WindowTotals, from: number, width: number): ServiceWindow {
  return {
    from: new Date(from).toISOString(),
    to: new Date(from + width).toISOString(),
    requests: rounded(totals.requests),
    errors: rounded(totals.failed),
    latencyMs: totals.latency.value,
    cpuCores: totals.cpu.value,
    memoryBytes: totals.memory.value,
  };
}

function range(rows: readonly CleanRow[]): [number, number] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { at } of rows) {
    if (at === null) continue;
    first = Math.min(first, at);
    last = Math.max(last, at);
  }
  return [first, last];
}

function nearestPercentile(row: CleanRow, percentile: number): number | null {
  if (percentile < 75) return row.p50 ?? row.responseTime;
  return (percentile <= 97 ? (row.p95 ?? row.p99) : (row.p99 ?? row.p95)) ?? row.responseTime ?? row.p50;
}
