// Latency above its objective, over the whole period or for a part of it, and whether a callee or the CPU explains it.
import { type Finding, judge, type Recommendation, timeOfDay, wholePeriod } from "./finding.js";
import type { EdgePerformance, PerformanceAnalysis, ServicePerformance } from "./performance.js";
import { comfortableUse, latencyPoints } from "./score.js";
import { percent, readable } from "./service-performance.js";
import type { ServiceWindow } from "./windows.js";

/** A part of the period is worth a word when it was this many times slower than allowed, and than the usual. */
const burst = 2;
const fewestRequests = 20;

export function detectSlow(service: ServicePerformance, analysis: PerformanceAnalysis): Finding | null {
  const { latencyMs } = service.measured;
  if (latencyMs === null) return null;
  return latencyMs > service.objective.latencyMs ? slow(service, analysis, latencyMs) : slowForATime(service);
}

function slow(service: ServicePerformance, analysis: PerformanceAnalysis, latencyMs: number): Finding {
  const { objective, measured, saturation } = service;
  const edge = slowCallee(service, analysis.edges);
  const recommendation = remedy(service, edge);
  return {
    insight: {
      kind: "slow",
      service: service.service,
      ...judge(service.points.latency ?? 0, service),
      message: `${service.service}'s p${objective.percentile} is ${readable(latencyMs)} ms, where ${objective.latencyMs} ms is the ${objective.latencyAssumed ? "assumed " : ""}objective`,
      evidence: {
        ...wholePeriod(service),
        measured: { latencyMs, p50: measured.p50, p99: measured.p99, source: measured.latencySource },
        comparedTo: { objectiveMs: objective.latencyMs, percentile: objective.percentile, cpuUse: saturation.cpuUse },
        edge: edge ? { caller: edge.caller, callee: edge.callee } : null,
      },
    },
    ...(recommendation ? { recommendation } : {}),
  };
}

/** The callee whose p95 is at least half of the caller's latency. */
function slowCallee(
  { service, measured }: ServicePerformance,
  edges: readonly EdgePerformance[],
): EdgePerformance | null {
  const suspects = edges.filter(({ caller, p95 }) => caller === service && (p95 ?? 0) >= (measured.latencyMs ?? 0) / 2);
  return suspects.sort((left, right) => (right.p95 ?? 0) - (left.p95 ?? 0))[0] ?? null;
}

// A service that is short of CPU is told to grow by detectSaturated.
function remedy(service: ServicePerformance, edge: EdgePerformance | null): Recommendation | null {
  const name = service.service;
  if (edge) {
    return {
      service: edge.callee,
      what: `look at ${edge.callee}, which ${name} calls`,
      why: `${name}'s calls to it have a p95 of ${readable(edge.p95)} ms, of the ${readable(service.measured.latencyMs)} ms that ${name} takes`,
      effect: `${name} gets faster by what ${edge.callee} gets faster`,
      how: `tusk explain ${edge.callee}; tusk logs ${edge.callee}`,
    };
  }
  const { cpuUse } = service.saturation;
  if (cpuUse === null) return findWait(service, "it is slow; its CPU is not measured");
  if (cpuUse > comfortableUse) return null;
  return findWait(
    service,
    `it is slow while it uses only ${percent(cpuUse)} of its CPU: it waits for a callee, a store or a lock`,
  );
}

function findWait({ service, objective }: ServicePerformance, why: string): Recommendation {
  return {
    service,
    what: `find out what ${service} waits for`,
    why,
    effect: `p${objective.percentile} within ${objective.latencyMs} ms`,
    how: `tusk db "SELECT callee, max(p95) AS p95 FROM edges WHERE caller = '${service.replaceAll("'", "''")}' GROUP BY callee"; tusk logs ${service}`,
  };
}

function slowForATime(service: ServicePerformance): Finding | null {
  const worst = slowestWindow(service);
  if (worst === null || worst.latencyMs === null) return null;
  const { objective, measured, points } = service;
  return {
    insight: {
      kind: "slow-for-a-time",
      service: service.service,
      ...judge(latencyPoints(worst.latencyMs, objective.latencyMs), service),
      severity: "warning",
      cost: 100 - (points.latency ?? 100),
      message: `${service.service} took ${readable(worst.latencyMs)} ms from ${timeOfDay(worst.from)} to ${timeOfDay(worst.to)}, over the whole period ${readable(measured.latencyMs)} ms`,
      evidence: {
        from: worst.from,
        to: worst.to,
        measured: { latencyMs: worst.latencyMs, requests: worst.requests, cpuCores: worst.cpuCores },
        comparedTo: { latencyMsOfWholePeriod: measured.latencyMs, objectiveMs: objective.latencyMs },
        edge: null,
      },
    },
    recommendation: {
      service: service.service,
      what: `look at what happened to ${service.service} at ${timeOfDay(worst.from)}`,
      why: `it was ${readable(worst.latencyMs / Math.max(0.001, measured.latencyMs ?? 0))} times slower than over the whole period`,
      effect: "the next such time is understood, or avoided",
      how: `tusk events -s ${service.service}; tusk logs ${service.service}`,
    },
  };
}

function slowestWindow({ windows, objective, measured }: ServicePerformance): ServiceWindow | null {
  const least = burst * Math.max(objective.latencyMs, measured.latencyMs ?? 0);
  const bad = windows.filter(({ latencyMs, requests }) => requests >= fewestRequests && (latencyMs ?? 0) > least);
  return bad.sort((left, right) => (right.latencyMs ?? 0) - (left.latencyMs ?? 0))[0] ?? null;
}
