// When a process that ended is started again: at once the first time, then 1 s doubling to 5 min,
// and from the beginning after it has been ready long enough. Pure.

export interface Backoff {
  /** Restarts since the last reset. */
  readonly restarts: number;
  readonly lastDelayMs: number;
}

export const noBackoff: Backoff = { restarts: 0, lastDelayMs: 0 };

const firstDelayMs = 1000;
const longestDelayMs = 300_000;
const shortestReadyMs = 10_000;

/** The delay before the next start. `readyForMs`: how long the process that ended had been ready. */
export function nextRestart(
  backoff: Backoff,
  readyForMs: number,
): { readonly delayMs: number; readonly backoff: Backoff } {
  const from = readyForMs >= readyTimeToReset(backoff) ? noBackoff : backoff;
  const delayMs = from.restarts === 0 ? 0 : Math.min(firstDelayMs * 2 ** (from.restarts - 1), longestDelayMs);
  return { delayMs, backoff: { restarts: from.restarts + 1, lastDelayMs: delayMs } };
}

export function readyTimeToReset(backoff: Backoff): number {
  return Math.max(shortestReadyMs, 2 * backoff.lastDelayMs);
}
