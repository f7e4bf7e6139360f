// A clock that moves only when told to: for tests and for replaying recorded decisions.
import type { Clock, Timer } from "./clock.js";

interface Entry {
  readonly due: number;
  readonly order: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  #elapsed = 0;
  #order = 0;
  readonly #epoch: number;
  readonly #timers = new Set<Entry>();

  constructor(epochMs = Date.UTC(2026, 0, 1)) {
    this.#epoch = epochMs;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const entry = { due: this.#elapsed + Math.max(0, delayMs), order: this.#order++, fire };
    this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  /** Moves time on by `ms`, firing due timers in order; a timer set while firing fires too when it is due. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.due);
      next.fire();
    }
    this.#elapsed = end;
  }

  #next(end: number): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of this.#timers) {
      if (entry.due > end) continue;
      if (!best || entry.due < best.due || (entry.due === best.due && entry.order < best.order)) best = entry;
    }
    return best;
  }
}
