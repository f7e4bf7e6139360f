// One forecast of one regular series: members are run and backtested, weighted and combined; the seasonal naive
// forecast is used instead wherever it did better; intervals come from what the backtests missed.
import { backtest, type History, originsOf, runMembers, viewsOf, weigh } from "./backtest.js";
import { type BacktestReport, judgeBacktests } from "./backtest-report.js";
import { combine } from "./combine.js";
import { type Interval, intervalsFor } from "./intervals.js";
import { coreLags, type Member, membersFor, naiveName, type Tier } from "./members.js";
import { prepare } from "./prepare.js";
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
  const members = membersFor(seasons, tier);
  const views = viewsOf(history);
  const origins = backtest(members, history, { views, ends: endsOf(history, seasons, options), horizon });
  const end = history.values.length;
  const paths = runMembers(members, views, { end, horizon, logOffset: history.logOffset });
  const { weights, combined } = weigh(origins, history, horizon);
  const naive = origins.map(({ paths: [path] }) => path as Float64Array);
  const verdict = judgeBacktests({ history, origins, combined, naive });
  const mean = verdict.useNaive ? (paths[0] as Float64Array) : combine(paths, weights, horizon);
  const spread = spreadOfPaths(views.root, horizon, { lags: coreLags(seasons), season: seasons.season });
  const tested = verdict.useNaive ? naive : combined;
  return {
    method: verdict.useNaive ? naiveName : "ensemble",
    reason: verdict.reason,
    seasons: seasons.found,
    mean,
    intervals: intervalsFor(mean, levels, { history, origins, combined: tested, spread, horizon }),
    backtest: verdict.report,
    weights: verdict.useNaive ? [] : sharesOf(weights, members),
  };
}

/** Two of each season and a third of the history are always known. */
function endsOf(
  { values }: History,
  { season, longSeason }: Found,
  { horizon, tier }: SeriesForecastOptions,
): number[] {
  const twice = longSeason > season ? 2 * longSeason + season : 2 * season;
  const fewest = Math.max(twice, Math.ceil(values.length / 3));
  return originsOf(values.length, { season, horizon, most: mostOrigins[tier], fewest });
}

function sharesOf(weights: Float64Array, members: readonly Member[]): { member: string; share: number }[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return members
    .map(({ name }, index) => ({ member: name, share: (weights[index] as number) / total }))
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
