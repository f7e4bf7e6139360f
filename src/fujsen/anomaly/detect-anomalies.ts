// detectMicroservicesAnomalies: each service's request rates run through the streaming detector, and told as episodes.
import { TuskError } from "../../base/errors.js";
import type { DemandSeries, SeriesProblem } from "../forecast/series.js";
import { type DemandHistory, type DemandMeasurement, measureDemand } from "../forecast/usage-patterns.js";
import { type AnomalyReason, createDetector, defaultAlertAt, type Episode, stepDetector } from "./detector.js";

/** Counts up when the same input would give another answer. */
export const anomaliesVersion = "2";

export interface AnomalyOptions {
  /** Rows are averaged into steps of this. Default: the usual difference between two rows of the service. */
  readonly stepSeconds?: number;
  /** Surprise from which an episode begins, 5 to 100. Default 9; higher tells less. */
  readonly alertSurprise?: number;
}

export interface AnomalyEpisode {
  /** ISO 8601: first value out of the ordinary; when it was told; last such value. */
  readonly start: string;
  readonly alerted: string;
  readonly end: string;
  readonly reason: AnomalyReason;
  /** Share of the service's earlier values that were less surprising than this episode's most surprising; below 1. */
  readonly probability: number;
  /** -ln p at that value, were values independent. */
  readonly surprise: number;
  /** It had not ended with the history. */
  readonly open: boolean;
}

export interface ServiceAnomalies {
  readonly service: string;
  readonly values: number;
  readonly missing: number;
  readonly episodes: readonly AnomalyEpisode[];
  /** Of the last value. */
  readonly latestProbability: number;
}

export interface AnomalyReport {
  readonly version: string;
  readonly services: readonly ServiceAnomalies[];
  /** Services that nothing can be said of, and why. */
  readonly refused: readonly { readonly service: string; readonly problem: SeriesProblem }[];
}

export interface AnomalyMeasurement extends DemandMeasurement {
  readonly alertAt: number;
}

/** Throws REQUEST_INVALID for a surprise out of range. */
export function detectMicroservicesAnomalies(history: DemandHistory, options: AnomalyOptions = {}): AnomalyReport {
  return judgeAnomalies(measureAnomalies(history, options));
}

export function measureAnomalies(history: DemandHistory, options: AnomalyOptions = {}): AnomalyMeasurement {
  const { alertSurprise = defaultAlertAt, ...usage } = options;
  if (!(alertSurprise >= 5 && alertSurprise <= 100)) {
    throw new TuskError("REQUEST_INVALID", `alertSurprise is ${alertSurprise}; it is from 5 to 100`);
  }
  return { ...measureDemand(history, usage), alertAt: alertSurprise };
}

export function judgeAnomalies({ services, alertAt }: AnomalyMeasurement): AnomalyReport {
  return {
    version: anomaliesVersion,
    services: services.flatMap(({ service, result }) =>
      result.ok ? [anomaliesOf(service, result.series, alertAt)] : [],
    ),
    refused: services.flatMap(({ service, result }) => (result.ok ? [] : [{ service, problem: result.problem }])),
  };
}

function anomaliesOf(service: string, { start, stepSeconds, values }: DemandSeries, alertAt: number): ServiceAnomalies {
  const detector = createDetector({ alertAt });
  const episodes = new Set<Episode>();
  const first = Date.parse(start);
  let latestProbability = 0;
  for (const [index, value] of values.entries()) {
    const step = stepDetector(detector, value, first + index * stepSeconds * 1000);
    if (step.refused !== null) continue;
    latestProbability = step.probability;
    if (step.episode) episodes.add(step.episode);
  }
  const missing = values.filter((value) => value === null).length;
  return { service, values: values.length, missing, episodes: Array.from(episodes, episodeOf), latestProbability };
}

function episodeOf({ start, alerted, end, ...rest }: Episode): AnomalyEpisode {
  const [from, told, to] = [start, alerted, end].map((time) => new Date(time).toISOString()) as [
    string,
    string,
    string,
  ];
  const { reason, probability, surprise, open } = rest;
  return { start: from, alerted: told, end: to, reason, probability, surprise, open };
}
