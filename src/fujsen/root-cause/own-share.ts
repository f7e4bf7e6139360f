// What a service itself added to its latency or its errors, and what its callees did. A caller is as slow as what it
// waits for: of its excess over the usual, the excess of its unusual callees is taken off, all in the same unit (time or
// failed requests in an interval), and what is left is its own. This is self time of profilers and critical-path
// analysis, taken of the excess instead of the total, from counts and means, without traces.
import type { Observations, ServiceMetrics } from "./observed.js";
import { median, quantile, sorted, spread } from "./robust.js";

export type SharedMetric = "latency" | "errorRate";

export interface OwnShare {
  /** By interval: the excess that is its own; time (latency × requests) or failed requests. */
  readonly excess: Float64Array;
  /** What it usually takes in an interval, callees included, in the same unit; for errors, its requests. */
  readonly usualTotal: number;
  /** False where requests are unknown: then one request is counted for each interval. */
  readonly counted: boolean;
}

/** A service must have been seen this often without the failure to have a usual level. */
const fewestReference = 5;
/** A callee below so many robust deviations explains nothing: what it does then is noise, or not waited for. */
const unusual = 3;

interface Part {
  /** Callees included. */
  readonly excess: Float64Array;
  /** Excess above this explains a caller's. */
  readonly unusualFrom: number;
  readonly usualTotal: number;
}

/** For every service that was seen without the failure; those that were not have no usual to leave. */
export function ownShares(observations: Observations, metric: SharedMetric): Map<string, OwnShare> {
  const measured = [...observations.services].filter(([, metrics]) => metrics[metric]);
  const counted = measured.every(([, { requests }]) => requests !== undefined);
  const parts = new Map<string, Part>();
  for (const [service, metrics] of measured) {
    const part = partOf(observations, metric, counted ? metrics : { [metric]: metrics[metric] });
    if (part) parts.set(service, part);
  }
  const shares = new Map<string, OwnShare>();
  for (const [service, { excess, usualTotal }] of parts) {
    const callees = (observations.callees.get(service) ?? []).flatMap((callee) => parts.get(callee) ?? []);
    shares.set(service, {
      excess: withoutCallees(excess, callees, observations.intervals.reference),
      usualTotal,
      counted,
    });
  }
  return shares;
}

// A callee that the caller waits for moves with it: taking its excess off leaves less spread, so all of it is taken off.
// Of others (asynchronous, or called by somebody else) only what is unusual.
function withoutCallees(excess: Float64Array, callees: readonly Part[], reference: readonly number[]): Float64Array {
  const spreadOf = (values: Float64Array): number =>
    spread(sorted(reference.map((index) => values[index] ?? Number.NaN)));
  const alone = spreadOf(excess);
  return callees.reduce((left, callee) => {
    const theirs = (index: number): number => callee.excess[index] || 0;
    const isWaitedFor = spreadOf(excess.map((own, index) => own - theirs(index))) < alone;
    return left.map((own, index) => (isWaitedFor || theirs(index) > callee.unusualFrom ? own - theirs(index) : own));
  }, excess);
}

function partOf({ intervals, times }: Observations, metric: SharedMetric, metrics: ServiceMetrics): Part | null {
  const values = metrics[metric] ?? new Float64Array(0);
  const levelsOver = (indexes: readonly number[]): Float64Array =>
    sorted(indexes.map((index) => (isServing(metrics, index) ? (values[index] ?? Number.NaN) : Number.NaN)));
  const reference = levelsOver(intervals.reference);
  if (reference.length < Math.max(1, Math.min(fewestReference, intervals.reference.length))) return null;
  const usual = quantile(reference, 0.5);
  const near = quantile(levelsOver(intervals.near), 0.5);
  const excess = new Float64Array(times.length).fill(Number.NaN);
  const add = (indexes: readonly number[], level: number): void => {
    for (const index of indexes) excess[index] = countOf(metrics, index) * ((values[index] ?? Number.NaN) - level);
  };
  add(intervals.reference, usual);
  // Above the long run and above the level right before: see deviation.ts.
  add(intervals.failure, near > usual ? near : usual);
  const requests = median(intervals.reference.map((index) => countOf(metrics, index)));
  const usualExcess = sorted(intervals.reference.map((index) => excess[index] ?? Number.NaN));
  return {
    excess,
    unusualFrom: unusual * spread(usualExcess),
    usualTotal: (Number.isNaN(requests) ? 0 : requests) * (metric === "latency" ? usual : 1),
  };
}

const isServing = ({ requests }: ServiceMetrics, index: number): boolean => !requests || (requests[index] ?? 0) > 0;

const countOf = ({ requests }: ServiceMetrics, index: number): number =>
  requests ? (requests[index] ?? Number.NaN) : 1;
