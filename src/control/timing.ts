// A promise with a deadline.
import { TuskError } from "../base/errors.js";

/** Rejects with TIMEOUT and `message` when `promise` takes longer; the work itself is not cancelled. */
export async function withTimeout<T>(promise: Promise<T>, limitMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TuskError("TIMEOUT", `${message} (after ${limitMs} ms)`)), limitMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
