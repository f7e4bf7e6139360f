// Waiting times between attempts. Pure.
import type { Rng } from "../base/clock.js";

/** The longest wait is this many times the base. */
const largestFactor = 10;

/**
 * Full jitter: a uniform time between 0 and base × 2^(retry-1), at most 10 × base (Brooker, "Exponential backoff
 * and jitter", 2015). `retry` counts from 1.
 */
export function fullJitterMs(baseMs: number, retry: number, rng: Rng): number {
  const factor = Math.min(largestFactor, 2 ** Math.max(0, retry - 1));
  return rng() * baseMs * factor;
}
