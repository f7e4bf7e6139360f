// Waits for a condition about the outside world (processes, ports, files) that nobody announces.
// The one place in the tests that polls; a test never sleeps for a fixed time.
import { setTimeout as delay } from "node:timers/promises";

export interface EventuallyOptions {
  /** Default 10000. */
  readonly timeoutMs?: number;
  /** Default 10. */
  readonly everyMs?: number;
  /** What is waited for, in the error's message. */
  readonly what?: string;
}

/** The first value of `look` that is not false, null or undefined. Throws when the time is up. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 10_000, everyMs = 10, what = look.toString() } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<T, false | null | undefined>;
    }
    if (performance.now() >= deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(everyMs);
  }
}
