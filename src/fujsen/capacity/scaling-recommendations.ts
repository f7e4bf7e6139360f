// generateMicroservicesScalingRecommendations: from forecast demand and what is known of a service to replicas, now and
// hour by hour, with the model behind each number. Without a measured service time there is no recommendation.
import { TuskError } from "../../base/errors.js";
import type { DemandPrediction, DemandPredictions } from "../forecast/demands.js";
import { serversFor, waitExceedance } from "./erlang.js";
import { type PlannedHour, planHours } from "./hourly-plan.js";
import { checkScaling, type ScalingReason, type ScalingSettings, startScaling, stepScaling } from "./scaling-policy.js";
import { estimateService, type ServiceEstimate, type ServiceObservation } from "./service-estimate.js";

/** Counts up when the same input would give another answer. */
export const scalingVersion = "1";

/** What is known of one service. Either `serviceRate` or `observations` must be there. */
export interface ServiceCapacity extends Partial<ScalingSettings> {
  /** Throughput and latency of past intervals: service time and concurrency are estimated from them. At most 10,000. */
  readonly observations?: readonly ServiceObservation[];
  /** Requests that came in the latest ticks, oldest first, null where not counted. At most 10,000. */
  readonly recent?: { readonly tickSeconds: number; readonly counts: readonly (number | null)[] };
  /** Default: not known. */
  readonly replicas?: number;
  /** Of one replica for an hour, in any currency. Default: costs are not stated. */
  readonly costPerHour?: number;
}

export interface ScalingOptions {
  /** By service. */
  readonly services?: Readonly<Record<string, ServiceCapacity>>;
  /** For services that have no own value. */
  readonly defaults?: Omit<ServiceCapacity, "observations" | "recent" | "replicas">;
}

export interface ScalingRecommendation {
  readonly service: string;
  readonly verdict: "recommended" | "not-enough-evidence";
  /** One sentence. */
  readonly reason: string;
  readonly current: number | null;
  /** To set now; null without a recommendation. */
  readonly replicas: number | null;
  readonly decidedBy: ScalingReason | null;
  /** Hour by hour, or step by step where steps are longer. */
  readonly plan: readonly PlannedHour[];
  /** How the service time is known. */
  readonly model: {
    readonly serviceRate: number;
    readonly concurrency: number;
    readonly basis: "given" | "estimated";
    readonly estimate: ServiceEstimate | null;
  } | null;
  readonly expected: ExpectedEffect | null;
  readonly alternatives: readonly Alternative[];
  readonly notes: readonly string[];
}

/** At the upper end of the demand that `replicas` was chosen for. */
export interface ExpectedEffect {
  readonly rate: number;
  readonly utilization: number;
  /** Share of requests that wait longer than the objective's seconds. */
  readonly late: number;
  /** With the replicas that run now; null when they are not known. */
  readonly lateNow: number | null;
  /** Of the plan, and of its highest hour all the time. */
  readonly replicaHours: number;
  readonly fixedReplicaHours: number;
  /** Of the plan; null without `costPerHour`. */
  readonly cost: number | null;
}

export interface Alternative {
  readonly replicas: number;
  /** Share of late requests. */
  readonly late: number;
  readonly rejected: string;
}

export interface ScalingRecommendations {
  readonly version: string;
  readonly recommendations: readonly ScalingRecommendation[];
  readonly refused: DemandPredictions["refused"];
}

const mostRecords = 10_000;

/** Throws REQUEST_INVALID for settings or counts out of range, naming the service. */
export function generateMicroservicesScalingRecommendations(
  predictions: DemandPredictions,
  { services = {}, defaults = {} }: ScalingOptions = {},
): ScalingRecommendations {
  const recommendations = predictions.services.map((prediction) => {
    const own = Object.hasOwn(services, prediction.service) ? services[prediction.service] : {};
    return recommend(prediction, { ...defaults, ...own });
  });
  return { version: scalingVersion, recommendations, refused: predictions.refused };
}

function recommend(prediction: DemandPrediction, capacity: ServiceCapacity): ScalingRecommendation {
  const { service } = prediction;
  const { observations = [], recent, replicas } = capacity;
  if (Math.max(observations.length, recent?.counts.length ?? 0) > mostRecords) {
    throw new TuskError("REQUEST_INVALID", `more than ${mostRecords} observations of ${service}`);
  }
  const model = modelOf(capacity, observations);
  if (typeof model === "string") return withoutEvidence(service, model, replicas ?? null);
  const settings = { ...capacity, serviceRate: model.serviceRate, concurrency: model.concurrency };
  return recommendWith(prediction, { capacity, model, settings });
}

function withoutEvidence(service: string, reason: string, current: number | null): ScalingRecommendation {
  const nothing = {
    replicas: null,
    decidedBy: null,
    plan: [],
    model: null,
    expected: null,
    alternatives: [],
    notes: [],
  };
  return { service, verdict: "not-enough-evidence", reason, current, ...nothing };
}

type Model = NonNullable<ScalingRecommendation["model"]>;

