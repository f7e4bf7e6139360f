// How many retries a service gets: a share of its recent requests, so that retries cannot multiply the load on one that
// is failing as a whole, and a few each second besides, so that low traffic is helped too. Counted over time and not by
// what is in flight, because a killed instance breaks all its requests in the same moment, and a bound on concurrent
// retries would fail most of them though the others have room.

export interface RetryBudgetPolicy {
  /** Share of the requests of the last ten seconds, 0 to 1. */
  readonly ratio: number;
  /** Retries that each second allows whatever the traffic. */
  readonly minimum: number;
}

const windowSeconds = 10;

/** Requests and retries of the last ten seconds, in one slot a second. */
export class RetryBudget {
  readonly #requests = new Uint32Array(windowSeconds);
  readonly #retries = new Uint32Array(windowSeconds);
  #second = 0;

  countRequest(nowMs: number): void {
    this.#advance(nowMs);
    this.#add(this.#requests);
  }

  /** True: the retry is booked. */
  tryRetry(nowMs: number, policy: RetryBudgetPolicy): boolean {
    this.#advance(nowMs);
    const thisSecond = this.#retries[this.#second % windowSeconds] ?? 0;
    const share = Math.floor(policy.ratio * sum(this.#requests));
    if (thisSecond >= policy.minimum && sum(this.#retries) >= share) return false;
    this.#add(this.#retries);
    return true;
  }

  #add(counts: Uint32Array): void {
    const slot = this.#second % windowSeconds;
    counts[slot] = (counts[slot] ?? 0) + 1;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    const passed = Math.min(windowSeconds, second - this.#second);
    for (let step = 1; step <= passed; step++) {
      const slot = (this.#second + step) % windowSeconds;
      this.#requests[slot] = 0;
      this.#retries[slot] = 0;
    }
    if (second > this.#second) this.#second = second;
  }
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
