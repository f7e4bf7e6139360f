// What would relieve a bottleneck, each with the gain that a model predicts, or null where the data cannot tell one.
// Nothing is proposed where nothing is wrong.

import { serversFor } from "../capacity/erlang.js";
import { meanLatency } from "../capacity/service-estimate.js";
import type { EdgePerformance } from "../edge-performance.js";
import { rounded } from "../score.js";
import type { AnalyzedService, ServicePerformanceAnalysis } from "./analysis.js";
import {
  atObjective,
  type Bottleneck,
  type Bottlenecks,
  bottlenecksVersion,
  callsPerRequest,
  ofOneService,
  repeated,
} from "./bottlenecks.js";

export const optimizationsVersion = "1";

export type OptimizationKind =
  | "replicas"
  | "concurrency-limit"
  | "pool-size"
  | "timeout"
  | "retry-budget"
  | "cache"
  | "batching";

export interface Optimization {
  readonly kind: OptimizationKind;
  readonly service: string;
  readonly edge: { readonly caller: string; readonly callee: string } | null;
  /** The value to set; null where the change has none, or the data cannot tell it. Units in its name. */
  readonly proposal: Readonly<Record<string, number | null>>;
  /** By the model; null is not known. */
  readonly predicted: { readonly what: string; readonly before: number | null; readonly after: number | null } | null;
  readonly model: string;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly rejected: readonly { readonly what: string; readonly why: string }[];
}

export interface Optimizations {
  readonly version: string;
  /** In the order of the bottlenecks that they relieve. */
  readonly optimizations: readonly Optimization[];
}

type Rule = (bottleneck: Bottleneck, edges: readonly EdgePerformance[]) => readonly Optimization[];

/** Requests behind a quantile that a timeout is made of. */
const fewestRequests = 100;
const comfortable = 0.7;
/** Share of requests that may be repeated. */
const retryShare = 0.1;

const rules: Readonly<Record<Bottleneck["kind"], readonly Rule[]>> = {
  saturated: [replicas, concurrencyLimit, poolSizes],
  queueing: [replicas, concurrencyLimit, poolSizes],
  "n-plus-one": [batching],
  "critical-path": [timeout, cache],
  errors: [retryBudget],
};

/** For bottlenecks across services; one of a kind for each service and edge. Empty without bottlenecks. */
export function generateMicroservicesPerformanceOptimizations({ bottlenecks, edges }: Bottlenecks): Optimizations {
  const all = new Map<string, Optimization>();
  for (const bottleneck of bottlenecks) {
    for (const one of rules[bottleneck.kind].flatMap((rule) => rule(bottleneck, edges))) {
      const key = JSON.stringify([one.kind, one.service, one.edge]);
      if (!all.has(key)) all.set(key, one);
    }
  }
  return { version: optimizationsVersion, optimizations: [...all.values()] };
}

/** For one service, from its own measurements: what needs the other services' rows (the critical path) is not here. */
export function identifyServiceOptimizations({ service, edges }: ServicePerformanceAnalysis): Optimizations {
  if (service === null) return { version: optimizationsVersion, optimizations: [] };
  const bottlenecks = [...ofOneService(service), ...repeated({ services: [service], edges }), ...tooSlow(service)];
  bottlenecks.sort((left, right) => right.impact - left.impact);
  return generateMicroservicesPerformanceOptimizations({ version: bottlenecksVersion, bottlenecks, edges });
}

/** A service alone that misses its latency objective is the whole of the path that can be seen. */
function tooSlow(measured: AnalyzedService): Bottleneck[] {
  const { service, points, reason, objective } = measured;
  if (points.latency === null || points.latency >= atObjective) return [];
  const evidence = { latencyMs: measured.measured.latencyMs, objectiveMs: objective.latencyMs };
  const impact = 1 - points.latency / 100;
  return [{ kind: "critical-path", service, edge: null, impact, reason, evidence, measured }];
}

function base({
  service,
  reason,
  evidence,
}: Bottleneck): Pick<Optimization, "service" | "edge" | "reason" | "evidence" | "rejected"> {
  return { service, edge: null, reason, evidence, rejected: [] };
}

function replicas(bottleneck: Bottleneck): Optimization[] {
  const { load, saturation, objective } = bottleneck.measured;
  const { queue, queueUnknown, instances, peakRate } = load;
  if (instances === null) return [];
  if (queue && peakRate !== null && peakRate > 0) {
    const room = objective.latencyMs / 1000 - queue.serviceSeconds;
    const seconds = Math.max(0, room);
    const servers = serversFor(peakRate, 1 / queue.serviceSeconds, { share: 0.05, seconds });
    const wanted = Math.ceil(servers / queue.concurrency);
    if (wanted <= instances) return [];
    const latency = (count: number): number | null => {
      const ms = 1000 * meanLatency(peakRate / count, queue.serviceSeconds, queue.concurrency);
      return Number.isFinite(ms) ? rounded(ms) : null;
    };
    const predicted = {
      what: "mean latency at the highest load, ms",
      before: latency(instances),
      after: latency(wanted),
    };
    const model =
      "Erlang C (M/M/c) with the service time fitted to load and latency: at most 5% wait longer than the objective leaves";
    return [{ ...base(bottleneck), kind: "replicas", proposal: { replicas: wanted }, predicted, model }];
  }
  const { use, limit, cpuAssumed } = saturation;
  // Declared cores are for all instances together: more instances would share the same ones.
  if (use === null || limit !== "CPU" || !cpuAssumed) return [];
  const wanted = Math.ceil((instances * use) / comfortable);
  const after = rounded((use * instances) / wanted, 4);
  const rejected = [{ what: "Erlang C", why: queueUnknown ?? "the rate is not measured" }];
  const model =
    "utilization law: the same work on more cores, up to 70% of each; one core for each instance is assumed";
  const predicted = { what: "share of the CPU in use", before: use, after };
  if (wanted <= instances) return [];
  return [{ ...base(bottleneck), kind: "replicas", proposal: { replicas: wanted }, predicted, model, rejected }];
}

