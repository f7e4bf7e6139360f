// How many replicas one service should have, decided anew each tick: the more of what serves the load now and what the
// load may be when a replica that is started now begins to serve. A pure step; the shell counts and carries it out.
import { TuskError } from "../../base/errors.js";
import { checkObjective, checkServiceRate, highestRate, type WaitObjective } from "./erlang.js";
import { observeRate, outlookAt, type RateOutlook, type RateState, startRate } from "./rate-outlook.js";
import type { ScalingPolicy, TickObservation } from "./simulator.js";

export interface ScalingSettings {
  /** Requests per second that one server (slot) of a replica serves. */
  readonly serviceRate: number;
  /** Requests that one replica serves at a time. Default 1. */
  readonly concurrency?: number;
  /** Default: 95 % of requests wait 0.5 s or less. */
  readonly objective?: WaitObjective;
  /** From the wish for a replica until it serves. Default 60. */
  readonly startSeconds?: number;
  /** Probability with which the load may be more than the replicas are for. Above 0, below 1, default 0.0011. */
  readonly risk?: number;
  /** A replica is stopped when it was not needed for so long. Default: `startSeconds`. */
  readonly stabilizationSeconds?: number;
  /** Fewer replicas than this share of the present ones are not worth stopping. 0 to below 1, default 0. */
  readonly tolerance?: number;
  /** Default 2: one that fails, or is replaced, must not be all. */
  readonly minReplicas?: number;
  /** Default 1000. */
  readonly maxReplicas?: number;
}

export type ScalingReason =
  | "reactive"
  | "expected"
  | "forecast"
  | "stabilization"
  | "tolerance"
  | "minimum"
  | "maximum";

/** Plain data. */
export interface ScalingState {
  readonly rate: RateState;
  /** Seconds since the first step. */
  readonly now: number;
  /** What was needed lately, newest last; each is more than all after it. */
  readonly needed: readonly { readonly at: number; readonly replicas: number }[];
}

export interface ScalingDecision {
  readonly replicas: number;
  /** What decided. */
  readonly reason: ScalingReason;
  /** For the load as it is expected to be in the coming tick. */
  readonly reactive: number;
  /** For what the load may be when a replica that is started now serves. */
  readonly expected: number;
  /** For the forecast that was handed in; null without one. */
  readonly forecast: number | null;
  /** Probability that the load is then more than this many replicas are for. */
  readonly risk: number;
}

export interface ScalingStep {
  readonly state: ScalingState;
  readonly decision: ScalingDecision;
}

export interface ScalingObservation extends TickObservation {
  /** Upper quantile of a forecast for the time when a replica that is started now serves, requests per second. */
  readonly forecastUpper?: number | null;
}

export type CheckedScaling = Required<ScalingSettings>;

/** Settings with defaults. Throws REQUEST_INVALID for one out of range. */
export function checkScaling(settings: ScalingSettings): CheckedScaling {
  const startSeconds = settings.startSeconds ?? 60;
  const checked: CheckedScaling = {
    serviceRate: settings.serviceRate,
    concurrency: settings.concurrency ?? 1,
    objective: settings.objective ?? { share: 0.05, seconds: 0.5 },
    startSeconds,
    risk: settings.risk ?? 0.0011,
    stabilizationSeconds: settings.stabilizationSeconds ?? startSeconds,
    tolerance: settings.tolerance ?? 0,
    minReplicas: settings.minReplicas ?? 2,
    maxReplicas: settings.maxReplicas ?? 1000,
  };
  checkServiceRate(checked.serviceRate);
  checkObjective(checked.objective);
  refuseUnless(isWhole(checked.concurrency, 1, 10_000), `a concurrency of ${checked.concurrency}`);
  refuseUnless(isWhole(checked.minReplicas, 1, 10_000), `at least ${checked.minReplicas} replicas`);
  refuseUnless(isWhole(checked.maxReplicas, checked.minReplicas, 10_000), `at most ${checked.maxReplicas} replicas`);
  refuseUnless(isIn(checked.startSeconds, 0, 86_400), `${checked.startSeconds} s to start`);
  refuseUnless(isIn(checked.stabilizationSeconds, 0, 86_400), `${checked.stabilizationSeconds} s of stabilization`);
  refuseUnless(checked.risk > 0 && checked.risk < 1, `a risk of ${checked.risk}`);
  refuseUnless(isIn(checked.tolerance, 0, 0.99), `a tolerance of ${checked.tolerance}`);
  return checked;
}

const isIn = (value: number, least: number, most: number): boolean => value >= least && value <= most;
const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && isIn(value, least, most);

function refuseUnless(fine: boolean, message: string): void {
  if (!fine) throw new TuskError("REQUEST_INVALID", `scaling cannot work with ${message}`);
}

/** `rate`: requests per second that are expected before anything was counted. */
export const startScaling = (rate?: number): ScalingState => ({ rate: startRate(rate), now: 0, needed: [] });

