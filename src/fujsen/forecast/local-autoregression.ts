// Autoregression that learns where it errs: it is run from past days as it will be run from now, and the mean of its
// errors there, weighted by how much those days were like today, is added. An analogue correction of a linear model,
// after Lorenz (1969). The paths of errors also say how uncertainty grows with the horizon and differs by hour.
import {
  type Autoregression,
  centredAt,
  extrapolate,
  type FitOptions,
  fitAutoregression,
  longestLag,
  meanOf,
} from "./autoregression.js";

export interface LocalOptions extends FitOptions {
  readonly lags: readonly number[];
  readonly season: number;
}

/** Weight of "no error" beside that of the past days: two days. */
const shrinkage = 2;
/** A past day loses a factor e of its weight in so many seasons. */
const memorySeasons = 28;

export function forecastLocally(
  z: Float64Array,
  horizon: number,
  { lags, season, ...options }: LocalOptions,
): Float64Array | null {
  const mean = meanOf(z);
  const centred = centredAt(z, mean);
  const model = fitAutoregression(centred, lags, options);
  if (!model) return null;
  const window = new Float64Array(longestLag(lags) + horizon);
  const path = extrapolate(model, centred, { end: z.length, horizon, window }).slice();
  const error = meanError(model, centred, { season, horizon, window });
  for (let h = 0; h < horizon; h++) path[h] = (path[h] as number) + (error[h] as number) + mean;
  return path;
}

interface Walk {
  readonly season: number;
  readonly horizon: number;
  readonly window: Float64Array;
}

function meanError(model: Autoregression, centred: Float64Array, { season, horizon, window }: Walk): Float64Array {
  const n = centred.length;
  const error = new Float64Array(horizon);
  let total = shrinkage;
  const first = Math.max(longestLag(model.lags), season);
  const back = Math.ceil(horizon / season) * season;
  for (let end = n - back; end >= first; end -= season) {
    const path = extrapolate(model, centred, { end, horizon, window });
    const weight = likeness(centred, end, season) * Math.exp((end - n) / (memorySeasons * season));
    total += weight;
    for (let h = 0; h < horizon; h++) {
      error[h] = (error[h] as number) + weight * ((centred[end + h] as number) - (path[h] as number));
    }
  }
  for (let h = 0; h < horizon; h++) error[h] = (error[h] as number) / total;
  return error;
}

/** 1 when the season before `end` was as the last one is, falling towards 0. */
function likeness(centred: Float64Array, end: number, season: number): number {
  const n = centred.length;
  let [apart, power] = [0, 0];
  for (let i = 1; i <= season; i++) {
    const now = centred[n - i] as number;
    const distance = (centred[end - i] as number) - now;
    apart += distance * distance;
    power += now * now;
  }
  return power > 0 ? Math.exp(-apart / power) : 0;
}

export interface Spread {
  /** Mean absolute error at each step ahead, relative to the whole. */
  readonly byHorizon: Float64Array;
  /** Mean absolute error at each phase of the season, counted backwards from the last value (0), relative likewise. */
  readonly byPhase: Float64Array;
}

/** How far the model misses along past paths; null when there is too little history. */
export function spreadOfPaths(z: Float64Array, horizon: number, { lags, season }: LocalOptions): Spread | null {
  const centred = centredAt(z, meanOf(z));
  const model = fitAutoregression(centred, lags);
  const first = longestLag(lags);
  const last = z.length - horizon;
  if (!model || last - first < season) return null;
  const window = new Float64Array(first + horizon);
  const byHorizon = new Float64Array(horizon);
  const byPhase = new Float64Array(season);
  const counted = new Float64Array(season);
  const stride = strideOver(last - first, season);
  for (let end = last; end >= first; end -= stride) {
    const path = extrapolate(model, centred, { end, horizon, window });
    for (let h = 0; h < horizon; h++) {
      const error = Math.abs((centred[end + h] as number) - (path[h] as number));
      const phase = (z.length - 1 - end - h) % season;
      byHorizon[h] = (byHorizon[h] as number) + error;
      byPhase[phase] = (byPhase[phase] as number) + error;
      counted[phase] = (counted[phase] as number) + 1;
    }
  }
  return { byHorizon: relative(byHorizon), byPhase: relative(byPhase, counted) };
}

// About 150 paths, by a stride that shares no factor with the season, so that every phase is met.
function strideOver(rows: number, season: number): number {
  let stride = Math.max(1, Math.floor(rows / 150));
  while (stride > 1 && greatestCommonDivisor(stride, season) > 1) stride++;
  return stride;
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** Divided by their mean; what was never met counts as the mean. */
function relative(sums: Float64Array, counts?: Float64Array): Float64Array {
  const values = sums.map((sum, i) => (counts ? sum / Math.max(1, counts[i] as number) : sum));
  const met = values.filter((_, i) => !counts || (counts[i] as number) > 0);
  const mean = meanOf(met);
  return values.map((value, i) => (mean > 0 && (!counts || (counts[i] as number) > 0) ? value / mean : 1));
}
