// What an analysis means and what to do about it. An insight is said only with its evidence, a recommendation only
// where an insight calls for it; when all is well, both lists are empty.
import type { PerformanceAnalysis, ServicePerformance } from "./performance.js";

export const insightsVersion = "1";

export interface Insight {
  readonly kind: "slow" | "failing" | "saturated" | "unready" | "growing" | "uneven";
  readonly service: string;
  readonly severity: "warning" | "critical";
  /** One sentence with the numbers in it. */
  readonly message: string;
  readonly evidence: Readonly<Record<string, number | string | null>>;
}

export interface Recommendation {
  readonly service: string;
  readonly what: string;
  readonly why: string;
  readonly effect: string;
  /** A command or an entry of the spec. */
  readonly how: string;
}

export interface Insights {
  readonly version: string;
  /** Most severe first. */
  readonly insights: readonly Insight[];
  readonly recommendations: readonly Recommendation[];
}

/** A part below this is worth a word, and below the other is critical. At the objective itself a part is 0.75. */
const wordBelow = 0.75;
const criticalBelow = 0.4;
/** Memory that grew by this factor over at least this many intervals looks like a leak. */
const growthFactor = 1.5;
const growthRows = 60;
/** A tail this many times the median says that few requests wait for something. */
const tailFactor = 20;
const tailFloorMs = 50;

export function generateMicroservicesInsights(analysis: PerformanceAnalysis): Insights {
  const found = analysis.services.flatMap((service) => detectors.flatMap((detect) => detect(service) ?? []));
  const ranked = found.sort((a, b) => a.depth - b.depth);
  return {
    version: insightsVersion,
    insights: ranked.map(({ insight }) => insight),
    recommendations: ranked.flatMap(({ recommendation }) => recommendation ?? []),
  };
}

interface Finding {
  readonly insight: Insight;
  readonly recommendation?: Recommendation;
  /** 0 is worst. */
  readonly depth: number;
}

type Detector = (service: ServicePerformance) => Finding | null;

const detectors: readonly Detector[] = [failing, slow, saturated, unready, uneven, growing];

function failing({
  service,
  parts,
  errorRate,
  errors,
  requests,
  objective,
  from,
  to,
}: ServicePerformance): Finding | null {
  if (parts.errors === null || parts.errors >= wordBelow || errorRate === null) return null;
  const allowed = 1 - objective.availability;
  return {
    depth: parts.errors,
    insight: {
      kind: "failing",
      service,
      severity: severityOf(parts.errors),
      message: `${percent(errorRate)} of ${round(requests)} requests to ${service} failed; its objective allows ${percent(allowed)}`,
      evidence: { errorRate, errors, requests, allowed, from, to },
    },
    recommendation: {
      service,
      what: `find out why ${service} fails`,
      why: `it fails ${round(errorRate / allowed)} times as often as its objective allows`,
      effect: "each failed request that is avoided gives back its share of the score",
      how: `tusk explain ${service}; tusk logs ${service}; tusk db "SELECT caller, callee, sum(errors) AS errors FROM edges GROUP BY caller, callee ORDER BY errors DESC"`,
    },
  };
}

function slow({
  service,
  parts,
  p50,
  p95,
  p99,
  objective,
  cpuPerInstance,
  from,
  to,
}: ServicePerformance): Finding | null {
  if (parts.latency === null || parts.latency >= wordBelow) return null;
  const busy = parts.saturation !== null && parts.saturation < wordBelow;
  return {
    depth: parts.latency,
    insight: {
      kind: "slow",
      service,
      severity: severityOf(parts.latency),
      message: `${service} answers with a p95 of ${ms(p95)}; its objective is ${ms(objective.latencyMs)} at the ${objective.percentile}th percentile`,
      evidence: { p50, p95, p99, objectiveMs: objective.latencyMs, cpuPerInstance, from, to },
    },
    // A busy service is told to grow by `saturated`.
    ...(busy
      ? {}
      : {
          recommendation: {
            service,
            what: `look at what ${service} waits for`,
            why: "it is slow and its CPU is not the reason: it waits for a callee, a store or a lock",
            effect: `a p95 within ${ms(objective.latencyMs)}`,
            how: `tusk db "SELECT callee, avg(p95) AS p95 FROM edges WHERE caller = '${service}' GROUP BY callee"`,
          },
        }),
  };
}

function saturated({ service, parts, cpuPerInstance, readyShare, from, to }: ServicePerformance): Finding | null {
  if (parts.saturation === null || parts.saturation >= wordBelow || cpuPerInstance === null) return null;
  if (readyShare !== null && readyShare < 0.95) return null;
  return {
    depth: parts.saturation,
    insight: {
      kind: "saturated",
      service,
      severity: severityOf(parts.saturation),
      message: `each instance of ${service} uses ${round(cpuPerInstance)} cores on average`,
      evidence: { cpuPerInstance, from, to },
    },
    recommendation: {
      service,
      what: `run more instances of ${service}`,
      why: `one instance is near what one thread can do (${round(cpuPerInstance)} cores)`,
      effect: "CPU of one instance, and with it waiting, falls in proportion",
      how: `tusk scale ${service}=N`,
    },
  };
}

function unready({ service, readyShare, from, to }: ServicePerformance): Finding | null {
  if (readyShare === null || readyShare >= 0.95) return null;
  return {
    depth: readyShare,
    insight: {
      kind: "unready",
      service,
      severity: readyShare < 0.5 ? "critical" : "warning",
      message: `on average ${percent(readyShare)} of ${service}'s instances were ready`,
      evidence: { readyShare, from, to },
    },
    recommendation: {
      service,
      what: `find out why instances of ${service} are not ready`,
      why: `${percent(1 - readyShare)} of its capacity was missing`,
      effect: "the capacity that the spec asks for",
      how: `tusk explain ${service}`,
    },
  };
}

function uneven({ service, p50, p99, from, to }: ServicePerformance): Finding | null {
  if (p50 === null || p99 === null || p99 < tailFloorMs || p99 < p50 * tailFactor) return null;
  return {
    depth: 0.9,
    insight: {
      kind: "uneven",
      service,
      severity: "warning",
      message: `the slowest hundredth of ${service}'s answers takes ${ms(p99)}, the median ${ms(p50)}`,
      evidence: { p50, p99, from, to },
    },
  };
}

function growing({ service, memory, rows, from, to }: ServicePerformance): Finding | null {
  if (memory === null || rows < growthRows || memory.last < memory.first * growthFactor) return null;
  return {
    depth: 0.95,
    insight: {
      kind: "growing",
      service,
      severity: "warning",
      message: `${service}'s memory grew from ${mib(memory.first)} to ${mib(memory.last)}`,
      evidence: { firstBytes: memory.first, lastBytes: memory.last, from, to },
    },
  };
}

const severityOf = (part: number): Insight["severity"] => (part < criticalBelow ? "critical" : "warning");
const round = (value: number): number => Math.round(value * 100) / 100;
const percent = (share: number): string => `${round(share * 100)} %`;
const ms = (value: number | null): string => (value === null ? "?" : `${round(value)} ms`);
const mib = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;
