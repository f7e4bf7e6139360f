// The machine's clock and random source, behind the interfaces that pure code takes.
import { randomFillSync } from "node:crypto";
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

// Asking the kernel for random bytes costs as much for a few thousand as for sixteen.
const pool = Buffer.allocUnsafeSlow(4_096);
let used = pool.length;

function takeRandom(count: number): number {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return used - count;
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const hex = (at: number): string => hexPairs[pool[at] as number] as string;

/** A UUIDv7 (RFC 9562, section 5.7): sorts by time of creation. */
export function uuidv7(nowMs: number = Date.now()): string {
  const at = takeRandom(16);
  pool.writeUIntBE(nowMs, at, 6);
  pool[at + 6] = ((pool[at + 6] as number) & 0x0f) | 0x70;
  pool[at + 8] = ((pool[at + 8] as number) & 0x3f) | 0x80;
  const time = hex(at) + hex(at + 1) + hex(at + 2) + hex(at + 3);
  const fine = `${hex(at + 4)}${hex(at + 5)}-${hex(at + 6)}${hex(at + 7)}-${hex(at + 8)}${hex(at + 9)}`;
  const node = hex(at + 10) + hex(at + 11) + hex(at + 12) + hex(at + 13) + hex(at + 14) + hex(at + 15);
  return `${time}-${fine}-${node}`;
}
