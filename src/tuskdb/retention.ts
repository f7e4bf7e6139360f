// What to keep of the past and how finely: decides only, and is told the time and the size. maintenance.ts does it.

export interface RetentionPolicy {
  /** Rows as measured, one a second: default 1 hour. */
  readonly secondsKeptMs: number;
  /** One row a minute: default 1 day. After that one row an hour. */
  readonly minutesKeptMs: number;
  /** Everything: default 30 days. */
  readonly keptMs: number;
  /** The database's size on disk: default 512 MiB. The oldest rows go before it is reached. */
  readonly capBytes: number;
}

const hourMs = 3_600_000;

export const defaultRetention: RetentionPolicy = {
  secondsKeptMs: hourMs,
  minutesKeptMs: 24 * hourMs,
  keptMs: 30 * 24 * hourMs,
  capBytes: 512 * 1024 * 1024,
};

export interface RetentionState {
  /** When each was last decided, wall time; null before the first. */
  readonly rolledUpAt: number | null;
  readonly prunedAt: number | null;
  readonly cutAt: number | null;
}

export const firstRetentionState: RetentionState = { rolledUpAt: null, prunedAt: null, cutAt: null };

export interface RetentionFacts {
  readonly usedBytes: number;
}

export type RetentionEffect =
  /** Rows up to `before` that are finer than `seconds` become one row for each `seconds`. */
  | { readonly kind: "roll-up"; readonly seconds: 60 | 3_600; readonly before: number }
  | { readonly kind: "prune"; readonly before: number }
  /** This share of each table's rows, the oldest. */
  | { readonly kind: "cut"; readonly share: number; readonly usedBytes: number; readonly capBytes: number }
  | { readonly kind: "reclaim" };

const rollUpEveryMs = 5 * 60_000;
const pruneEveryMs = hourMs;
/** Deleting shows in the size only after it has been reclaimed; cutting again before that would cut too much. */
const cutEveryMs = 60_000;
/** What stays may be written anew before the old is freed, so that a cut needs up to 1.75 times what is in use. */
const actAtShareOfCap = 0.5;
const shareToCut = 0.25;

export interface RetentionStep {
  readonly state: RetentionState;
  readonly effects: readonly RetentionEffect[];
}

export function stepRetention(
  state: RetentionState,
  { usedBytes }: RetentionFacts,
  { now, policy }: { readonly now: number; readonly policy: RetentionPolicy },
): RetentionStep {
  const rollUp = isDue(state.rolledUpAt, now, rollUpEveryMs);
  const prune = isDue(state.prunedAt, now, pruneEveryMs);
  const cut = usedBytes >= policy.capBytes * actAtShareOfCap && isDue(state.cutAt, now, cutEveryMs);
  const effects: RetentionEffect[] = [
    ...(prune ? [{ kind: "prune", before: now - policy.keptMs } as const] : []),
    ...(rollUp ? rollUps(now, policy) : []),
    ...(cut ? [{ kind: "cut", share: shareToCut, usedBytes, capBytes: policy.capBytes } as const] : []),
  ];
  return {
    state: {
      rolledUpAt: rollUp ? now : state.rolledUpAt,
      prunedAt: prune ? now : state.prunedAt,
      cutAt: cut ? now : state.cutAt,
    },
    effects: effects.length > 0 ? [...effects, { kind: "reclaim" }] : [],
  };
}

/** A clock that was set back does not stop it. */
const isDue = (last: number | null, now: number, everyMs: number): boolean =>
  last === null || now < last || now - last >= everyMs;

/** Whole minutes and hours only, so that no row stands for half of one. */
const rollUps = (now: number, { secondsKeptMs, minutesKeptMs }: RetentionPolicy): RetentionEffect[] => [
  { kind: "roll-up", seconds: 60, before: floorTo(now - secondsKeptMs, 60_000) },
  { kind: "roll-up", seconds: 3_600, before: floorTo(now - minutesKeptMs, hourMs) },
];

const floorTo = (ms: number, unitMs: number): number => Math.floor(ms / unitMs) * unitMs;
