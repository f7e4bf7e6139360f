// The share of its weight that an endpoint has while it is new: a program is slow at first, with cold caches and code
// that is not compiled yet. Grows evenly from a tenth to all of it.

const firstShare = 0.1;

/** 0.1 to 1. `windowMs` 0: always 1. */
export function slowStartShare(readyForMs: number, windowMs: number): number {
  if (windowMs === 0 || readyForMs >= windowMs) return 1;
  return Math.max(firstShare, readyForMs / windowMs);
}
