// The methods that a forecast is made of, for the seasons that were found. One list for all data: what suits a series
// is decided by its own backtests, not here.
import { type AnalogueOptions, forecastByAnalogues } from "./analogue.js";
import { forecastByLags, forecastDifferences } from "./autoregression.js";
import { forecastPeriodically } from "./periodic-autoregression.js";
import { forecastByProfile, type ProfileOptions } from "./profile.js";
import type { Space } from "./space.js";

export interface Seasons {
  /** Steps of the shortest season; 1 when there is none. */
  readonly season: number;
  /** Steps of a longer season, a multiple of the first; equal to it when there is none. */
  readonly longSeason: number;
}

export interface Member {
  readonly name: string;
  readonly space: Space;
  /** On values of its space; null when there is too little history. */
  readonly run: (z: Float64Array, horizon: number) => Float64Array | null;
}

/** `fast` takes four members and few backtests, `best` all of them. */
export type Tier = "fast" | "best";

export const naiveName = "seasonal-naive";

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
const around = (lag: number, reach = 1): number[] => range(lag - reach, lag + reach);
const lagSet = (...lags: readonly number[][]): number[] =>
  [...new Set(lags.flat())].filter((lag) => lag >= 1).sort((a, b) => a - b);

export function membersFor(seasons: Seasons, tier: Tier): readonly Member[] {
  // Without a season all members are cheap.
  if (seasons.season === 1) return plainMembers();
  const members = seasonalMembers(seasons);
  return tier === "best" ? members : members.filter(({ name }) => fastNames.has(name));
}

const fastNames = new Set(["periodic-autoregression-log", "periodic-autoregression-raw", "profile-log", naiveName]);

/** The value one season before; the first member of every list, and what a forecast has to beat. */
export function seasonalNaive(season: number): Member["run"] {
  return (z, horizon) => {
    if (z.length < season) return null;
    const path = new Float64Array(horizon);
    for (let h = 0; h < horizon; h++) path[h] = z[z.length - season + (h % season)] as number;
    return path;
  };
}

function seasonalMembers(seasons: Seasons): Member[] {
  const { season, longSeason } = seasons;
  const long = longSeason > season;
  return [
    { name: naiveName, space: "raw", run: seasonalNaive(season) },
    ...lagMembers(seasons),
    ...profileMembers(seasons),
    ...analogueMembers(seasons),
    ...(long ? longMembers(seasons) : []),
  ];
}

/** The latest values, and those around one season and one long season before. */
export const coreLags = ({ season, longSeason }: Seasons): number[] =>
  lagSet(range(1, 3), around(season), around(longSeason));

/** Two seasons, at most 60 steps. */
const shortLags = ({ season }: Seasons): number[] => range(1, Math.min(2 * season + 2, 60));

function lagMembers(seasons: Seasons): Member[] {
  const { season, longSeason } = seasons;
  const lags = coreLags(seasons);
  // So that the last three long seasons have most of the weight.
  const decay = Math.exp(-1 / (3 * Math.max(longSeason, 7 * season)));
  const periodic = (name: string, space: Space): Member => ({
    name,
    space,
    run: (z, horizon) => forecastPeriodically(z, horizon, { lags, season, decay }),
  });
  return [
    periodic("periodic-autoregression-log", "log"),
    periodic("periodic-autoregression-raw", "raw"),
    {
      name: "periodic-differences-root",
      space: "root",
      run: (z, horizon) =>
        forecastDifferences(z, horizon, season, (differences) =>
          forecastPeriodically(differences, horizon, { lags, season }),
        ),
    },
    {
      name: "short-autoregression-raw",
      space: "raw",
      run: (z, horizon) => forecastByLags(z, horizon, { lags: shortLags(seasons), ridge: 1e-3 }),
    },
  ];
}

