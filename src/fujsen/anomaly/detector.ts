// Anomalies of one series as it comes, in bounded memory: three features that fail in different ways (distance from the
// day's profile, from the nearest earlier shape, and of the latest mean from the one before) are turned to tail
// probabilities, combined, and told as episodes. Pure: a step is given the value and its time, and changes its state alone.
import { type Calibration, createCalibration, probabilityOf } from "./calibration.js";
import { createDayProfile, type DayProfile, residualOf } from "./day-profile.js";
import { createMeanShift, type MeanShift, shiftOf } from "./mean-shift.js";
import { createRefractory, freshSurprise, type Refractory } from "./refractory.js";
import { createShapeHistory, nearestDistance, recentMoments, type ShapeHistory } from "./shape.js";
import { createTail, learnValue, surpriseOf, type Tail } from "./tail.js";

export type AnomalyReason = "level" | "shape" | "variance" | "missing data";

/** One alert, however many rows it lasts. */
export interface Episode {
  /** Milliseconds since 1970, of the first row that was out of the ordinary. */
  readonly start: number;
  /** Of the last such row so far. */
  end: number;
  /** When it was told: at or after its start. */
  readonly alerted: number;
  readonly reason: AnomalyReason;
  /** The highest so far, and the probability with it. */
  surprise: number;
  probability: number;
  open: boolean;
}

export type StepRefusal = "bad-timestamp" | "duplicate" | "unsorted";

export type StepResult =
  | { readonly refused: StepRefusal }
  | {
      readonly refused: null;
      /** Share of this series' rows so far that were less surprising; 0 to below 1. */
      readonly probability: number;
      /** -ln p of the features together, were they and the rows independent; about 0 to 110. */
      readonly surprise: number;
      /** The same, or 0 where the last 100 rows had one about as high: what alerts are made from. */
      readonly fresh: number;
      /** The episode that this row belongs to or begins. */
      readonly episode: Episode | null;
      readonly reason: AnomalyReason | null;
    };

export interface DetectorOptions {
  /** Surprise from which an episode begins. Default 9. */
  readonly alertAt?: number;
}

/** Mutated by stepDetector; about 65 kB, whatever the length of the series. */
export interface DetectorState {
  readonly alertAt: number;
  readonly profile: DayProfile;
  readonly shapes: ShapeHistory;
  readonly means: MeanShift;
  readonly tails: { readonly level: Tail; readonly shape: Tail; readonly shift: Tail };
  readonly refractory: Refractory;
  readonly calibration: Calibration;
  /** Running mean and mean absolute deviation, of which a millionth is taken for nothing. */
  mean: number;
  spread: number;
  rows: number;
  time: number;
  /** Of the first row; NaN before it. */
  firstTime: number;
  /** Usual milliseconds between two rows; 0 until known. */
  usualStep: number;
  /** Time of the last measured row. */
  measuredAt: number;
  /** Last measured value. */
  value: number;
  missing: number;
  longestGap: number;
  /** First row of the present run of surprising rows. */
  surprisingSince: number;
  quiet: number;
  episode: Episode | null;
}

/** Of 1 in 8,000 rows, if they were independent. */
export const defaultAlertAt = 9;
/** Rows without a surprise that end an episode. */
const quietRows = 24;
/** Nothing is told before a day is known, or this many rows where rows are close. */
const mostLearningRows = 750;
const dayMs = 86_400_000;
/** Surprises with no more rows between them began together. */
const connectedRows = 2;
/** A gap of fewer rows is never an anomaly. */
const fewestMissing = 3;
const resolution = 1e-6;

export function createDetector({ alertAt = defaultAlertAt }: DetectorOptions = {}): DetectorState {
  return {
    alertAt,
    profile: createDayProfile(),
    shapes: createShapeHistory(),
    means: createMeanShift(),
    tails: { level: createTail(), shape: createTail(), shift: createTail() },
    refractory: createRefractory(),
    calibration: createCalibration(),
    mean: 0,
    spread: 0,
    rows: 0,
    time: Number.NEGATIVE_INFINITY,
    firstTime: Number.NaN,
    usualStep: 0,
    measuredAt: 0,
    value: 0,
    missing: 0,
    longestGap: 0,
    surprisingSince: Number.NaN,
    quiet: 0,
    episode: null,
  };
}

/**
 * `value` null or not finite counts as missing. `time` is in milliseconds and must be after that of the row before; a row
 * that is refused leaves the state as it was.
 */
export function stepDetector(state: DetectorState, value: number | null, time: number): StepResult {
  const refused = refusalOf(state, time);
  if (refused) return { refused };
  const gap = missingBefore(state, time);
  learnStep(state, time);
  if (value === null || !Number.isFinite(value)) return missingRow(state, time, gap);
  const ended = state.missing + gap;
  const surprises = surprisesOf(state, value, time);
  const surprise = combine(surprises.level + surprises.shape + surprises.shift);
  const probability = probabilityOf(state.calibration, surprise);
  const fresh = freshSurprise(state.refractory, surprise);
  const gapResult = ended > 0 ? judgeGap(state, ended, time) : null;
  state.missing = 0;
  state.measuredAt = time;
  state.longestGap = Math.max(state.longestGap, ended);
  state.rows++;
  if (gapResult) return gapResult;
  return told(state, { probability, surprise, fresh, time, cause: () => causeOf(state, surprises) });
}

function refusalOf({ time: before }: DetectorState, time: number): StepRefusal | null {
  if (!Number.isFinite(time)) return "bad-timestamp";
  if (time === before) return "duplicate";
  return time < before ? "unsorted" : null;
}