function concurrencyLimit(bottleneck: Bottleneck): Optimization[] {
  const { load, objective } = bottleneck.measured;
  if (load.meanRate === null || load.instances === null || objective.latencyAssumed) return [];
  const limit = Math.max(1, Math.ceil((load.meanRate / load.instances) * (objective.latencyMs / 1000)));
  const model =
    "Little's law: so many are inside one instance when it serves its present rate exactly at the objective";
  const latencyMs = bottleneck.measured.measured.latencyMs;
  const predicted = {
    what: "time inside at the limit and the present rate, ms",
    before: latencyMs,
    after: objective.latencyMs,
  };
  const rejected = [{ what: "no limit", why: "what waits beyond it is answered too late for the objective" }];
  return [
    { ...base(bottleneck), kind: "concurrency-limit", proposal: { perInstance: limit }, predicted, model, rejected },
  ];
}

/** Connections that each caller needs, all its instances together. */
function poolSizes(bottleneck: Bottleneck, edges: readonly EdgePerformance[]): Optimization[] {
  const { service, load, measured } = bottleneck.measured;
  const rate = load.meanRate;
  const total = measured.requests;
  if (rate === null || total <= 0) return [];
  return edges
    .filter(({ callee, p95 }) => callee === service && p95 !== null)
    .map((edge) => {
      const calls = rate * Math.min(1, edge.requests / total);
      const connections = Math.max(1, Math.ceil((calls * (edge.p95 ?? 0)) / 1000));
      const model = "Little's law: mean rate of the caller's calls times their p95";
      const { caller, callee } = edge;
      const proposal = { connections };
      return { ...base(bottleneck), edge: { caller, callee }, kind: "pool-size", proposal, predicted: null, model };
    });
}

function timeout(bottleneck: Bottleneck): Optimization[] {
  const { p99, requests, latencySource } = bottleneck.measured.measured;
  if (p99 === null || requests < fewestRequests || latencySource !== "percentiles") return [];
  const timeoutMs = Math.ceil(1.5 * p99);
  const model =
    "observed p99 and half of it again: at most 1% of requests are near it; the gain depends on the present timeout, which rows do not carry";
  const rejected = [{ what: "p99 itself", why: "one request in a hundred would be cut off" }];
  return [{ ...base(bottleneck), kind: "timeout", proposal: { timeoutMs }, predicted: null, model, rejected }];
}

function cache(bottleneck: Bottleneck): Optimization[] {
  const model =
    "gain = hit ratio × time in the service; rows carry neither keys nor methods, so the hit ratio is not known";
  return [{ ...base(bottleneck), kind: "cache", proposal: { expectedHitRatio: null }, predicted: null, model }];
}

function retryBudget(bottleneck: Bottleneck): Optimization[] {
  const { errorShare } = bottleneck.measured.measured;
  // Where more fails than may be repeated, retries are load on what is broken.
  if (errorShare === null || errorShare <= 0 || errorShare > retryShare) return [];
  const predicted = {
    what: "share of requests that fail",
    before: rounded(errorShare, 4),
    after: rounded(errorShare * errorShare, 4),
  };
  const model =
    "one retry of failures that are independent of each other, of requests that may be repeated; less where they are not";
  const rejected = [{ what: "more than one retry", why: "it multiplies load while the service fails" }];
  return [
    {
      ...base(bottleneck),
      kind: "retry-budget",
      proposal: { budgetShare: retryShare, attempts: 2 },
      predicted,
      model,
      rejected,
    },
  ];
}

function batching(bottleneck: Bottleneck): Optimization[] {
  const { edge, measured } = bottleneck;
  if (edge === null) return [];
  const calls = callsPerRequest(edge, measured) ?? 1;
  const before = edge.p50 === null ? null : rounded(calls * edge.p50);
  const after = edge.p50 === null ? null : rounded(edge.p50);
  const predicted = before === null ? null : { what: "time of these calls in one request, ms, at most", before, after };
  const model =
    "calls one after the other, and a batch that takes as long as one of them; an upper bound where either is not so";
  const rejected = [{ what: "more replicas of the callee", why: "they do not lower the number of calls" }];
  const { caller, callee } = edge;
  return [
    {
      ...base(bottleneck),
      edge: { caller, callee },
      kind: "batching",
      proposal: { callsPerRequest: 1 },
      predicted,
      model,
      rejected,
    },
  ];
}
