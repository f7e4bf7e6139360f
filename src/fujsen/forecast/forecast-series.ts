// One forecast of one regular series: members are run and backtested, weighted and combined; the seasonal naive
// forecast is used instead wherever it did better; intervals come from what the backtests missed.
import {
  backtest,
  errorsOf,
  type History,
  type Origin,
  originsOf,
  type PathErrors,
  runMembers,
  viewsOf,
  weigh,
} from "./backtest.js";
import { combine } from "./combine.js";
import { type Interval, intervalsFor } from "./intervals.js";
import { coreLags, membersFor, naiveName, type Tier } from "./members.js";
import { prepare } from "./prepare.js";
import { seasonalScale } from "./scores.js";
import type { FoundSeason } from "./seasons.js";
import type { DemandSeries } from "./series.js";
import { logOffset } from "./space.js";
import { spreadOfPaths } from "./spread.js";

export interface SeriesForecastOptions {
  /** Steps ahead, 1 or more. */
  readonly horizon: number;
  readonly tier: Tier;
  /** Shares that intervals should contain, each above 0 and below 1. */
  readonly levels: readonly number[];
}

export type Method = "ensemble" | "seasonal-naive" | "last-value";

/** How the forecast's own method did from past moments, each weighted without knowing that moment. */
export interface BacktestReport {
  /** From how many past moments. */
  readonly origins: number;
  /** Percent. */
  readonly symmetricError: number;
  /** In units of the mean difference to one season before: below 1 is better than repeating the last season in-sample. */
  readonly scaledError: number;
  /** The same of the seasonal naive forecast. */
  readonly naive: { readonly symmetricError: number; readonly scaledError: number };
}

export interface SeriesForecast {
  readonly method: Method;
  /** Why that method. */
  readonly reason: string;
  readonly seasons: readonly FoundSeason[];
  readonly mean: Float64Array;
  /** Null where too little history could be held back to measure an error. */
  readonly intervals: readonly Interval[] | null;
  readonly backtest: BacktestReport | null;
  /** The share of each member in the ensemble, highest first; empty for other methods. */
  readonly weights: readonly { readonly member: string; readonly share: number }[];
}

/** Backtests of each tier; the best tier's are a week's worth for hourly data. */
const mostOrigins: Readonly<Record<Tier, number>> = { fast: 2, best: 7 };
/** Long seasons of history that models see; older values tell little and cost time. */
const mostLongSeasons = 12;
const mostPlainSteps = 4000;
const fewestSteps = 16;
/** How much better the seasonal naive forecast must be, over the number of backtests: few of them tell little. */
const naiveMargin = 0.2;

export function forecastSeries(
  series: Pick<DemandSeries, "values" | "stepSeconds">,
  options: SeriesForecastOptions,
): SeriesForecast {
  const { values, measured, season, longSeason, found } = prepare(series);
  if (isConstant(values)) return lastValue(values, options.horizon, "every value is the same");
  if (values.length < fewestSteps) return lastValue(values, options.horizon, `there are only ${values.length} values`);
  const kept = Math.max(mostPlainSteps, mostLongSeasons * longSeason);
  const history: History = {
    values: values.subarray(-kept),
    measured: measured.subarray(-kept),
    season,
    logOffset: logOffset(values),
  };
  return forecastHistory(history, { season, longSeason, found }, options);
}

interface Found {
  readonly season: number;
  readonly longSeason: number;
  readonly found: readonly FoundSeason[];
}

