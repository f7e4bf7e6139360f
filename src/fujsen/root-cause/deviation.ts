// How far one measurement left its usual range during a failure, in units of the furthest that it usually goes. That
// makes a heavy-tailed latency and a steady memory comparable, and needs no distribution.
import { blockMaxima, median, quantile, runMeans, sorted, spread } from "./robust.js";

/** Which intervals are what, as indexes of a series. */
export interface Intervals {
  readonly reference: readonly number[];
  /** The last ones of the reference right before the failure; may be empty. */
  readonly near: readonly number[];
  readonly failure: readonly number[];
}

export interface Deviation {
  /** 1 is as far as it usually goes in as many intervals; below that it says nothing. */
  readonly strength: number;
  /** What it was taken to be without the failure. */
  readonly usual: number;
  /** The mean of the worst two intervals in a row. */
  readonly worst: number;
  /** Index of the last of those. */
  readonly at: number;
}

/** One interval may be an accident, two in a row are not. */
export const sustained = 2;
/** Robust deviations that are never called unusual. */
const leastTail = 3;
/** Beyond this, more is not more. */
const mostStrength = 1e6;
/** Of the reference's blocks, each as long as the failure, so many stay below. */
const tailShare = 0.9;
/** Fewer blocks than this have no quantile; the largest value stands in. */
const fewestBlocks = 10;

/**
 * Upwards only. `leastSpread` is what the spread is taken to be at least: a series that never moves would otherwise make
 * any change infinitely far. Null without a value in the reference and one in the failure.
 */
export function deviation(values: Float64Array, intervals: Intervals, leastSpread: number): Deviation | null {
  const reference = pick(values, intervals.reference);
  const ascending = sorted(reference);
  const failure = pick(values, intervals.failure);
  const centre = quantile(ascending, 0.5);
  const scale = Math.max(spread(ascending), leastSpread);
  if (!(scale > 0) || failure.every(Number.isNaN)) return null;
  const usual = highest(centre, median(pick(values, intervals.near)));
  const length = Math.min(sustained, failure.length);
  const runs = runMeans(
    failure.map((value) => value - usual),
    length,
  );
  const worst = runs.reduce((best, value, index) => (value > (runs[best] ?? 0) ? index : best), 0);
  const usualRuns = runMeans(
    reference.map((value) => (value - centre) / scale),
    length,
  );
  return {
    strength: Math.min(mostStrength, (runs[worst] ?? 0) / scale / usualTail(usualRuns, failure.length)),
    usual,
    worst: usual + (runs[worst] ?? 0),
    at: intervals.failure[worst + length - 1] ?? -1,
  };
}

const pick = (values: Float64Array, indexes: readonly number[]): Float64Array =>
  Float64Array.from(indexes, (index) => values[index] ?? Number.NaN);

// Unusual must mean unusual in the long run and unusual compared to just before: a level that had changed long before
// the failure is not its cause.
const highest = (centre: number, near: number): number => (near > centre ? near : centre);

function usualTail(runs: Float64Array, failureLength: number): number {
  const maxima = blockMaxima(runs, failureLength);
  const ascending = sorted(maxima.length < fewestBlocks ? runs : maxima);
  const tail = quantile(ascending, maxima.length < fewestBlocks ? 1 : tailShare);
  return Math.max(leastTail, Number.isNaN(tail) ? 0 : tail);
}
