// What the next answer of an endpoint is expected to take: rises at once, falls slowly, and is forgotten.

const decayMs = 10_000;
/** Time to an endpoint's answer, in milliseconds; forgotten with `decayMs`, so that a slow one is tried again. */
export class LatencyEstimate {
  #ms = Number.NaN;
  #at = 0;

  /** NaN: it has not answered yet. */
  read(now: number): number {
    return this.#ms * Math.exp((this.#at - now) / decayMs);
  }

  observe(ms: number, now: number): void {
    const known = this.#ms;
    const share = Math.exp((this.#at - now) / decayMs);
    this.#ms = known > ms ? known * share + ms * (1 - share) : ms;
    this.#at = now;
  }

  /** A failure may be fast: it never makes an endpoint look better. */
  observeFailure(ms: number, now: number): void {
    const known = this.#ms;
    this.#ms = known > ms ? known : ms;
    this.#at = now;
  }
}
