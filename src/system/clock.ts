// The machine's clock and random source, behind the interfaces that pure code takes.
import { randomBytes } from "node:crypto";
import type { Clock, Rng, Timer } from "../base/clock.js";

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs: number, fire: () => void, options?: { keepAlive?: boolean }): Timer {
    const timer = setTimeout(fire, delayMs);
    if (!options?.keepAlive) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRng: Rng = Math.random;

/** A UUIDv7 (RFC 9562, section 5.7): sorts by time of creation. */
export function uuidv7(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
