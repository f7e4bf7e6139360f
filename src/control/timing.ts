// Promises with a deadline. What takes too long is left to itself, never cancelled.
import type { Clock } from "../base/clock.js";
import { TuskError } from "../base/errors.js";

export interface Deadline {
  readonly clock: Clock;
  readonly limitMs: number;
}

const late = Symbol("late");

async function race<T>(promise: Promise<T>, { clock, limitMs }: Deadline): Promise<T | typeof late> {
  let cancel = (): void => {};
  const deadline = new Promise<typeof late>((resolve) => {
    cancel = clock.setTimer(limitMs, () => resolve(late), { keepAlive: true }).cancel;
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    cancel();
  }
}

/** Rejects with TIMEOUT and `message` when `promise` takes longer. */
export async function withTimeout<T>(promise: Promise<T>, deadline: Deadline, message: string): Promise<T> {
  const result = await race(promise, deadline);
  if (result === late) throw new TuskError("TIMEOUT", `${message} (after ${deadline.limitMs} ms)`);
  return result;
}

/** False when `promise` takes longer; rejects when it does. */
export async function settlesWithin(promise: Promise<unknown>, deadline: Deadline): Promise<boolean> {
  return (await race(promise, deadline)) !== late;
}
