// How uncertainty grows with the horizon and differs by phase of the season: an autoregression is run along many past
// paths, as it would be run from now, and what it misses is averaged. It gives intervals their shape, not their width.
import { centredAt, extrapolate, fitAutoregression, longestLag, meanOf } from "./autoregression.js";

export interface Spread {
  /** Mean absolute error at each step ahead, relative to the whole. */
  readonly byHorizon: Float64Array;
  /** Mean absolute error at each phase of the season, counted backwards from the last value (0), relative likewise. */
  readonly byPhase: Float64Array;
}

/** How far the model misses along past paths; null when there is too little history. */
export function spreadOfPaths(
  z: Float64Array,
  horizon: number,
  { lags, season }: { readonly lags: readonly number[]; readonly season: number },
): Spread | null {
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
