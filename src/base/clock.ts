// Time as a value that is handed in. Pure layers and step functions take a Clock, never Date or setTimeout,
// so that every rule about time is tested with a fake clock and no sleep.

export interface Timer {
  /** Idempotent; a cancelled timer never fires. */
  cancel(): void;
}

export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump. For timestamps only. */
  now(): number;
  /** Milliseconds that never go backwards; the origin is arbitrary. For durations and deadlines. */
  monotonic(): number;
  /** Calls `fire` once after `delayMs` (>= 0). Does not keep a process alive by itself unless `keepAlive`. */
  setTimer(delayMs: number, fire: () => void, options?: { keepAlive?: boolean }): Timer;
}

/** A source of uniform numbers in [0, 1). */
export type Rng = () => number;
