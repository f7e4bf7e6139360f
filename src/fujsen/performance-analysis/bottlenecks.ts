// What holds a system up: full resources, waiting, calls repeated for one request, the slowest part of the path that a
// slow request takes, and errors that use up the budget. A system within its objectives with room has none.
import type { EdgePerformance } from "../edge-performance.js";
import { rounded } from "../score.js";
import type { AnalyzedService, PerformanceMetricsAnalysis } from "./analysis.js";

export const bottlenecksVersion = "1";

export type BottleneckKind = "saturated" | "queueing" | "n-plus-one" | "critical-path" | "errors";

export interface Bottleneck {
  readonly kind: BottleneckKind;
  readonly service: string;
  /** The repeated call, for `n-plus-one`. */
  readonly edge: EdgePerformance | null;
  /** 0 to 1, what they are ranked by; docs/fujsen/performance.md says of what. */
  readonly impact: number;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, number | string | readonly string[] | null>>;
  /** The measurements of the service, for what follows. */
  readonly measured: AnalyzedService;
}

export interface Bottlenecks {
  readonly version: string;
  /** Highest impact first. */
  readonly bottlenecks: readonly Bottleneck[];
  readonly edges: readonly EdgePerformance[];
}

/** Share of the fullest resource from which a service is saturated. */
const fullUse = 0.8;
const muchWaiting = 0.5;
const busy = 0.7;
/** Calls of one service for one request of its caller. */
export const repeatedCalls = 5;
export const fewestCalls = 30;
/** Share of a slow request's time. */
const largePart = 0.3;
/** Points at the objective. */
export const atObjective = 90;

export function identifyMicroservicesPerformanceBottlenecks(analysis: PerformanceMetricsAnalysis): Bottlenecks {
  const { services, edges } = analysis;
  const found = [...services.flatMap(ofOneService), ...repeated(analysis), ...onCriticalPath(analysis)];
  return {
    version: bottlenecksVersion,
    bottlenecks: found.sort((left, right) => right.impact - left.impact || (keyOf(left) < keyOf(right) ? -1 : 1)),
    edges,
  };
}

const keyOf = ({ service, kind }: Bottleneck): string => JSON.stringify([service, kind]);
const clip = (value: number): number => rounded(Math.min(1, Math.max(0, value)), 4);

/** Saturation, waiting and errors, which the service's own measurements show. */
export function ofOneService(measured: AnalyzedService): Bottleneck[] {
  const { service, saturation, points, load, budget } = measured;
  const found: Bottleneck[] = [];
  const add = (kind: BottleneckKind, impact: number, reason: string, evidence: Bottleneck["evidence"]) =>
    found.push({ kind, service, edge: null, impact: clip(impact), reason, evidence, measured });
  const { use, limit, cpuAssumed } = saturation;
  if (use !== null && use >= fullUse) {
    const cores = limit === "CPU" && cpuAssumed ? "assumed" : "declared";
    const reason = `uses ${rounded(use * 100)}% of its ${limit}`;
    add("saturated", Math.max(use, 1 - (points.saturation ?? 0) / 100), reason, { use, limit, capacity: cores });
  }
  const { queue } = load;
  if (queue && queue.waitingShare >= muchWaiting && queue.peakUtilization >= busy) {
    const reason = `at its highest load ${rounded(queue.waitingShare * 100)}% of the time is waiting`;
    add("queueing", queue.waitingShare, reason, { ...queue });
  }
  const failing = measured.measured.errorShare ?? 0;
  if (budget.firing !== null || (points.errors !== null && points.errors < atObjective)) {
    const reason = `${rounded(failing * 100)}% of requests fail, ${rounded(budget.budget * 100)}% may`;
    add("errors", 1 - (points.errors ?? 100) / 100, reason, { used: budget.used, alert: budget.firing });
  }
  return found;
}

/** Calls of one callee for one request of the caller; null where either is not measured. */
export function callsPerRequest(edge: EdgePerformance, caller: AnalyzedService | undefined): number | null {
  const requests = caller?.measured.requests ?? 0;
  return requests > 0 && edge.requests > 0 ? edge.requests / requests : null;
}

/** Calls that are repeated for one request, of the services given. */
export function repeated({ services, edges }: Pick<PerformanceMetricsAnalysis, "services" | "edges">): Bottleneck[] {
  return edges.flatMap((edge) => {
    const measured = services.find(({ service }) => service === edge.caller);
    const calls = callsPerRequest(edge, measured);
    if (!measured || calls === null || calls < repeatedCalls || edge.requests < fewestCalls) return [];
    const whole = measured.measured.p50;
    // One after the other at most fills the caller's time: calls side by side take less.
    const share = edge.p50 === null || whole === null || whole <= 0 ? 0 : ((calls - 1) * edge.p50) / whole;
    const reason = `calls ${edge.callee} ${rounded(calls)} times for each of its requests`;
    const evidence = { calls: rounded(calls), callP50Ms: edge.p50, requestP50Ms: whole };
    const kind = "n-plus-one" as const;
    return [{ kind, service: edge.caller, edge, impact: clip(share), reason, evidence, measured }];
  });
}

function onCriticalPath(analysis: PerformanceMetricsAnalysis): Bottleneck[] {
  const { services, edges } = analysis;
  const known = new Set(services.map(({ service }) => service));
  const called = new Set(edges.filter(({ caller }) => known.has(caller)).map(({ callee }) => callee));
  const worst = new Map<string, Bottleneck>();
  for (const root of services) {
    if (called.has(root.service) || (root.points.latency ?? 100) >= atObjective) continue;
    const [step] = criticalPath(analysis, root).sort((left, right) => right.share - left.share);
    const before = step && worst.get(step.measured.service);
    if (!step || step.share < largePart || (before && before.impact >= clip(step.share))) continue;
    worst.set(step.measured.service, toBottleneck(root, step));
  }
  return [...worst.values()];
}

interface Step {
  readonly measured: AnalyzedService;
  readonly path: readonly string[];
  readonly ownMs: number;
  /** Of one request of the root, what one call spends in this service itself. */
  readonly share: number;
}

function toBottleneck(root: AnalyzedService, { measured, path, ownMs, share }: Step): Bottleneck {
  const reason = `takes ${rounded(share * 100)}% of the time of a request to ${root.service}`;
  const evidence = { path, ownMs: rounded(ownMs), requestP50Ms: root.measured.p50 };
  return {
    kind: "critical-path",
    service: measured.service,
    edge: null,
    impact: clip(share),
    reason,
    evidence,
    measured,
  };
}

/** From a service on, always into the callee that takes most of a request's time; a cycle ends it. */
function criticalPath({ services, edges }: PerformanceMetricsAnalysis, root: AnalyzedService): Step[] {
  const steps: Step[] = [];
  const whole = root.measured.p50 ?? 0;
  const path: string[] = [];
  for (let at: AnalyzedService | undefined = root; at && whole > 0 && !path.includes(at.service); ) {
    const current: AnalyzedService = at;
    path.push(current.service);
    const calls = edges
      .filter(({ caller }) => caller === current.service)
      .map((edge) => ({ edge, ms: (callsPerRequest(edge, current) ?? 0) * (edge.p50 ?? 0) }))
      .sort((left, right) => right.ms - left.ms);
    const ownMs = Math.max(0, (current.measured.p50 ?? 0) - calls.reduce((sum, { ms }) => sum + ms, 0));
    steps.push({ measured: current, path: [...path], ownMs, share: Math.min(1, ownMs / whole) });
    at = services.find(({ service }) => service === calls[0]?.edge.callee);
  }
  return steps;
}
