// How long to wait before a process that died is started again. Pure.

export interface BackoffPolicy {
  /** One that lived at least this long died by chance: the next starts at once. */
  readonly steadyMs: number;
  /** Before the second start in a row of those that died young; doubles from there. The first is at once. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

export interface BackoffState {
  readonly diedYoungInRow: number;
}

export const restedBackoff: BackoffState = { diedYoungInRow: 0 };

export function nextStart(
  state: BackoffState,
  livedMs: number,
  policy: BackoffPolicy,
): { readonly state: BackoffState; readonly delayMs: number } {
  if (livedMs >= policy.steadyMs) return { state: restedBackoff, delayMs: 0 };
  const diedYoungInRow = state.diedYoungInRow + 1;
  const delayMs = diedYoungInRow === 1 ? 0 : policy.firstDelayMs * 2 ** (diedYoungInRow - 2);
  return { state: { diedYoungInRow }, delayMs: Math.min(delayMs, policy.longestDelayMs) };
}
