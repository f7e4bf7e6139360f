// What happened between two looks at the workers' cumulative counts. Knows a worker by its life, so that a replaced
// worker's counts, which begin at zero again, are never subtracted from those of the one before. Pure.
import {
  emptyHistogram,
  type LatencyHistogram,
  mergeHistograms,
  subtractHistogram,
} from "../../base/latency-histogram.js";
import type { EdgeStats, WorkerStats } from "../../keeper/protocol.js";

/** One (caller, callee) pair over one interval, all workers together. */
export interface EdgeSample {
  readonly caller: string;
  readonly callee: string;
  readonly requests: number;
  readonly errors: number;
  readonly retries: number;
  readonly latency: LatencyHistogram;
}

/** The counts of the last look, by worker life and edge. Plain JSON: kept on disk across a controller's restart. */
export type CountBase = Readonly<Record<string, Readonly<Record<string, EdgeCount>>>>;

type EdgeCount = Pick<EdgeStats, "caller" | "callee" | "requests" | "errors" | "retries" | "latency">;

export interface DeltaStep {
  readonly samples: readonly EdgeSample[];
  readonly base: CountBase;
}

/** Workers that are in `base` and not in `stats` are forgotten. */
export function stepDeltas(base: CountBase, stats: readonly WorkerStats[]): DeltaStep {
  const next: Record<string, Record<string, EdgeCount>> = {};
  const samples = new Map<string, EdgeSample>();
  for (const worker of stats) {
    const life = `${worker.pid}.${worker.startTicks}`;
    const before = base[life] ?? {};
    const counts: Record<string, EdgeCount> = {};
    next[life] = counts;
    for (const edge of worker.edges) {
      const key = `${edge.caller} ${edge.callee}`;
      counts[key] = toCount(edge);
      const sample = difference(edge, before[key]);
      if (sample.requests > 0 || sample.retries > 0) samples.set(key, merge(samples.get(key), sample));
    }
  }
  return { samples: [...samples.values()], base: next };
}

const toCount = ({ caller, callee, requests, errors, retries, latency }: EdgeStats): EdgeCount => ({
  caller,
  callee,
  requests,
  errors,
  retries,
  latency,
});

function difference(now: EdgeStats, before: EdgeCount | undefined): EdgeSample {
  const { caller, callee } = now;
  if (!before)
    return { caller, callee, requests: now.requests, errors: now.errors, retries: now.retries, latency: now.latency };
  return {
    caller,
    callee,
    requests: now.requests - before.requests,
    errors: now.errors - before.errors,
    retries: now.retries - before.retries,
    latency:
      now.latency.count === before.latency.count ? emptyHistogram : subtractHistogram(now.latency, before.latency),
  };
}

function merge(a: EdgeSample | undefined, b: EdgeSample): EdgeSample {
  return a ? { ...sumOf([a, b]), caller: b.caller, callee: b.callee } : b;
}

/** The traffic into one service: its edges together. */
export function sumOf(samples: readonly EdgeSample[]): Omit<EdgeSample, "caller" | "callee"> {
  const total = (pick: (sample: EdgeSample) => number): number =>
    samples.reduce((sum, sample) => sum + pick(sample), 0);
  return {
    requests: total((sample) => sample.requests),
    errors: total((sample) => sample.errors),
    retries: total((sample) => sample.retries),
    latency: mergeHistograms(samples.map((sample) => sample.latency)),
  };
}
