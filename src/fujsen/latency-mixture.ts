// One percentile of a period out of the percentiles of its rows. Rows carry p50, p95 and p99, not the histograms;
// averaging percentiles would be wrong, so each row is a distribution and the period is their mixture.
import type { MetricsRow } from "./metrics-row.js";

/** A longer latency is taken as this long: about a day and a half. */
const longestMs = 134_217_728;
const smallestMs = 0.001;
const precision = 0.0005;
/** Numbers kept of each row: p50, p95, p99, weight. Flat, because a day has hundreds of thousands of rows. */
const stride = 4;
/** The highest percentile that rows carry. */
const highestShare = 0.99;

/** Where a row's requests lie: half below p50, 95 % below p95, 99 % below p99, evenly in between. */
export class LatencyMixture {
  readonly #flat: number[] = [];
  #weight = 0;
  #slowest = 0;
  #withPercentiles = 0;

  /** A row with only a mean counts as if all its requests took that long; one with neither is left out. */
  add(row: Pick<MetricsRow, "p50" | "p95" | "p99" | "responseTime">, weight: number): void {
    const p50 = row.p50 ?? row.responseTime ?? row.p95 ?? row.p99;
    if (p50 === null || weight <= 0) return;
    const p95 = Math.max(p50, row.p95 ?? row.p99 ?? p50);
    const p99 = Math.max(p95, row.p99 ?? p95);
    this.#flat.push(p50, p95, p99, weight);
    this.#weight += weight;
    this.#slowest = Math.max(this.#slowest, p99);
    if (row.p50 !== null || row.p95 !== null || row.p99 !== null) this.#withPercentiles++;
  }

  get source(): "percentiles" | "means" | "both" | null {
    if (this.#flat.length === 0) return null;
    if (this.#withPercentiles * stride === this.#flat.length) return "percentiles";
    return this.#withPercentiles === 0 ? "means" : "both";
  }

  /**
   * Milliseconds below which the percentile (0 to 100) of all requests lies, to within a thousandth; null when nothing
   * was added. Bisection on the grid of the halves of one fixed length, so that a slower row never gives a smaller
   * result.
   */
  percentile(percentile: number): number | null {
    if (this.#flat.length === 0) return null;
    // The sum below rounds otherwise than the product does.
    const wanted = Math.min(percentile / 100, highestShare) * this.#weight * (1 - 1e-9);
    let [low, high] = [0, longestMs];
    while (high / 2 >= this.#slowest && high > smallestMs) high /= 2;
    while (high - low > high * precision && high > smallestMs) {
      const middle = (low + high) / 2;
      if (this.#weightBelow(middle) >= wanted) high = middle;
      else low = middle;
    }
    return high;
  }

  #weightBelow(ms: number): number {
    const flat = this.#flat;
    let sum = 0;
    for (let at = 0; at < flat.length; at += stride) sum += (flat[at + 3] ?? 0) * shareBelow(flat, at, ms);
    return sum;
  }
}

function shareBelow(flat: readonly number[], at: number, ms: number): number {
  const p99 = flat[at + 2] ?? 0;
  if (ms >= p99) return highestShare;
  const p95 = flat[at + 1] ?? 0;
  const p50 = flat[at] ?? 0;
  if (ms >= p95) return 0.95 + (0.04 * (ms - p95)) / (p99 - p95);
  if (ms >= p50) return 0.5 + (0.45 * (ms - p50)) / (p95 - p50);
  return (0.5 * ms) / p50;
}
