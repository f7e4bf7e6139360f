// The calls between services over a period, one entry for each pair of caller and callee.
import { LatencyMixture } from "./latency-mixture.js";
import type { EdgeRow } from "./metrics-row.js";
import { rounded } from "./score.js";

export interface EdgePerformance {
  readonly caller: string;
  readonly callee: string;
  readonly requests: number;
  readonly errorShare: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
}

/** Most requests first. */
export function measureEdges(edges: readonly EdgeRow[]): EdgePerformance[] {
  const groups = new Map<string, { first: EdgeRow; requests: number; errors: number; latency: LatencyMixture }>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.caller, edge.callee]);
    const group = groups.get(key) ?? { first: edge, requests: 0, errors: 0, latency: new LatencyMixture() };
    groups.set(key, group);
    const requests = Math.max(0, edge.requests ?? 0);
    group.requests += requests;
    group.errors += Math.min(requests, Math.max(0, edge.errors ?? 0));
    group.latency.add({ ...edge, responseTime: null }, requests);
  }
  return [...groups.values()]
    .map(({ first, requests, errors, latency }) => ({
      caller: first.caller,
      callee: first.callee,
      requests,
      errorShare: requests > 0 ? errors / requests : null,
      p50: roundedOrNull(latency.percentile(50)),
      p95: roundedOrNull(latency.percentile(95)),
    }))
    .sort((left, right) => right.requests - left.requests);
}

const roundedOrNull = (value: number | null): number | null => (value === null ? null : rounded(value, 4));
