// What requests waited in a simulation: quantiles over all of them, and minutes in which too many waited too long.
// Bounded: logarithmic buckets of half a percent, and two counts for each minute.
import type { WaitObjective } from "./erlang.js";

const bucketGrowth = Math.log(1.005);
const shortestSeconds = 1e-6;

export interface WaitSummary {
  readonly requests: number;
  /** Seconds that half, 95 % and 99 % of all requests waited at most, to 0.5 %; 0 without requests. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly meanSeconds: number;
  /** Share of all requests that waited longer than the objective. */
  readonly late: number;
  /** Share of the minutes with requests in which more than the objective's share waited longer. */
  readonly violatingMinutes: number;
}

export class WaitRecord {
  readonly #objective: WaitObjective;
  readonly #buckets: number[] = [];
  readonly #minutes: { requests: number; late: number }[] = [];
  #requests = 0;
  #sum = 0;
  #none = 0;

  constructor(objective: WaitObjective) {
    this.#objective = objective;
  }

  /** A request that arrived at this second of the simulation. */
  add(arrived: number, waited: number): void {
    this.#requests++;
    this.#sum += waited;
    this.#count(waited);
    const index = Math.floor(arrived / 60);
    let minute = this.#minutes[index];
    if (!minute) {
      minute = { requests: 0, late: 0 };
      this.#minutes[index] = minute;
    }
    minute.requests++;
    if (waited > this.#objective.seconds) minute.late++;
  }

  summary(): WaitSummary {
    const minutes = this.#minutes.filter(({ requests }) => requests > 0);
    const violating = minutes.filter(({ requests, late }) => late > this.#objective.share * requests);
    const late = minutes.reduce((sum, minute) => sum + minute.late, 0);
    return {
      requests: this.#requests,
      p50: this.#quantile(0.5),
      p95: this.#quantile(0.95),
      p99: this.#quantile(0.99),
      meanSeconds: this.#requests > 0 ? this.#sum / this.#requests : 0,
      late: this.#requests > 0 ? late / this.#requests : 0,
      violatingMinutes: minutes.length > 0 ? violating.length / minutes.length : 0,
    };
  }

  #count(waited: number): void {
    if (waited <= shortestSeconds) {
      this.#none++;
      return;
    }
    const index = Math.ceil(Math.log(waited / shortestSeconds) / bucketGrowth);
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
  }

  #quantile(share: number): number {
    let left = share * this.#requests - this.#none;
    if (left <= 0) return 0;
    const index = this.#buckets.findIndex((count) => {
      left -= count ?? 0;
      return left <= 0;
    });
    // The middle of its bucket.
    return shortestSeconds * Math.exp((index - 0.5) * bucketGrowth);
  }
}
