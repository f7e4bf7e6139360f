// Replicas hour by hour for the upper end of a forecast: what must be there before the demand is.
import type { DemandPrediction } from "../forecast/demands.js";
import { timeOfStep } from "../forecast/step-time.js";
import { serversFor } from "./erlang.js";
import type { CheckedScaling } from "./scaling-policy.js";

export interface PlannedHour {
  /** ISO 8601. */
  readonly from: string;
  readonly seconds: number;
  /** Highest expected rate, requests per second. */
  readonly mean: number;
  /** Highest upper end of the forecast's widest interval; the mean where there is none. */
  readonly upper: number;
  readonly replicas: number;
  /** The most allowed are fewer than the demand needs. */
  readonly limited: boolean;
}

export interface HourlyPlan {
  readonly hours: readonly PlannedHour[];
  readonly notes: readonly string[];
}

export function planHours(prediction: DemandPrediction, settings: CheckedScaling): HourlyPlan {
  const { stepSeconds, mean, intervals, start } = prediction;
  const widest = [...(intervals ?? [])].sort((left, right) => right.level - left.level)[0];
  const perHour = Math.max(1, Math.floor(3600 / stepSeconds));
  const hours: PlannedHour[] = [];
  for (let step = 0; step < mean.length; step += perHour) {
    const highest = (values: readonly number[]) => Math.max(0, ...values.slice(step, step + perHour));
    const expected = highest(mean);
    const upper = Math.max(expected, widest ? highest(widest.upper) : 0);
    const seconds = Math.min(perHour, mean.length - step) * stepSeconds;
    const from = timeOfStep({ start, stepSeconds }, step);
    hours.push({ from, seconds, mean: expected, upper, ...withinLimits(upper, settings) });
  }
  return {
    hours: keepThroughDips(hours, settings),
    notes: widest ? [] : ["the forecast has no interval: its mean is planned for"],
  };
}

function withinLimits(upper: number, settings: CheckedScaling): { replicas: number; limited: boolean } {
  const { serviceRate, concurrency, objective, minReplicas, maxReplicas } = settings;
  const needed = Math.ceil(serversFor(upper, serviceRate, objective) / concurrency);
  return { replicas: Math.max(minReplicas, Math.min(needed, maxReplicas)), limited: needed > maxReplicas };
}

// An hour that needs hardly fewer than the one before keeps its replicas.
function keepThroughDips(hours: readonly PlannedHour[], { tolerance }: CheckedScaling): PlannedHour[] {
  let before = 0;
  return hours.map((hour) => {
    const isDip = hour.replicas < before && before - hour.replicas <= tolerance * before;
    before = isDip ? before : hour.replicas;
    return { ...hour, replicas: before };
  });
}
