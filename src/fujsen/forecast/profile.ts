// A repeating profile (of the day, with the week's deviations shrunk towards it) and an autoregression of what remains.
// Averages over all weeks, where lags see only the last: strong on noisy counts, weak where the level wanders.
import { type FitOptions, forecastByLags, meanOf } from "./autoregression.js";

export interface ProfileOptions extends FitOptions {
  readonly lags: readonly number[];
  readonly season: number;
  /** A multiple of `season`; equal to it when there is none. */
  readonly longSeason: number;
  /** Weight of "as on every day" beside the weeks that were seen. 0 takes the weeks as they were. */
  readonly shrinkage: number;
  /** Weight of a day relative to the day after it. */
  readonly dayDecay: number;
  /** Weight of a week relative to the week after it. */
  readonly weekDecay: number;
  /** Whether the profile is taken about a moving level rather than about the mean of all. */
  readonly movingLevel: boolean;
}

export function forecastByProfile(z: Float64Array, horizon: number, options: ProfileOptions): Float64Array | null {
  const { longSeason } = options;
  if (z.length < 2 * longSeason) return null;
  const profile = profileOf(options.movingLevel ? aboutMovingLevel(z, longSeason) : aboutMean(z), options);
  const remainder = new Float64Array(z.length);
  for (let t = 0; t < z.length; t++) {
    remainder[t] = (z[t] as number) - (profile[(z.length - 1 - t) % longSeason] as number);
  }
  const path = forecastByLags(remainder, horizon, options);
  if (!path) return null;
  for (let h = 0; h < horizon; h++) {
    path[h] = (path[h] as number) + (profile[longSeason - 1 - (h % longSeason)] as number);
  }
  return path;
}

/** Index 0 is the phase of the last value, 1 that of the one before it. */
function profileOf(centred: Float64Array, options: ProfileOptions): Float64Array {
  const { season, longSeason, shrinkage, dayDecay, weekDecay } = options;
  const day = phaseMeans(centred, { period: season, decay: dayDecay, prior: 0 });
  if (longSeason === season) return day;
  const deviation = new Float64Array(centred.length);
  for (let t = 0; t < centred.length; t++) {
    deviation[t] = (centred[t] as number) - (day[(centred.length - 1 - t) % season] as number);
  }
  const week = phaseMeans(deviation, { period: longSeason, decay: weekDecay, prior: shrinkage });
  for (let j = 0; j < longSeason; j++) week[j] = (week[j] as number) + (day[j % season] as number);
  return week;
}

interface PhaseOptions {
  readonly period: number;
  readonly decay: number;
  readonly prior: number;
}

function phaseMeans(values: Float64Array, { period, decay, prior }: PhaseOptions): Float64Array {
  const means = new Float64Array(period);
  for (let j = 0; j < period; j++) {
    let [sum, total, weight] = [0, prior, 1];
    for (let t = values.length - 1 - j; t >= 0; t -= period) {
      sum += weight * (values[t] as number);
      total += weight;
      weight *= decay;
    }
    means[j] = total > 0 ? sum / total : 0;
  }
  return means;
}

function aboutMean(z: Float64Array): Float64Array {
  const mean = meanOf(z);
  return z.map((value) => value - mean);
}

/** About the mean of the `span` values around each; at the ends, of the nearest `span` values. */
function aboutMovingLevel(z: Float64Array, span: number): Float64Array {
  const n = z.length;
  const sums = new Float64Array(n + 1);
  for (let t = 0; t < n; t++) sums[t + 1] = (sums[t] as number) + (z[t] as number);
  const about = new Float64Array(n);
  for (let t = 0; t < n; t++) {
    const from = Math.min(Math.max(0, t - Math.floor(span / 2)), Math.max(0, n - span));
    const to = Math.min(n, from + span);
    about[t] = (z[t] as number) - ((sums[to] as number) - (sums[from] as number)) / (to - from);
  }
  return about;
}
