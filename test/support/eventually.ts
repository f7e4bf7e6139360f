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
  /** An exception of `look` counts as "not yet". Default false: it ends the wait. */
  readonly retryErrors?: boolean;
}

/** The first value of `look` that is not false, null or undefined. Throws when the time is up. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 10_000, everyMs = 10, what = look.toString(), retryErrors = false } = options;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    const value = await attempt(look, (error) => {
      if (!retryErrors) throw error;
      lastError = error;
      return null;
    });
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<T, false | null | undefined>;
    }
    if (performance.now() >= deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: lastError });
    await delay(everyMs);
  }
}

async function attempt<T>(look: () => T | Promise<T>, onError: (error: unknown) => null): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    return onError(error);
  }
}
