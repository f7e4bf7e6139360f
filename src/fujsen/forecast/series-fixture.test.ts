// Series made for tests: seeded, so that each run sees the same.

/** Uniform in [0, 1), by a linear congruential generator. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** About normal: the sum of twelve uniform values. */
export function noise(seed: number): () => number {
  const next = seeded(seed);
  return () => Array.from({ length: 12 }, next).reduce((sum, value) => sum + value, -6);
}

export interface LoadShape {
  readonly hours: number;
  readonly level?: number;
  readonly weekly?: boolean;
  /** Standard deviation as a share of the level. */
  readonly spread?: number;
  readonly seed?: number;
}

/** Requests per second by the hour: a day with a peak, quieter weekends, noise. */
export function hourlyLoad({ hours, level = 100, weekly = true, spread = 0.05, seed = 1 }: LoadShape): number[] {
  const next = noise(seed);
  return Array.from({ length: hours }, (_, hour) => {
    const day = 1 + 0.6 * Math.sin((2 * Math.PI * (hour % 24)) / 24) + 0.2 * Math.sin((4 * Math.PI * (hour % 24)) / 24);
    const weekend = weekly && Math.floor(hour / 24) % 7 >= 5 ? 0.5 : 1;
    return Math.max(0, level * (day * weekend + spread * next()));
  });
}