/**
 * One tick. The observation is of the tick before. Throws REQUEST_INVALID for a count or a forecast that is no number of
 * 0 or more, and for settings out of range.
 */
export function stepScaling(
  state: ScalingState,
  observation: ScalingObservation,
  settings: ScalingSettings,
): ScalingStep {
  return stepChecked(state, observation, capacityOf(checkScaling(settings)));
}

/** The step with its state kept, for the simulator. */
export function scalingPolicy(settings: ScalingSettings, initialRate?: number): ScalingPolicy {
  const capacity = capacityOf(checkScaling(settings));
  let state = startScaling(initialRate);
  return {
    decide: (observation) => {
      const step = stepChecked(state, observation, capacity);
      state = step.state;
      return step.decision.replicas;
    },
  };
}

interface Capacity extends CheckedScaling {
  /** Highest rate at which so many replicas keep the objective; remembered, since it is asked for each tick. */
  readonly highest: (replicas: number) => number;
}

function capacityOf(settings: CheckedScaling): Capacity {
  const { concurrency, serviceRate, objective } = settings;
  const known = new Map<number, number>();
  const highest = (replicas: number): number => {
    const remembered = known.get(replicas);
    if (remembered !== undefined) return remembered;
    const rate = highestRate(replicas * concurrency, serviceRate, objective);
    known.set(replicas, rate);
    return rate;
  };
  return { ...settings, highest };
}

function stepChecked(state: ScalingState, observation: ScalingObservation, capacity: Capacity): ScalingStep {
  const { arrivals, tickSeconds, forecastUpper = null } = observation;
  refuseUnless(arrivals === null || isIn(arrivals, 0, 1e9), `${arrivals} requests in a tick`);
  refuseUnless(forecastUpper === null || isIn(forecastUpper, 0, 1e9), `a forecast of ${forecastUpper}/s`);
  refuseUnless(isIn(tickSeconds, 0.001, 3600), `a tick of ${tickSeconds} s`);
  const now = state.now + tickSeconds;
  const rate =
    state.needed.length === 0 && arrivals === null ? state.rate : observeRate(state.rate, arrivals, tickSeconds);
  // The last count is of the tick that just ended: what is started now serves one tick and its start later.
  const ahead = outlookAt(rate, tickSeconds + capacity.startSeconds, tickSeconds);
  const needs = {
    reactive: fewestForOutlook(outlookAt(rate, tickSeconds, tickSeconds), capacity),
    expected: fewestForOutlook(ahead, capacity),
    forecast: forecastUpper === null ? null : fewestFor(forecastUpper, capacity),
  };
  const need = Math.max(needs.reactive, needs.expected, needs.forecast ?? 0);
  const needed = [
    ...state.needed.filter(({ at, replicas }) => replicas > need && now - at <= capacity.stabilizationSeconds),
  ];
  needed.push({ at: now, replicas: need });
  const chosen = choose(needs, { held: needed[0]?.replicas ?? need, present: observation.replicas, capacity });
  const risk = ahead.exceedance(capacity.highest(chosen.replicas));
  return { state: { rate, now, needed }, decision: { ...chosen, ...needs, risk } };
}

// The fewest replicas that keep the objective at the upper quantile of the rate; those for the mean are the least.
function fewestForOutlook(outlook: RateOutlook, capacity: Capacity): number {
  const { maxReplicas, risk, highest } = capacity;
  let replicas = fewestFor(outlook.mean, capacity);
  while (replicas < maxReplicas && outlook.exceedance(highest(replicas)) > risk) replicas++;
  return replicas;
}

function fewestFor(rate: number, { minReplicas, maxReplicas, serviceRate, concurrency, highest }: Capacity): number {
  let replicas = Math.max(minReplicas, Math.floor(Math.min(rate / serviceRate / concurrency, maxReplicas)));
  while (replicas < maxReplicas && highest(replicas) < rate) replicas++;
  return replicas;
}

interface Needs {
  readonly reactive: number;
  readonly expected: number;
  readonly forecast: number | null;
}

interface Situation {
  /** The most that was needed within the stabilization. */
  readonly held: number;
  readonly present: number;
  readonly capacity: Capacity;
}

function choose(needs: Needs, { held, present, capacity }: Situation): { replicas: number; reason: ScalingReason } {
  const { minReplicas, maxReplicas, tolerance } = capacity;
  const need = Math.max(needs.reactive, needs.expected, needs.forecast ?? 0);
  if (held >= maxReplicas) return { replicas: maxReplicas, reason: "maximum" };
  if (held <= minReplicas && present <= minReplicas) return { replicas: minReplicas, reason: "minimum" };
  if (held < present && present <= maxReplicas && present - held <= tolerance * present) {
    return { replicas: present, reason: "tolerance" };
  }
  const replicas = Math.max(held, minReplicas);
  if (replicas > need) return { replicas, reason: "stabilization" };
  if (needs.reactive === need) return { replicas, reason: "reactive" };
  return { replicas, reason: needs.expected === need ? "expected" : "forecast" };
}
