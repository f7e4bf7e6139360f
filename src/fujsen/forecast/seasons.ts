// Which seasons a series has, from its autocorrelation: nothing is assumed of its unit. Where the time step is known,
// the day and the week are preferred to lags beside them, and the week is offered as a candidate for the backtests.
import { autocorrelation } from "./autocorrelation.js";
import type { Seasons } from "./members.js";

export interface FoundSeason {
  readonly steps: number;
  /** Autocorrelation at that lag, 0 to 1. */
  readonly strength: number;
  /** `found`: a peak of the autocorrelation. `candidate`: the calendar's, for the backtests to judge. */
  readonly basis: "found" | "candidate";
}

export interface SeasonSearch extends Seasons {
  readonly found: readonly FoundSeason[];
}

/** A season is seen this often before it is believed. */
const fewestCycles = 3;
/** Lags around a day that count as the day, as a share of it. */
const nearDay = 0.05;
/** A shorter peak is preferred to a longer one that is not more than this much higher, as a factor. */
const clearlyHigher = 0.6;
const weakest = 0.2;

export function findSeasons(z: Float64Array, stepSeconds: number): SeasonSearch {
  const longest = Math.floor(z.length / fewestCycles);
  const none: SeasonSearch = { season: 1, longSeason: 1, found: [] };
  if (longest < 3) return none;
  const correlation = autocorrelation(withoutTrend(z), longest + 1);
  const peak = firstStrongPeak(correlation, longest, z.length);
  if (peak === null) return none;
  const season = nearCalendar(peak, correlation, stepSeconds);
  const daily: FoundSeason = { steps: season, strength: Math.min(1, correlation[season] as number), basis: "found" };
  const long = findLongSeason(z, season, stepSeconds);
  return { season, longSeason: long?.steps ?? season, found: long ? [daily, long] : [daily] };
}

/** The lowest lag that peaks nearly as high as any. */
function firstStrongPeak(correlation: Float64Array, longest: number, length: number): number | null {
  const peaks = peaksOf(correlation, longest);
  const needed = Math.max(weakest, 3 / Math.sqrt(length));
  const highest = peaks.reduce((most, lag) => Math.max(most, correlation[lag] as number), 0);
  if (highest < needed) return null;
  const first = peaks.find((lag) => (correlation[lag] as number) >= Math.max(needed, clearlyHigher * highest));
  return first === undefined ? null : climb(correlation, first, longest);
}

// Noise makes small peaks on the flank of a large one: the highest lag up to a quarter further is taken, and again.
function climb(correlation: Float64Array, from: number, longest: number): number {
  let best = from;
  for (let lag = from; lag <= Math.min(longest, Math.floor(1.25 * best)); lag++) {
    if ((correlation[lag] as number) > (correlation[best] as number)) best = lag;
  }
  return best;
}

// A peak counts when the correlation was clearly lower before it: a smooth series correlates at every short lag.
function peaksOf(correlation: Float64Array, longest: number): number[] {
  const peaks: number[] = [];
  let lowest = 1;
  for (let lag = 2; lag <= longest; lag++) {
    const value = correlation[lag] as number;
    lowest = Math.min(lowest, correlation[lag - 1] as number);
    const isTop = value > (correlation[lag - 1] as number) && value >= (correlation[lag + 1] as number);
    if (isTop && value - lowest > 0.1) peaks.push(lag);
  }
  return peaks;
}

/** The day, the hour or the half-hour where the peak lies beside it; else the peak itself. */
function nearCalendar(peak: number, correlation: Float64Array, stepSeconds: number): number {
  for (const seconds of [604_800, 86_400, 3600]) {
    const steps = seconds / stepSeconds;
    const near = Number.isInteger(steps) && Math.abs(peak - steps) <= Math.max(1, nearDay * steps);
    if (near && (correlation[steps] ?? 0) > 0.8 * (correlation[peak] as number)) return steps;
  }
  return peak;
}

/** A multiple of the season that explains more than the season does. */
function findLongSeason(z: Float64Array, season: number, stepSeconds: number): FoundSeason | null {
  const multiples = Math.floor(z.length / fewestCycles / season);
  const week = 604_800 / stepSeconds;
  const candidate = Number.isInteger(week) && week % season === 0 && week > season && multiples * season >= week;
  if (multiples < 2) return null;
  const correlation = autocorrelation(withoutSeason(z, season), multiples * season);
  const at = (multiple: number) => correlation[multiple * season] ?? 0;
  let best = 2;
  for (let multiple = 3; multiple <= multiples; multiple++) if (at(multiple) > at(best) + 0.05) best = multiple;
  const needed = Math.max(weakest, 3 / Math.sqrt(z.length));
  const peaks = at(best) > needed && at(best) > at(best - 1) + 0.05 && at(best) > (at(best + 1) || -1);
  if (candidate && (!peaks || at(week / season) >= 0.5 * at(best))) {
    const strength = Math.max(0, Math.min(1, at(week / season)));
    return { steps: week, strength, basis: peaks ? "found" : "candidate" };
  }
  return peaks ? { steps: best * season, strength: Math.min(1, at(best)), basis: "found" } : null;
}

/** About the straight line through it (least squares). */
function withoutTrend(z: Float64Array): Float64Array {
  const middle = (z.length - 1) / 2;
  let [mean, slope, spread] = [0, 0, 0];
  for (const value of z) mean += value / z.length;
  for (let t = 0; t < z.length; t++) {
    slope += (t - middle) * ((z[t] as number) - mean);
    spread += (t - middle) * (t - middle);
  }
  return z.map((value, t) => value - mean - (slope / spread) * (t - middle));
}

/** About the mean of its phase. */
function withoutSeason(z: Float64Array, season: number): Float64Array {
  const sums = new Float64Array(season);
  for (let t = 0; t < z.length; t++) sums[t % season] = (sums[t % season] as number) + (z[t] as number);
  const seen = (phase: number) => Math.ceil((z.length - phase) / season);
  return z.map((value, t) => value - (sums[t % season] as number) / seen(t % season));
}
