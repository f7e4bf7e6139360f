// Errors above what availability allows, over the whole period or for a part of it, and the callee that they come from.
import { type Finding, judge, timeOfDay, wholePeriod } from "./finding.js";
import type { EdgePerformance, PerformanceAnalysis, ServicePerformance } from "./performance.js";
import { errorPoints, rounded } from "./score.js";
import { percent } from "./service-performance.js";
import type { ServiceWindow } from "./windows.js";

/** A part of the period is worth a word when it had this many errors and failed this many times as often as allowed. */
const fewestErrors = 5;
const burst = 5;

export function detectFailing(service: ServicePerformance, analysis: PerformanceAnalysis): Finding | null {
  const { errorShare } = service.measured;
  if (errorShare === null) return null;
  const allowed = rounded(1 - service.objective.availability, 4);
  return errorShare > allowed ? failing(service, analysis, errorShare, allowed) : failedForATime(service, allowed);
}

function failing(
  service: ServicePerformance,
  analysis: PerformanceAnalysis,
  errorShare: number,
  allowed: number,
): Finding {
  const { requests, errors, unreadyShare } = service.measured;
  const edge = failingCallee(service.service, errorShare, analysis.edges);
  return {
    insight: {
      kind: "failing",
      service: service.service,
      ...judge(service.points.errors ?? 0, service),
      message: `${percent(errorShare)} of ${requests} requests to ${service.service} failed, where ${percent(allowed)} may`,
      evidence: {
        ...wholePeriod(service),
        measured: { errorShare, errors, requests, unreadyShare },
        comparedTo: { allowedErrorShare: allowed },
        edge: edge ? { caller: edge.caller, callee: edge.callee } : null,
      },
    },
    recommendation: edge ? lookAtCallee(service, edge) : findCause(service, errorShare),
  };
}

/** The callee whose own failures could account for at least half of the caller's. */
function failingCallee(caller: string, errorShare: number, edges: readonly EdgePerformance[]): EdgePerformance | null {
  const suspects = edges.filter((edge) => edge.caller === caller && (edge.errorShare ?? 0) >= errorShare / 2);
  return suspects.sort((left, right) => (right.errorShare ?? 0) - (left.errorShare ?? 0))[0] ?? null;
}

function lookAtCallee({ service }: ServicePerformance, { callee, errorShare, requests }: EdgePerformance) {
  return {
    service: callee,
    what: `look at ${callee}, which ${service} calls`,
    why: `${percent(errorShare)} of ${service}'s ${requests} calls to ${callee} failed in the same time`,
    effect: `${service} fails only for reasons of its own`,
    how: `tusk explain ${callee}; tusk logs ${callee}`,
  };
}

function findCause({ service, measured }: ServicePerformance, errorShare: number) {
  const unready = measured.unreadyShare ?? 0;
  const why = `${percent(errorShare)} of its requests fail`;
  return {
    service,
    what: `find out why ${service} fails`,
    why: unready > 0 ? `${why}, and instances were not ready in ${percent(unready)} of the time` : why,
    effect: "the error share returns to what its objective allows",
    how: `tusk explain ${service}; tusk logs ${service}`,
  };
}

function failedForATime(service: ServicePerformance, allowed: number): Finding | null {
  const worst = worstWindow(service.windows, Math.max(allowed, 0.0001) * burst);
  if (worst === null) return null;
  const share = worst.errors / worst.requests;
  const rest = restOf(service, worst);
  return {
    insight: {
      kind: "failed-for-a-time",
      service: service.service,
      ...judge(errorPoints(share, service.objective.availability), service),
      severity: "warning",
      // The whole period is within the objective: what it costs is what the score lost.
      cost: 100 - (service.points.errors ?? 100),
      message: `${percent(share)} of ${service.service}'s requests failed from ${timeOfDay(worst.from)} to ${timeOfDay(worst.to)}, otherwise ${percent(rest)}`,
      evidence: {
        from: worst.from,
        to: worst.to,
        measured: { errorShare: share, errors: worst.errors, requests: worst.requests },
        comparedTo: { errorShareOtherwise: rest, allowedErrorShare: allowed },
        edge: null,
      },
    },
    recommendation: {
      service: service.service,
      what: `look at what happened to ${service.service} at ${timeOfDay(worst.from)}`,
      why: `${worst.errors} requests failed in that time, and few before and after`,
      effect: "the next such time is understood, or avoided",
      how: `tusk events -s ${service.service}; tusk logs ${service.service}`,
    },
  };
}

function worstWindow(windows: readonly ServiceWindow[], least: number): ServiceWindow | null {
  const bad = windows.filter(({ errors, requests }) => errors >= fewestErrors && errors / requests > least);
  return bad.sort((left, right) => right.errors / right.requests - left.errors / left.requests)[0] ?? null;
}

function restOf({ measured }: ServicePerformance, window: ServiceWindow): number {
  const requests = measured.requests - window.requests;
  return requests > 0 ? Math.max(0, (measured.errors ?? 0) - window.errors) / requests : 0;
}
