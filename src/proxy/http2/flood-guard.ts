// Counts what costs us work and brings a request no further: settings, pings, empty frames, tiny windows, resets. A peer
// has a stock of them, which grows slowly with time and with the data that it is sent. No clock is read before the stock is used up.
import { errorCode, Http2Error } from "./http2-error.js";

const stock = 2_000;
const perMs = 0.1;

export class FloodGuard {
  readonly #now: () => number;
  #left = stock;
  #filledAt: number;

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#filledAt = now();
  }

  /** Throws Http2Error when there were too many. */
  spend(cost = 1): void {
    this.#left -= cost;
    if (this.#left >= 0) return;
    const now = this.#now();
    this.#left = Math.min(stock, this.#left + (now - this.#filledAt) * perMs);
    this.#filledAt = now;
    if (this.#left < 0) throw new Http2Error(errorCode.enhanceYourCalm, "too many frames without effect");
  }

  /** A frame of data was sent, which its receiver may answer with frames of this kind. */
  earn(): void {
    if (this.#left < stock) this.#left++;
  }
}
