// A latency histogram with logarithmic buckets: 1 % relative error over any range, mergeable and subtractable,
// small as JSON. Workers record into one for each edge; the controller merges workers and takes differences in time.

/** Sparse logarithmic buckets; index i covers (gamma^(i-1), gamma^i] milliseconds with gamma = 1.02 (relative error 1 %). */
export interface LatencyHistogram {
  readonly gamma: number;
  readonly count: number;
  readonly sumMs: number;
  /** [index, count] pairs, ascending index. */
  readonly buckets: readonly (readonly [number, number])[];
  /** Values too small for a bucket (<= 0.001 ms). */
  readonly zero: number;
}

export const latencyGamma = 1.02;
const logGamma = Math.log(latencyGamma);
const smallestMs = 0.001;
// About 28 hours: nothing lasts longer, and it bounds the number of buckets to some 1,300.
const largestIndex = Math.ceil(Math.log(1e8) / logGamma);

export const emptyHistogram: LatencyHistogram = { gamma: latencyGamma, count: 0, sumMs: 0, buckets: [], zero: 0 };

/** The one that is written to. Everything else works on the plain value of `toJSON`. */
export class LatencyRecorder {
  #count = 0;
  #sumMs = 0;
  #zero = 0;
  readonly #buckets = new Map<number, number>();

  /** Negative and not finite values count as 0. */
  record(ms: number): void {
    const value = Number.isFinite(ms) && ms > 0 ? ms : 0;
    this.#count++;
    this.#sumMs += value;
    if (value <= smallestMs) {
      this.#zero++;
      return;
    }
    const index = Math.min(largestIndex, Math.ceil(Math.log(value) / logGamma));
    this.#buckets.set(index, (this.#buckets.get(index) ?? 0) + 1);
  }

  toJSON(): LatencyHistogram {
    return {
      gamma: latencyGamma,
      count: this.#count,
      sumMs: this.#sumMs,
      buckets: sortedBuckets(this.#buckets),
      zero: this.#zero,
    };
  }
}

export function mergeHistograms(histograms: Iterable<LatencyHistogram>): LatencyHistogram {
  const buckets = new Map<number, number>();
  let count = 0;
  let sumMs = 0;
  let zero = 0;
  for (const one of histograms) {
    count += one.count;
    sumMs += one.sumMs;
    zero += one.zero;
    for (const [index, held] of one.buckets) buckets.set(index, (buckets.get(index) ?? 0) + held);
  }
  return { gamma: latencyGamma, count, sumMs, buckets: sortedBuckets(buckets), zero };
}

/**
 * What was recorded between two states of one recorder. When `earlier` is not a part of `later`
 * (the worker was replaced in between), `later` is returned whole.
 */
export function subtractHistogram(later: LatencyHistogram, earlier: LatencyHistogram): LatencyHistogram {
  const buckets = new Map(later.buckets);
  for (const [index, held] of earlier.buckets) {
    const left = (buckets.get(index) ?? 0) - held;
    if (left < 0) return later;
    if (left === 0) buckets.delete(index);
    else buckets.set(index, left);
  }
  if (later.count < earlier.count || later.zero < earlier.zero) return later;
  return {
    gamma: latencyGamma,
    count: later.count - earlier.count,
    sumMs: Math.max(0, later.sumMs - earlier.sumMs),
    buckets: sortedBuckets(buckets),
    zero: later.zero - earlier.zero,
  };
}

/** Milliseconds below which the share `q` (0 to 1) of the values lies; null when nothing was recorded. */
export function quantileOf(histogram: LatencyHistogram, q: number): number | null {
  if (histogram.count === 0) return null;
  const rank = Math.min(1, Math.max(0, q)) * (histogram.count - 1);
  let seen = histogram.zero;
  if (rank < seen) return 0;
  for (const [index, held] of histogram.buckets) {
    seen += held;
    if (rank < seen) return middleOf(index);
  }
  const last = histogram.buckets.at(-1);
  return last === undefined ? 0 : middleOf(last[0]);
}

/** Null when nothing was recorded. */
export function meanOf(histogram: LatencyHistogram): number | null {
  return histogram.count === 0 ? null : histogram.sumMs / histogram.count;
}

// The value whose relative distance to both ends of the bucket is the same.
function middleOf(index: number): number {
  return (2 * Math.exp(index * logGamma)) / (latencyGamma + 1);
}

function sortedBuckets(buckets: ReadonlyMap<number, number>): [number, number][] {
  return [...buckets].sort((left, right) => left[0] - right[0]);
}
