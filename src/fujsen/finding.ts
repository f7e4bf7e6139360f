// The shapes of an insight and of a recommendation, and what every detector shares.
import type { PerformanceAnalysis, ServicePerformance } from "./performance.js";

export interface Evidence {
  /** ISO 8601; the time that the insight is about. */
  readonly from: string | null;
  readonly to: string | null;
  readonly measured: Readonly<Record<string, number | string | null>>;
  /** What the measurement was compared to: an objective, a capacity, the rest of the period. */
  readonly comparedTo: Readonly<Record<string, number | string | null>>;
  /** The call that the evidence points at. */
  readonly edge: { readonly caller: string; readonly callee: string } | null;
}

export type InsightKind =
  | "failing"
  | "failed-for-a-time"
  | "slow"
  | "slow-for-a-time"
  | "saturated"
  | "near-timeout"
  | "unready"
  | "memory-growing";

export interface Insight {
  readonly kind: InsightKind;
  readonly service: string;
  readonly severity: "warning" | "critical";
  /** `low` with fewer than 30 requests to judge by. */
  readonly confidence: "low" | "high";
  /** One sentence with the numbers in it. */
  readonly message: string;
  /** Points of 100 that this costs the service; what insights are ranked by. */
  readonly cost: number;
  readonly evidence: Evidence;
}

export interface Recommendation {
  readonly service: string;
  readonly what: string;
  readonly why: string;
  /** What to expect when it is done. */
  readonly effect: string;
  /** A command or an entry of the spec. */
  readonly how: string;
}

export interface Finding {
  readonly insight: Insight;
  readonly recommendation?: Recommendation;
}

export type Detector = (service: ServicePerformance, analysis: PerformanceAnalysis) => Finding | null;

const enoughRequests = 30;
/** Points below which an insight is critical: more than twice what is allowed. */
const criticalBelow = 45;

/** Confidence, severity and cost of a part's points. */
export function judge(
  points: number,
  { measured }: ServicePerformance,
): Pick<Insight, "severity" | "confidence" | "cost"> {
  return {
    severity: points < criticalBelow ? "critical" : "warning",
    confidence: measured.requests < enoughRequests ? "low" : "high",
    cost: Math.round((100 - points) * 100) / 100,
  };
}

export const wholePeriod = ({ from, to }: ServicePerformance): Pick<Evidence, "from" | "to"> => ({ from, to });

/** 1.5 GiB for people. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}

/** `10:05:00` of an ISO time. */
export const timeOfDay = (iso: string): string => iso.slice(11, 19);