function missingBefore({ time: before, usualStep }: DetectorState, time: number): number {
  if (usualStep === 0) return 0;
  return Math.max(0, Math.floor((time - before) / usualStep + 0.5) - 1);
}

// A running median: longer and shorter steps pull alike, however long they are.
function learnStep(state: DetectorState, time: number): void {
  const step = time - state.time;
  if (Number.isFinite(step)) {
    const pull = step > state.usualStep ? 0.05 : -0.05;
    if (state.usualStep === 0) state.usualStep = step;
    else if (step !== state.usualStep) state.usualStep = nearer(state.usualStep * (1 + pull), state.usualStep, step);
  }
  if (Number.isNaN(state.firstTime)) state.firstTime = time;
  state.time = time;
}

// Not past the step itself, or equal steps would never be met.
const nearer = (moved: number, from: number, to: number): number => ((moved - to) * (from - to) < 0 ? to : moved);

interface Surprises {
  readonly level: number;
  readonly shape: number;
  readonly shift: number;
}

function surprisesOf(state: DetectorState, value: number, time: number): Surprises {
  const finest = resolution * state.spread;
  const level = judge(state.tails.level, residualOf(state.profile, value, time), finest);
  const shape = judge(state.tails.shape, nearestDistance(state.shapes, value), finest);
  const shift = judge(state.tails.shift, shiftOf(state.means, value), finest);
  state.value = value;
  const weight = Math.max(1 / (state.rows + 1), 1 / 2000);
  state.mean += weight * (value - state.mean);
  state.spread += weight * (Math.abs(value - state.mean) - state.spread);
  return { level, shape, shift };
}

function judge(tail: Tail, feature: number | null, finest: number): number {
  if (feature === null) return 0;
  const surprise = surpriseOf(tail, feature, finest);
  learnValue(tail, feature);
  return surprise;
}

// Fisher 1925: for independent features -ln p of the product is a sum of three exponentials, whose tail this is.
function combine(sum: number): number {
  return sum === 0 ? 0 : sum - Math.log(1 + sum + (sum * sum) / 2);
}

// The window goes on with the last value, so that its rows stay in step; nothing is learnt from it.
function missingRow(state: DetectorState, time: number, gap: number): StepResult {
  state.missing += gap + 1;
  if (state.rows > 0) carryOnLast(state);
  return (
    judgeGap(state, state.missing, time) ??
    told(state, { probability: 0, surprise: 0, fresh: 0, time, cause: () => null })
  );
}

function carryOnLast(state: DetectorState): void {
  nearestDistance(state.shapes, state.value);
  shiftOf(state.means, state.value);
}

/** In so many rows no such gap was seen: the rule of succession (Laplace 1814) gives its probability. */
function judgeGap(state: DetectorState, missing: number, time: number): StepResult | null {
  if (state.rows < quietRows || missing < fewestMissing || missing <= 2 * state.longestGap) return null;
  const probability = 1 - 1 / (state.rows + 2);
  const surprise = Math.log(state.rows + 2);
  if (!state.episode) {
    const start = Math.min(time, state.measuredAt + state.usualStep);
    state.episode = { start, end: time, alerted: time, reason: "missing data", surprise, probability, open: true };
  }
  state.quiet = 0;
  state.episode.end = time;
  return resultOf(state, { probability, surprise, fresh: 0 });
}

interface Finding {
  readonly probability: number;
  readonly surprise: number;
  readonly fresh: number;
  readonly time: number;
  readonly cause: () => AnomalyReason | null;
}

function told(state: DetectorState, { probability, surprise, fresh, time, cause }: Finding): StepResult {
  if (surprise > 0) {
    if (state.quiet > connectedRows || Number.isNaN(state.surprisingSince)) state.surprisingSince = time;
    state.quiet = 0;
  } else if (++state.quiet > quietRows) settle(state);
  if (state.episode && surprise > 0) {
    state.episode.end = time;
    if (surprise > state.episode.surprise) Object.assign(state.episode, { surprise, probability });
  } else if (fresh >= state.alertAt && isSettled(state)) {
    const start = state.surprisingSince;
    state.episode = { start, end: time, alerted: time, reason: cause() ?? "shape", surprise, probability, open: true };
  }
  return resultOf(state, { probability, surprise, fresh });
}

const isSettled = ({ rows, time, firstTime }: DetectorState): boolean =>
  rows >= mostLearningRows || time - firstTime >= dayMs;

function settle(state: DetectorState): void {
  if (!state.episode) return;
  state.episode.open = false;
  state.episode = null;
}

type Judged = Pick<Finding, "probability" | "surprise" | "fresh">;

function resultOf({ episode }: DetectorState, { probability, surprise, fresh }: Judged): StepResult {
  return { refused: null, probability, surprise, fresh, episode, reason: episode?.reason ?? null };
}

// A mean that moved is a level; a spread that at least doubled or halved around a mean that did not is variance.
function causeOf(state: DetectorState, { level, shape, shift }: Surprises): AnomalyReason {
  const moments = recentMoments(state.shapes);
  if (moments) {
    const { recent, before } = moments;
    const moved = Math.abs(recent.mean - before.mean);
    const widest = Math.max(recent.deviation, before.deviation);
    if (widest > 2 * Math.min(recent.deviation, before.deviation) && moved < 0.5 * widest) return "variance";
  }
  return Math.max(level, shift) >= shape ? "level" : "shape";
}
