// What each service shows that the others do not explain: its own latency, its own errors, its network, its CPU, its
// memory. Each signal's strength is in the same unit (see deviation.ts), so that they can be compared.
import { type Deviation, deviation } from "./deviation.js";
import { linkDelays } from "./link-delay.js";
import { compare, type Observations } from "./observations.js";
import { type OwnShare, ownShares, type SharedMetric } from "./own-share.js";
import { median } from "./robust.js";

export type SignalKind = "slow" | "failing" | "network" | "cpu" | "memory";

export interface Signal {
  readonly service: string;
  readonly kind: SignalKind;
  readonly deviation: Deviation;
  /** The call that it was seen at. */
  readonly edge: { readonly caller: string; readonly callee: string } | null;
  /** Share of the symptom's usual time, or of its requests, that this service alone adds; null without a symptom. */
  readonly share: number | null;
}

/** Changes below this share of what all services use together are no cause, however unusual for the one service. */
const leastSystemShare = 0.01;
/** Changes below this share of its own level are in the noise of any measurement. */
const leastOwnShare = 0.02;
/** Failed requests in an interval that are never unusual; without a count of requests, the same as a share. */
const leastErrors = 1;
const leastErrorRate = 0.005;

export function findSignals(observations: Observations, symptom: string | null): Signal[] {
  return [
    ...sharedSignals(observations, "latency", symptom),
    ...sharedSignals(observations, "errorRate", symptom),
    ...linkDelays(observations).map(({ service, caller, callee, deviation: found }) => {
      return { service, kind: "network" as const, deviation: found, edge: { caller, callee }, share: null };
    }),
    ...resourceSignals(observations, "cpu"),
    ...resourceSignals(observations, "memory"),
  ];
}

function sharedSignals(observations: Observations, metric: SharedMetric, symptom: string | null): Signal[] {
  const shares = ownShares(observations, metric);
  const largest = [...shares.values()].reduce((most, { usualTotal }) => Math.max(most, usualTotal), 0);
  const whole = symptom === null ? null : (shares.get(symptom)?.usualTotal ?? null);
  return [...shares].flatMap(([service, share]) => {
    const found = deviation(share.excess, observations.intervals, leastSpreadOf(share, metric, largest));
    if (!found) return [];
    const added = whole ? (found.worst - found.usual) / whole : null;
    return [{ service, kind: metric === "latency" ? "slow" : "failing", deviation: found, edge: null, share: added }];
  });
}

function leastSpreadOf({ usualTotal, counted }: OwnShare, metric: SharedMetric, largest: number): number {
  if (metric === "errorRate") return counted ? leastErrors : leastErrorRate;
  return Math.max(leastOwnShare * usualTotal, leastSystemShare * largest);
}

function resourceSignals({ services, intervals }: Observations, kind: "cpu" | "memory"): Signal[] {
  const usual = new Map<string, number>();
  for (const [service, metrics] of services) {
    const level = median(intervals.reference.map((index) => metrics[kind]?.[index] ?? Number.NaN));
    if (!Number.isNaN(level)) usual.set(service, level);
  }
  const all = [...usual.values()].reduce((sum, level) => sum + level, 0);
  return [...usual].flatMap(([service, level]) => {
    const values = services.get(service)?.[kind];
    const least = Math.max(leastOwnShare * level, leastSystemShare * all);
    const found = values ? deviation(values, intervals, least) : null;
    return found ? [{ service, kind, deviation: found, edge: null, share: null }] : [];
  });
}

/** Strongest first, then by name. */
export const byStrength = (left: Signal, right: Signal): number =>
  right.deviation.strength - left.deviation.strength || compare(left.service, right.service);
