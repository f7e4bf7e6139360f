// From what is known of the traffic to routes, each choice with its reason. Proposes nothing that it has no ground for.
import type { RouteAnalysis, RouteRequirement } from "./route-requirements.js";

export interface ProposedRoute {
  readonly name: string;
  readonly service: string;
  /** PathPrefix. */
  readonly path: string;
  /** It is there already. */
  readonly existing: boolean;
  readonly loadBalancer: "least-request" | "round-robin";
  /** Whole exchange, milliseconds; null: the service's own policy. */
  readonly requestTimeoutMs: number | null;
  readonly cache: { readonly proposed: boolean; readonly reason: string };
  readonly reasons: readonly string[];
}

export interface OptimalRouting {
  readonly version: string;
  readonly routes: readonly ProposedRoute[];
}

export const optimalRoutingVersion = "1";

/** A request that takes this many times its objective, or its measured tail, will not be waited for any more. */
const patience = 20;
const leastTimeoutMs = 1_000;

export function generateOptimalRouting(analysis: RouteAnalysis): OptimalRouting {
  const counts = new Map<string, number>();
  const routes = analysis.requirements.map((requirement) => {
    const count = (counts.get(requirement.service) ?? 0) + 1;
    counts.set(requirement.service, count);
    return proposalFor(requirement, count === 1 ? requirement.service : `${requirement.service}-${count}`);
  });
  return { version: optimalRoutingVersion, routes };
}

function proposalFor(requirement: RouteRequirement, name: string): ProposedRoute {
  const { service, path, existing, reason } = requirement;
  const timeout = timeoutFor(requirement);
  return {
    name,
    service,
    path,
    existing,
    loadBalancer: "least-request",
    requestTimeoutMs: timeout?.ms ?? null,
    cache: cacheFor(requirement),
    reasons: [
      reason,
      "least-request: the faster of two instances gets more, and a slow one does not hold half of the traffic",
      ...(timeout ? [timeout.reason] : []),
    ],
  };
}

function timeoutFor({ latencyMs, p95 }: RouteRequirement): { ms: number; reason: string } | null {
  const known = latencyMs ?? p95;
  if (known === null) return null;
  const ms = Math.max(leastTimeoutMs, Math.round(known * patience));
  const ground = latencyMs === null ? "its measured 95th percentile" : "its objective";
  return { ms, reason: `${ms} ms are ${patience} times ${ground} of ${known} ms, at least ${leastTimeoutMs} ms` };
}

function cacheFor({ cacheable }: RouteRequirement): ProposedRoute["cache"] {
  if (cacheable === null) return { proposed: false, reason: "its methods are not known" };
  if (!cacheable) return { proposed: false, reason: "it takes no GET" };
  return { proposed: true, reason: "it takes GET; what is kept is up to its Cache-Control" };
}
