// Intervals whose width is measured: errors of backtests, standardised by how uncertainty grows with the horizon and
// differs by phase of the season, and their conformal quantile (Lei et al. 2018) blended with that of a normal
// distribution. Everything happens on square roots, where the noise of counts is even.
import type { History, Origin } from "./backtest.js";
import { normalQuantile } from "./normal.js";
import { fromSpace, pointToSpace } from "./space.js";
import type { Spread } from "./spread.js";

export interface IntervalInput {
  readonly history: History;
  readonly origins: readonly Origin[];
  /** The forecast at each origin. */
  readonly combined: readonly Float64Array[];
  /** Null: uncertainty is taken to grow with the root of the horizon, and to be the same at every phase. */
  readonly spread: Spread | null;
  readonly horizon: number;
}

export interface Interval {
  /** 0 to 1: the share of values that is expected inside. */
  readonly level: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * Backtest errors are of the same weeks that the methods were chosen on, and few of them are independent: intervals
 * from them alone covered too little at every origin of the development series, by about this factor.
 */
const inflation = 1.2;
/** Mean absolute deviation of a normal distribution over its standard deviation. */
const normalMeanDeviation = Math.sqrt(2 / Math.PI);

/** Null when no backtest was possible. Wider levels contain narrower ones. */
export function intervalsFor(mean: Float64Array, levels: readonly number[], input: IntervalInput): Interval[] | null {
  const errors = standardisedErrors(input);
  if (errors.length === 0) return null;
  return levels.map((level) => {
    const reach = inflation * quantileOf(errors, level);
    const lower = new Float64Array(mean.length);
    const upper = new Float64Array(mean.length);
    for (let h = 0; h < mean.length; h++) {
      const centre = pointToSpace(mean[h] as number, "root", 0);
      const width = reach * widthAt(input, h, -1 - h);
      lower[h] = fromSpace(centre - width, "root", 0);
      upper[h] = fromSpace(centre + width, "root", 0);
    }
    return { level, lower, upper };
  });
}

/** Ascending. */
function standardisedErrors(input: IntervalInput): Float64Array {
  const { history, origins, combined } = input;
  const errors: number[] = [];
  for (const [index, { end, length }] of origins.entries()) {
    const path = combined[index] as Float64Array;
    for (let h = 0; h < length; h++) {
      if (history.measured[end + h] === 0) continue;
      const actual = pointToSpace(history.values[end + h] as number, "root", 0);
      const error = Math.abs(actual - pointToSpace(path[h] as number, "root", 0));
      errors.push(error / widthAt(input, h, history.values.length - 1 - end - h));
    }
  }
  return Float64Array.from(errors).sort();
}

/** Half of the differences between phases is believed: each phase was met few times. */
function widthAt({ spread, horizon }: IntervalInput, step: number, stepsBack: number): number {
  if (!spread) return Math.sqrt((1 + step) / horizon);
  const season = spread.byPhase.length;
  const phase = ((stepsBack % season) + season) % season;
  return (0.5 + 0.5 * (spread.byPhase[phase] as number)) * Math.max(0.05, spread.byHorizon[step] as number);
}

/** Half the finite-sample conformal quantile, half that of a normal distribution with the same mean deviation. */
function quantileOf(sorted: Float64Array, level: number): number {
  const n = sorted.length;
  const index = Math.min(n, Math.ceil(level * (n + 1))) - 1;
  let sum = 0;
  for (const error of sorted) sum += error;
  const normal = (normalQuantile((1 + level) / 2) / normalMeanDeviation) * (sum / n);
  return ((sorted[index] as number) + normal) / 2;
}