function modelOf(capacity: ServiceCapacity, observations: readonly ServiceObservation[]): Model | string {
  const { serviceRate, concurrency = 1 } = capacity;
  if (serviceRate !== undefined) return { serviceRate, concurrency, basis: "given", estimate: null };
  const estimate = estimateService(observations);
  if (!estimate.ok) return `its service time is not known: ${estimate.reason}`;
  return { serviceRate: estimate.serviceRate, concurrency: estimate.concurrency, basis: "estimated", estimate };
}

interface Known {
  readonly capacity: ServiceCapacity;
  readonly model: Model;
  readonly settings: ScalingSettings;
}

function recommendWith(prediction: DemandPrediction, known: Known): ScalingRecommendation {
  const { capacity, model, settings } = known;
  const checked = checkScaling(settings);
  const { hours, notes } = planHours(prediction, checked);
  const now = decideNow(hours[0]?.upper ?? 0, known);
  const expected = expectedEffect(now.replicas, { hours, known });
  const objective = `${round(100 * (1 - checked.objective.share))} % of requests wait ${checked.objective.seconds} s or less`;
  return {
    service: prediction.service,
    verdict: "recommended",
    reason: `${now.replicas} replicas: ${reasons[now.reason]}, so that ${objective} at ${round(expected.rate)} requests/s`,
    current: capacity.replicas ?? null,
    replicas: now.replicas,
    decidedBy: now.reason,
    plan: hours,
    model,
    expected,
    alternatives: alternativesTo(now.replicas, expected.rate, settings),
    notes: [...notes, ...(model.estimate?.warnings ?? [])],
  };
}

const reasons: Readonly<Record<ScalingReason, string>> = {
  reactive: "for the load now",
  expected: "for what the load may be when a replica that is started now serves",
  forecast: "for the upper end of the forecast",
  stabilization: "needed a short time ago",
  tolerance: "one fewer would be too small a change",
  minimum: "the fewest allowed",
  maximum: "the most allowed, which may not suffice",
};

const round = (value: number): number => Math.round(value * 100) / 100;

// The policy is run over the latest counts, and then asked. Without counts, the forecast is all there is.
function decideNow(forecastUpper: number, { capacity, settings }: Known): { replicas: number; reason: ScalingReason } {
  const { counts, tickSeconds } = capacity.recent ?? { counts: [null], tickSeconds: 15 };
  const present = capacity.replicas ?? 1;
  let state = startScaling(counts.length > 0 ? rateOf(counts, tickSeconds) : 0);
  let decision = { replicas: present, reason: "reactive" as ScalingReason };
  for (const [index, arrivals] of (counts.length > 0 ? counts : [null]).entries()) {
    const latest = index >= counts.length - 1;
    const observation = { arrivals, tickSeconds, replicas: present, forecastUpper: latest ? forecastUpper : null };
    const step = stepScaling(state, observation, settings);
    ({ state, decision } = step);
  }
  return decision;
}

function rateOf(counts: readonly (number | null)[], tickSeconds: number): number {
  const known = counts.filter((count) => count !== null);
  return known.length > 0 ? known.reduce((sum, count) => sum + count, 0) / known.length / tickSeconds : 0;
}

interface Planned {
  readonly hours: readonly PlannedHour[];
  readonly known: Known;
}

function expectedEffect(replicas: number, { hours, known }: Planned): ExpectedEffect {
  const { capacity, model, settings } = known;
  const rate = hours[0]?.upper ?? 0;
  const length = hours.reduce((sum, { seconds }) => sum + seconds / 3600, 0);
  const replicaHours = hours.reduce((sum, hour) => sum + (hour.replicas * hour.seconds) / 3600, 0);
  const most = hours.reduce((highest, hour) => Math.max(highest, hour.replicas), 0);
  return {
    rate,
    utilization: rate / (replicas * model.concurrency * model.serviceRate),
    late: lateWith(replicas, rate, settings),
    lateNow: capacity.replicas === undefined ? null : lateWith(capacity.replicas, rate, settings),
    replicaHours,
    fixedReplicaHours: most * length,
    cost: capacity.costPerHour === undefined ? null : capacity.costPerHour * replicaHours,
  };
}

function lateWith(replicas: number, rate: number, settings: ScalingSettings): number {
  const { concurrency, serviceRate, objective } = checkScaling(settings);
  return waitExceedance(replicas * concurrency, rate, serviceRate, objective.seconds);
}

function alternativesTo(replicas: number, rate: number, settings: ScalingSettings): Alternative[] {
  const { objective, serviceRate, concurrency, minReplicas, maxReplicas } = checkScaling(settings);
  const enough = Math.ceil(serversFor(rate, serviceRate, objective) / concurrency);
  return [replicas - 1, replicas + 1]
    .filter((other) => other >= 1)
    .map((other) => {
      const late = lateWith(other, rate, settings);
      if (other < minReplicas || other > maxReplicas) return { replicas: other, late, rejected: "outside the limits" };
      if (other < enough) return { replicas: other, late, rejected: "would break the objective at this rate" };
      return {
        replicas: other,
        late,
        rejected: other > replicas ? "costs more than it saves" : "keeps too little back",
      };
    });
}
