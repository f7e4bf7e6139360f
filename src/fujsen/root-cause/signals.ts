// What each service shows that the others do not explain: its own latency, its own errors, its network, its CPU, its
// memory. Each signal's strength is in the same unit (see deviation.ts), so that they can be compared.
import { type Deviation, deviation } from "./deviation.js";
import type { Symptom } from "./failure-data.js";
import { linkDelays } from "./link-delay.js";
import { compare } from "./names.js";
import type { Observations } from "./observed.js";
import { type OwnShare, ownShares, type SharedMetric } from "./own-share.js";
import { median } from "./robust.js";

export type SignalKind = "slow" | "failing" | "network" | "cpu" | "memory";

export interface Signal {
  readonly service: string;
  readonly kind: SignalKind;
  /** 1 is as far as it usually goes in as much time; 2 and more is a finding. */
  readonly strength: number;
  /** ISO 8601; the last of the two worst intervals. */
  readonly at: string | null;
  /** The call that it was seen at. */
  readonly edge: { readonly caller: string; readonly callee: string } | null;
  /** Share of the symptom's usual time, or of its requests, that this alone adds; null where that is unknown. */
  readonly share: number | null;
}

/** Changes below this share of what all services use together are no cause, however unusual for the one service. */
const leastSystemShare = 0.01;
/** Changes below this share of its own level are in the noise of any measurement. */
const leastOwnShare = 0.02;
/** Failed requests in an interval that are never unusual; without a count of requests, the same as a share. */
const leastErrors = 1;
const leastErrorRate = 0.005;

/** Those above nothing, strongest first, then by name. */
export function findSignals(observations: Observations, symptom: Symptom | undefined): Signal[] {
  const timeOf = (index: number): string | null => {
    const time = observations.times[index];
    return time === undefined ? null : new Date(time).toISOString();
  };
  const all = [
    ...sharedFindings(observations, "latency", symptom),
    ...sharedFindings(observations, "errorRate", symptom),
    ...linkDelays(observations).map(({ service, caller, callee, deviation: found }): Finding => {
      return { service, kind: "network", deviation: found, edge: { caller, callee } };
    }),
    ...resourceFindings(observations, "cpu"),
    ...resourceFindings(observations, "memory"),
  ];
  return all
    .map(({ deviation: { strength, at }, edge = null, share = null, ...about }) => {
      return { ...about, strength, at: timeOf(at), edge, share };
    })
    .filter(({ strength }) => strength > 0)
    .sort((left, right) => right.strength - left.strength || compare(left.service, right.service));
}

interface Finding {
  readonly service: string;
  readonly kind: SignalKind;
  readonly deviation: Deviation;
  readonly edge?: Signal["edge"];
  readonly share?: number | null;
}

function sharedFindings(observations: Observations, metric: SharedMetric, symptom: Symptom | undefined): Finding[] {
  const shares = ownShares(observations, metric);
  const largest = [...shares.values()].reduce((most, { usualTotal }) => Math.max(most, usualTotal), 0);
  const whole = symptom?.metric === metric ? shares.get(symptom.service)?.usualTotal : undefined;
  return [...shares].flatMap(([service, share]) => {
    const found = deviation(share.excess, observations.intervals, leastSpreadOf(share, metric, largest));
    if (!found) return [];
    const added = whole ? (found.worst - found.usual) / whole : null;
    return [{ service, kind: metric === "latency" ? "slow" : "failing", deviation: found, share: added }];
  });
}

function leastSpreadOf({ usualTotal, counted }: OwnShare, metric: SharedMetric, largest: number): number {
  if (metric === "errorRate") return counted ? leastErrors : leastErrorRate;
  return Math.max(leastOwnShare * usualTotal, leastSystemShare * largest);
}

function resourceFindings({ services, intervals }: Observations, kind: "cpu" | "memory"): Finding[] {
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
    return found ? [{ service, kind, deviation: found }] : [];
  });
}