function profileMembers(seasons: Seasons): Member[] {
  const short = shortLags(seasons);
  const base: ProfileOptions = {
    ...seasons,
    lags: coreLags(seasons),
    shrinkage: 2,
    dayDecay: 0.98,
    weekDecay: 0.9,
    movingLevel: false,
  };
  const profile = (name: string, space: Space, change: Partial<ProfileOptions>): Member => ({
    name,
    space,
    run: (z, horizon) => forecastByProfile(z, horizon, { ...base, ...change }),
  });
  return [
    profile("profile-log", "log", { lags: short, shrinkage: 0, dayDecay: 1, weekDecay: 1, ridge: 1e-3 }),
    profile("profile-raw", "raw", { lags: short, shrinkage: 1, ridge: 1e-2 }),
    profile("profile-about-level-raw", "raw", { movingLevel: true }),
  ];
}

function analogueMembers({ season, longSeason }: Seasons): Member[] {
  const byLongSeason: AnalogueOptions = {
    length: longSeason,
    level: longSeason,
    stride: 1,
    count: 8,
    memory: 0.5,
    squared: true,
  };
  const byDay: AnalogueOptions = {
    length: season,
    level: season,
    stride: season,
    count: 3,
    memory: Number.POSITIVE_INFINITY,
    squared: false,
  };
  return [
    { name: "analogues-log", space: "log", run: (z, horizon) => forecastByAnalogues(z, horizon, byLongSeason) },
    { name: "day-analogues-log", space: "log", run: (z, horizon) => forecastByAnalogues(z, horizon, byDay) },
  ];
}

function longMembers(seasons: Seasons): Member[] {
  const { season, longSeason } = seasons;
  // Every lag up to the long season where those are few, else those around both seasons.
  const lags =
    longSeason <= 200 ? range(1, longSeason + 2) : lagSet(shortLags(seasons), around(season), around(longSeason, 2));
  return [
    { name: "long-seasonal-naive", space: "raw", run: seasonalNaive(longSeason) },
    {
      name: "all-lags-differences-raw",
      space: "raw",
      run: (z, horizon) =>
        forecastDifferences(z, horizon, season, (differences) =>
          forecastByLags(differences, horizon, { lags, ridge: 3e-3 }),
        ),
    },
  ];
}

function plainMembers(): Member[] {
  const lags = range(1, 12);
  const few = range(1, 3);
  return [
    { name: naiveName, space: "raw", run: seasonalNaive(1) },
    { name: "autoregression-log", space: "log", run: (z, h) => forecastByLags(z, h, { lags, ridge: 1e-3 }) },
    { name: "autoregression-raw", space: "raw", run: (z, h) => forecastByLags(z, h, { lags, ridge: 1e-3 }) },
    { name: "short-autoregression-root", space: "root", run: (z, h) => forecastByLags(z, h, { lags: few }) },
    {
      name: "differences-log",
      space: "log",
      run: (z, h) =>
        forecastDifferences(z, h, 1, (differences) => forecastByLags(differences, h, { lags: few, ridge: 1e-2 })),
    },
    { name: "smoothing-fast-root", space: "root", run: smoothing(0.3) },
    { name: "smoothing-slow-root", space: "root", run: smoothing(0.05) },
    { name: "trend-root", space: "root", run: dampedTrend },
  ];
}

/** Simple exponential smoothing (Brown 1956). */
function smoothing(share: number): Member["run"] {
  return (z, horizon) => {
    let level = z[0] ?? 0;
    for (let t = 1; t < z.length; t++) level += share * ((z[t] as number) - level);
    return z.length === 0 ? null : new Float64Array(horizon).fill(level);
  };
}

/** Holt's method with a damped trend (Gardner & McKenzie 1985), with fixed shares. */
function dampedTrend(z: Float64Array, horizon: number): Float64Array | null {
  if (z.length < 10) return null;
  const [levelShare, trendShare, damping] = [0.3, 0.05, 0.97];
  let [level, trend] = [z[0] as number, 0];
  for (let t = 1; t < z.length; t++) {
    const expected = level + damping * trend;
    const error = (z[t] as number) - expected;
    level = expected + levelShare * error;
    trend = damping * trend + levelShare * trendShare * error;
  }
  const path = new Float64Array(horizon);
  for (let h = 0; h < horizon; h++) {
    trend *= damping;
    level += trend;
    path[h] = level;
  }
  return path;
}
