// What the request rate of the next minutes may be, learnt from counts as they arrive. The rate is not smoothed with one
// chosen constant: a bank of filters, each with its own memory and growth, explains each count, and the ones that
// explain best are believed. Each filter is the exact Gamma-Poisson one (Harvey & Fernandes 1989, JBES 7), so few
// requests mean wide answers; the bank is a dynamic mixture (Raftery, Kárný & Ettler 2010, Technometrics 52).
import { gammaExceedance, logGamma } from "./special-functions.js";

/** What is known of the rate at one time ahead. */
export interface RateOutlook {
  /** Expected requests per second. */
  readonly mean: number;
  /** Probability that the rate is above `rate` then; never grows with `rate`. */
  exceedance(rate: number): number;
}

/** Plain data. The rate now is Gamma distributed: `shape` requests seen in `exposure` seconds, older ones counting less. */
interface RateFilter {
  readonly memorySeconds: number;
  /** Logarithmic, per second. */
  readonly growth: number;
  readonly shape: number;
  readonly exposure: number;
  readonly weight: number;
}

export type RateState = readonly RateFilter[];

/** From what reacts within a minute to what averages over six. */
const memoriesSeconds = [45, 90, 180, 360] as const;
/** Falling by 2 % a minute, level, growing by 2 % and by 6 %. */
const growths = [-1 / 3000, 0, 1 / 3000, 1 / 1000] as const;
/** Once in about 20 hours another filter becomes the right one. */
const switchesPerSecond = 1 / 75_000;
/** Growth that was seen is expected to last for about two minutes (damped trend, Gardner & McKenzie 1985). */
const growthLastsSeconds = 120;
/** Keeps the Gamma distribution proper after hours without a request. */
const leastShape = 1e-3;

const filterCount = memoriesSeconds.length * growths.length;
const prior = 1 / filterCount;

/** Before anything was counted: `rate` as a guess worth one request. */
export function startRate(rate = 1): RateState {
  const shape = 1;
  const exposure = shape / Math.max(rate, 1e-3);
  return memoriesSeconds.flatMap((memorySeconds) =>
    growths.map((growth) => ({ memorySeconds, growth, shape, exposure, weight: prior })),
  );
}

/** After `count` requests in the last `seconds`. A time that was not counted (null) only makes the state less sure. */
export function observeRate(state: RateState, count: number | null, seconds: number): RateState {
  const stay = Math.exp(-switchesPerSecond * seconds);
  const moved = state.map((filter) => forget(filter, seconds, stay));
  if (count === null) return moved;
  const evidence = moved.map((filter) => logLikelihood(filter, count, seconds));
  const best = Math.max(...evidence);
  const weights = moved.map(({ weight }, index) => weight * Math.exp((evidence[index] as number) - best));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return moved.map(({ memorySeconds, growth, shape, exposure }, index) => ({
    memorySeconds,
    growth,
    shape: shape + count,
    exposure: exposure + seconds,
    weight: (weights[index] as number) / total,
  }));
}

/** What was seen is worth less, the rate has grown, and another filter may have become the right one. */
function forget(
  { memorySeconds, growth, shape, exposure, weight }: RateFilter,
  seconds: number,
  stay: number,
): RateFilter {
  const kept = Math.exp(-seconds / memorySeconds);
  return {
    memorySeconds,
    growth,
    shape: shape * kept + leastShape,
    exposure: exposure * kept * Math.exp(-growth * seconds),
    weight: stay * weight + (1 - stay) * prior,
  };
}

// Negative binomial: a Poisson count whose rate is Gamma distributed. What all filters share is left out.
function logLikelihood({ shape, exposure }: RateFilter, count: number, seconds: number): number {
  const chance = exposure / (exposure + seconds);
  return logGamma(shape + count) - logGamma(shape) + shape * Math.log(chance) + count * Math.log(1 - chance);
}

/** So many seconds after the last observation; `tickSeconds` is how long each observation was. */
export function outlookAt(state: RateState, aheadSeconds: number, tickSeconds: number): RateOutlook {
  const later = advanced(state, aheadSeconds, tickSeconds);
  return {
    mean: later.reduce((sum, { weight, shape, exposure }) => sum + (weight * shape) / exposure, 0),
    exceedance: (rate) =>
      later.reduce((sum, { weight, shape, exposure }) => sum + weight * gammaExceedance(shape, exposure, rate), 0),
  };
}

// A rate that walks at random: its variance grows by an equal part each tick, not by an equal factor.
function advanced(state: RateState, ahead: number, tickSeconds: number): RateState {
  const grown = growthLastsSeconds * (1 - Math.exp(-ahead / growthLastsSeconds));
  return state.map((filter) => {
    const step = Math.exp(tickSeconds / filter.memorySeconds) - 1;
    const kept = 1 / (1 + (ahead / tickSeconds) * step);
    return {
      memorySeconds: filter.memorySeconds,
      growth: filter.growth,
      shape: filter.shape * kept,
      exposure: filter.exposure * kept * Math.exp(-filter.growth * grown),
      weight: filter.weight,
    };
  });
}
