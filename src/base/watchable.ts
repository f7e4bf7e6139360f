// A current value and those who want to know when it changes. What joins the controller's runners:
// each reads the last value of what it depends on, and never a queue of what happened in between.

export type Unsubscribe = () => void;

export interface ReadonlyWatchable<T> {
  get(): T;
  /** Calls `listener` after every change, synchronously, with the new and the previous value; not at once. */
  watch(listener: (value: T, previous: T) => void): Unsubscribe;
}

export class Watchable<T> implements ReadonlyWatchable<T> {
  #value: T;
  readonly #listeners = new Set<(value: T, previous: T) => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  get(): T {
    return this.#value;
  }

  /** Setting the identical value (Object.is) tells nobody. */
  set(value: T): void {
    const previous = this.#value;
    if (Object.is(value, previous)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value, previous);
  }

  watch(listener: (value: T, previous: T) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
