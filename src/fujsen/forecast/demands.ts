// predictMicroservicesDemands: a forecast with intervals for each service, and what its method missed in backtests.

import { TuskError } from "../../base/errors.js";
import { forecastSeries, type Method, type SeriesForecast } from "./forecast-series.js";
import type { Tier } from "./members.js";
import type { DemandSeries } from "./series.js";
import { timeOfStep } from "./step-time.js";
import type { UsagePattern, UsagePatterns } from "./usage-patterns.js";

/** Counts up when the same input would give another answer. */
export const demandsVersion = "1";

export interface DemandOptions {
  /** Steps ahead. Default: two of the service's seasons at most 336, else 48. 1 to 2016. */
  readonly horizon?: number;
  /** `best` (default) weighs all methods; `fast` takes a fifth of the time. */
  readonly tier?: Tier;
  /** Shares that intervals should contain. Default 0.8 and 0.95. */
  readonly levels?: readonly number[];
}

export interface DemandPrediction {
  readonly service: string;
  readonly method: Method;
  readonly reason: string;
  readonly stepSeconds: number;
  /** Time of the first predicted step, ISO 8601. */
  readonly start: string;
  /** Requests per second at each step. */
  readonly mean: readonly number[];
  /** Null where too little history could be held back to measure an error. */
  readonly intervals:
    | readonly { readonly level: number; readonly lower: readonly number[]; readonly upper: readonly number[] }[]
    | null;
  readonly backtest: SeriesForecast["backtest"];
  readonly weights: SeriesForecast["weights"];
  readonly notes: readonly string[];
}

export interface DemandPredictions {
  readonly version: string;
  readonly services: readonly DemandPrediction[];
  readonly refused: UsagePatterns["refused"];
}

const longestHorizon = 2016;
const defaultLevels = [0.8, 0.95] as const;

/** Throws REQUEST_INVALID for a horizon or a level out of range. */
export function predictMicroservicesDemands(patterns: UsagePatterns, options: DemandOptions = {}): DemandPredictions {
  const checked = checkOptions(options);
  return {
    version: demandsVersion,
    services: patterns.services.map((pattern) => predict(pattern, checked)),
    refused: patterns.refused,
  };
}

interface Checked {
  readonly horizon: number | null;
  readonly tier: Tier;
  readonly levels: readonly number[];
}

function checkOptions({ horizon, tier = "best", levels = defaultLevels }: DemandOptions): Checked {
  if (horizon !== undefined && !(Number.isInteger(horizon) && horizon >= 1 && horizon <= longestHorizon)) {
    throw new TuskError("REQUEST_INVALID", `the horizon is ${horizon}, not a whole number from 1 to ${longestHorizon}`);
  }
  const wrong = levels.find((level) => !(level > 0 && level < 1));
  if (wrong !== undefined) throw new TuskError("REQUEST_INVALID", `the level ${wrong} is not between 0 and 1`);
  if (tier !== "best" && tier !== "fast") throw new TuskError("REQUEST_INVALID", `there is no tier \`${tier}\``);
  return { horizon: horizon ?? null, tier, levels };
}

function predict(
  { service, series, seasons, notes }: UsagePattern,
  { horizon, tier, levels }: Checked,
): DemandPrediction {
  const { stepSeconds } = series;
  const steps = horizon ?? defaultHorizon(seasons[0] ? seasons[0].seconds / stepSeconds : null);
  const forecast = forecastSeries(series, { horizon: steps, tier, levels });
  return {
    service,
    method: forecast.method,
    reason: forecast.reason,
    stepSeconds,
    start: timeOfStep(series, series.values.length),
    mean: Array.from(forecast.mean),
    intervals:
      forecast.intervals?.map(({ level, lower, upper }) => ({
        level,
        lower: Array.from(lower),
        upper: Array.from(upper),
      })) ?? null,
    backtest: forecast.backtest,
    weights: forecast.weights,
    notes: [...notes, ...doubtsOf(forecast, series, steps)],
  };
}

const defaultHorizon = (season: number | null): number => (season === null ? 48 : Math.min(336, 2 * season));

function doubtsOf({ intervals, backtest }: SeriesForecast, { values }: DemandSeries, horizon: number): string[] {
  const doubts: string[] = [];
  if (!intervals) doubts.push("the forecast was not tested, and has no intervals");
  else if ((backtest?.origins ?? 0) < 3) doubts.push(`the intervals rest on few backtests: ${backtest?.origins}`);
  if (horizon > values.length / 3) doubts.push(`${horizon} steps ahead is far for ${values.length} values`);
  return doubts;
}
