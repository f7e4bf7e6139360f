// What a driver does again and again, by name, until it is stopped or says that it is done.
import type { Clock, Timer } from "../base/clock.js";

export class Loops {
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  runs(name: string): boolean {
    return this.#timers.has(name);
  }

  /** `act` says whether to go on. */
  start(name: string, periodMs: number, act: () => boolean): void {
    const fire = (): void => {
      // It stays in the map while it acts, so that an act may see that it runs, and may stop everything.
      if (act() && this.#timers.has(name)) this.start(name, periodMs, act);
      else this.#timers.delete(name);
    };
    // Supervising is a reason for a process to stay alive.
    this.#timers.set(name, this.#clock.setTimer(periodMs, fire, { keepAlive: true }));
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
