// Rolling-origin backtests (Tashman 2000): each member forecasts from several past moments with nothing but what was
// known then. Their errors weigh the members, and are what a forecast says of itself.
import { combine, weightOf } from "./combine.js";
import type { Member } from "./members.js";
import { seasonalScale, symmetricErrorAt } from "./scores.js";
import { fromSpace, type Space, toSpace } from "./space.js";

/** A regular history, without gaps. */
export interface History {
  readonly values: Float64Array;
  /** 1 where a value was measured, 0 where it was filled in: no error is counted there. */
  readonly measured: Uint8Array;
  readonly season: number;
  readonly logOffset: number;
}

export interface Origin {
  /** How many values were known. */
  readonly end: number;
  /** How many values followed, up to the horizon. */
  readonly length: number;
  /** One for each member, in the series' own unit. */
  readonly paths: readonly (Float64Array | null)[];
}

export interface PathErrors {
  /** Percent. */
  readonly symmetric: number;
  /** In units of the mean seasonal difference. */
  readonly scaled: number;
}

export interface SpaceViews {
  readonly raw: Float64Array;
  readonly root: Float64Array;
  readonly log: Float64Array;
}

export function viewsOf({ values, logOffset }: History): SpaceViews {
  const view = (space: Space) => toSpace(values, space, logOffset);
  return { raw: values, root: view("root"), log: view("log") };
}

/** The members' forecasts of the `horizon` values after `end`. */
export function runMembers(
  members: readonly Member[],
  views: SpaceViews,
  { end, horizon, logOffset }: { readonly end: number; readonly horizon: number; readonly logOffset: number },
): (Float64Array | null)[] {
  return members.map(({ space, run }) => {
    const z = views[space].subarray(0, end);
    const path = run(z, horizon);
    if (!path) return null;
    const bounds = boundsOf(z);
    for (let h = 0; h < horizon; h++) {
      path[h] = fromSpace(clamped(path[h] as number, bounds), space, logOffset);
    }
    return path;
  });
}

// A recursion whose roots lie outside the unit circle runs away: no member leaves the history's range by more than the
// range itself.
function boundsOf(z: Float64Array): { readonly low: number; readonly high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let t = 0; t < z.length; t++) {
    low = Math.min(low, z[t] as number);
    high = Math.max(high, z[t] as number);
  }
  return { low: low - (high - low), high: high + (high - low) };
}

/** NaN stays NaN, and counts as no forecast. */
const clamped = (value: number, { low, high }: { readonly low: number; readonly high: number }): number =>
  Math.max(low, Math.min(high, value));

/** Where backtests begin: nearest first, a season apart, each with enough history before it and values after it. */
export function originsOf(
  length: number,
  { season, horizon, most, fewest }: { season: number; horizon: number; most: number; fewest: number },
): number[] {
  const stride =
    season > 1 ? season * Math.max(1, Math.floor(horizon / (2 * season))) : Math.max(1, Math.ceil(horizon / 2));
  const ends: number[] = [];
  for (let end = length - stride; ends.length < most && end >= fewest; end -= stride) ends.push(end);
  return ends;
}

export function backtest(
  members: readonly Member[],
  history: History,
  { views, ends, horizon }: { readonly views: SpaceViews; readonly ends: readonly number[]; readonly horizon: number },
): Origin[] {
  return ends.map((end) => ({
    end,
    length: Math.min(horizon, history.values.length - end),
    paths: runMembers(members, views, { end, horizon, logOffset: history.logOffset }),
  }));
}

/** Null when nothing was measured in that stretch. */
export function errorsOf(
  path: Float64Array,
  { end, length }: Origin,
  history: History,
  scale: number,
): PathErrors | null {
  let [symmetric, absolute, counted] = [0, 0, 0];
  for (let h = 0; h < length; h++) {
    if (history.measured[end + h] === 0) continue;
    const [actual, expected] = [history.values[end + h] as number, path[h] as number];
    symmetric += symmetricErrorAt(actual, expected);
    absolute += Math.abs(actual - expected);
    counted++;
  }
  return counted > 0 ? { symmetric: symmetric / counted, scaled: absolute / counted / scale } : null;
}

export interface Backtested {
  /** Per member; 0 for one that could not run. */
  readonly weights: Float64Array;
  /** The combined forecast at each origin, by weights that know nothing of that origin. */
  readonly combined: readonly Float64Array[];
}

/** Member 0 is the seasonal naive forecast, the unit of losses. */
export function weigh(origins: readonly Origin[], history: History, horizon: number): Backtested {
  const scale = seasonalScale(history.values, history.season) || 1;
  const count = origins[0]?.paths.length ?? 0;
  const errors = origins.map((origin) =>
    origin.paths.map((path) => (path ? errorsOf(path, origin, history, scale) : null)),
  );
  const unit = meanErrors(errors, 0, -1);
  const lossesWithout = (left: number): Float64Array => {
    const losses = new Float64Array(count);
    for (let member = 0; member < count; member++) losses[member] = lossOf(meanErrors(errors, member, left), unit);
    return losses;
  };
  const losses = lossesWithout(-1);
  const combined = origins.map(({ paths }, index) => {
    const others = lossesWithout(index);
    // With one moment, or where nothing was measured at all others, its own losses are all there is.
    const known = others.some(Number.isFinite) ? others : losses;
    return combine(paths, known.map(weightOf), horizon);
  });
  return { weights: losses.map(weightOf), combined };
}

function meanErrors(
  errors: readonly (readonly (PathErrors | null)[])[],
  member: number,
  left: number,
): PathErrors | null {
  let [symmetric, scaled, counted] = [0, 0, 0];
  for (const [index, origin] of errors.entries()) {
    const error = origin[member];
    if (index === left || !error) continue;
    symmetric += error.symmetric;
    scaled += error.scaled;
    counted++;
  }
  return counted > 0 ? { symmetric: symmetric / counted, scaled: scaled / counted } : null;
}

// Both errors count alike, as in the competition: one forgives large values, the other small ones.
export function lossOf(errors: PathErrors | null, unit: PathErrors | null): number {
  if (!errors || !unit) return Number.POSITIVE_INFINITY;
  return (ratio(errors.symmetric, unit.symmetric) + ratio(errors.scaled, unit.scaled)) / 2;
}

const ratio = (value: number, unit: number): number => (unit > 0 ? value / unit : value > 0 ? 1e6 : 1);