function forecastHistory(history: History, seasons: Found, options: SeriesForecastOptions): SeriesForecast {
  const { horizon, tier, levels } = options;
  const { season, longSeason, found } = seasons;
  const members = membersFor(seasons, tier);
  const views = viewsOf(history);
  const fewest = Math.max(
    2 * season,
    longSeason > season ? 2 * longSeason + season : 0,
    Math.ceil(history.values.length / 3),
  );
  const ends = originsOf(history.values.length, { season, horizon, most: mostOrigins[tier], fewest });
  const origins = backtest(members, history, { views, ends, horizon });
  const end = history.values.length;
  const paths = runMembers(members, views, { end, horizon, logOffset: history.logOffset });
  const naive = origins.map(({ paths: [path] }) => path as Float64Array);
  const { weights, combined } = weigh(origins, history, horizon);
  const errors = meanErrors(origins, combined, history);
  const naiveErrors = meanErrors(origins, naive, history);
  const useNaive = !errors || !naiveErrors || lossOver(errors, naiveErrors) >= 1 + naiveMargin / origins.length;
  const mean = useNaive ? (paths[0] as Float64Array) : combine(paths, weights, horizon);
  const lags = coreLags(seasons);
  const intervals = intervalsFor(mean, levels, {
    history,
    origins,
    combined: useNaive ? naive : combined,
    spread: spreadOfPaths(views.root, horizon, { lags, season }),
    horizon,
  });
  return {
    method: useNaive ? naiveName : "ensemble",
    reason: reasonFor(errors, naiveErrors, { origins: origins.length, useNaive }),
    seasons: found,
    mean,
    intervals,
    backtest: report(useNaive ? naiveErrors : errors, naiveErrors, origins.length),
    weights: useNaive
      ? []
      : sharesOf(
          weights,
          members.map(({ name }) => name),
        ),
  };
}

function meanErrors(origins: readonly Origin[], paths: readonly Float64Array[], history: History): PathErrors | null {
  const scale = seasonalScale(history.values, history.season) || 1;
  const errors = origins.flatMap((origin, index) => {
    const path = paths[index];
    return (path ? errorsOf(path, origin, history, scale) : null) ?? [];
  });
  if (errors.length === 0) return null;
  const mean = (pick: (error: PathErrors) => number) =>
    errors.reduce((sum, error) => sum + pick(error), 0) / errors.length;
  return { symmetric: mean(({ symmetric }) => symmetric), scaled: mean(({ scaled }) => scaled) };
}

function lossOver(errors: PathErrors, unit: PathErrors): number {
  const over = (value: number, by: number) => (by > 0 ? value / by : value > 0 ? Number.POSITIVE_INFINITY : 1);
  return (over(errors.symmetric, unit.symmetric) + over(errors.scaled, unit.scaled)) / 2;
}

interface Choice {
  readonly origins: number;
  readonly useNaive: boolean;
}

function reasonFor(errors: PathErrors | null, naive: PathErrors | null, { origins, useNaive }: Choice): string {
  if (!errors || !naive) return "there is too little history for a backtest: the last season is repeated";
  const share = `${Math.round(lossOver(errors, naive) * 100)} %`;
  const tests = origins === 1 ? "one backtest" : `${origins} backtests`;
  if (useNaive) return `repeating the last season did better in ${tests}: the ensemble had ${share} of its error`;
  if (lossOver(errors, naive) < 1) return `its error in ${tests} was ${share} of that of repeating the last season`;
  return `repeating the last season did about as well in ${tests} (${share}), which is too few to prefer it`;
}

function report(errors: PathErrors | null, naive: PathErrors | null, origins: number): BacktestReport | null {
  if (!errors || !naive) return null;
  return {
    origins,
    symmetricError: errors.symmetric,
    scaledError: errors.scaled,
    naive: { symmetricError: naive.symmetric, scaledError: naive.scaled },
  };
}

function sharesOf(weights: Float64Array, names: readonly string[]): { member: string; share: number }[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return names
    .map((member, index) => ({ member, share: (weights[index] as number) / total }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

function isConstant(values: Float64Array): boolean {
  return values.every((value) => value === values[0]);
}

function lastValue(values: Float64Array, horizon: number, reason: string): SeriesForecast {
  const mean = new Float64Array(horizon).fill(values[values.length - 1] ?? 0);
  return { method: "last-value", reason, seasons: [], mean, intervals: null, backtest: null, weights: [] };
}
