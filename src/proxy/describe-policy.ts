// Every policy on a request's way in words, with its place in the spec and how it stands now. For `explain` only.
import type { PolicyPart } from "../keeper/protocol.js";
import type { ClusterPlan, PlanOrigin, RouteAction, SubsetPlan } from "../plan/proxy-plan.js";
import { isHashing } from "../resilience/load-balancer.js";
import type { Cluster } from "./cluster.js";
import type { EndpointState } from "./endpoint-state.js";
import { describeFault } from "./fault-watch.js";

type Origins = Readonly<Record<string, PlanOrigin>> | undefined;

export function describePolicy(cluster: Cluster, action: RouteAction): PolicyPart[] {
  const { plan } = cluster;
  if (plan === null) return [];
  const subset = action.subset ?? plan.subset;
  const origins = action.subset === undefined ? plan.origins : action.origins;
  const narrowed = subset === undefined ? [] : [part("subset", describeSubset(subset), originOf(origins, "subset"))];
  return [...describeAction(action), ...narrowed, ...describeCluster(plan, cluster)];
}

function describeAction(action: RouteAction): PolicyPart[] {
  const { requestTimeoutMs, attemptTimeoutMs, retry, hedge, fault, origins } = action;
  const { attempts, statuses, backoffMs, unsentOnly } = retry;
  const when = unsentOnly ? "where nothing was sent" : `also after ${statuses.join(", ") || "no status"}`;
  const tries = `at most ${attempts} more, ${when}, first wait up to ${ms(backoffMs)}`;
  return [
    part("timeout", limitMs(requestTimeoutMs), originOf(origins, "requestTimeoutMs")),
    part("attempt timeout", limitMs(attemptTimeoutMs), originOf(origins, "attemptTimeoutMs")),
    part("retry", attempts === 0 ? "never" : tries, originOf(origins, "retry")),
    part(
      "hedge",
      hedge ? `safe requests without an answer after ${ms(hedge.afterMs)}` : "off",
      originOf(origins, "hedge"),
    ),
    ...(fault === undefined ? [] : [part("injected fault", describeFault(fault), originOf(origins, "fault"))]),
  ];
}

function describeCluster(plan: ClusterPlan, cluster: Cluster): PolicyPart[] {
  const { slowStartMs = 0, retryBudget, outlier, limits, breaker, origins } = plan;
  const share = `${percent(retryBudget.ratio)} of the requests of 10 s, or ${retryBudget.minimum} a second`;
  const { admission } = cluster;
  return [
    part("balancer", describeBalancer(plan), originOf(origins, "loadBalancer")),
    ...(plan.zone === undefined ? [] : [part("zone", describeZone(plan.zone), originOf(origins, "zone"))]),
    part("slow start", slowStartMs === 0 ? "off" : `${ms(slowStartMs)} from a tenth to all`, {
      ...originOf(origins, "slowStartMs"),
      ...(slowStartMs === 0 ? {} : { standing: `${cluster.endpoints.filter(isWarming).length} instances warming up` }),
    }),
    part("retry budget", share, originOf(origins, "retryBudget")),
    part("ejection", outlier ? describeOutlier(outlier) : "off", {
      ...originOf(origins, "outlier"),
      standing: `${cluster.endpoints.filter(({ ejected }) => ejected).length} ejected`,
    }),
    part("limits", limits ? describeLimits(limits) : "none", {
      ...originOf(origins, "limits"),
      standing: `${admission.requests} in flight, ${cluster.waiting} waiting, ${admission.retries} in a further attempt${adapted(admission)}`,
    }),
    part("breaker", breaker ? describeBreaker(breaker) : "off", {
      ...originOf(origins, "breaker"),
      ...(breaker ? { standing: admission.breakerPhase } : {}),
    }),
  ];
}

function describeBalancer({ loadBalancer, hashOn }: ClusterPlan): string {
  if (!isHashing(loadBalancer)) return loadBalancer;
  if (hashOn === undefined || hashOn.kind === "source") return `${loadBalancer} by the client's address`;
  return `${loadBalancer} by ${hashOn.kind} ${hashOn.name}`;
}

const isWarming = ({ ready, warmth }: EndpointState): boolean => ready && warmth < 1;

function describeOutlier(outlier: NonNullable<ClusterPlan["outlier"]>): string {
  const { consecutiveFailures, baseEjectionMs, maxEjectionMs } = outlier;
  const { consecutiveGatewayErrors, failurePercentage, successRate, intervalMs = 10_000 } = outlier;
  const parts = [
    `after ${consecutiveFailures} failures in a row`,
    consecutiveGatewayErrors !== undefined && `after ${consecutiveGatewayErrors} gateway errors in a row`,
    failurePercentage &&
      `at ${percent(failurePercentage.threshold)} failures in ${ms(intervalMs)}${above(failurePercentage)}`,
    successRate && `${successRate.deviations} deviations below the fleet in ${ms(intervalMs)}${above(successRate)}`,
  ].filter((text) => typeof text === "string");
  return `${parts.join(", ")}; for ${ms(baseEjectionMs)} doubling to ${ms(maxEjectionMs)}`;
}

function above({ minimumHosts, minimumRequests }: { minimumHosts: number; minimumRequests: number }): string {
  return ` (of ${minimumHosts} instances with ${minimumRequests} answers each)`;
}

function adapted({ adaptive }: Cluster["admission"]): string {
  if (adaptive === null) return "";
  const baseline =
    adaptive.baselineMs === null ? "nothing measured yet" : `lowest latency ${ms(round(adaptive.baselineMs))}`;
  return `, adapted to ${Math.floor(adaptive.limit)} (${baseline})`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

function describeZone({ zone, minimumHealthy }: NonNullable<ClusterPlan["zone"]>): string {
  return `${zone} first, while ${percent(minimumHealthy)} of it are usable`;
}

function describeSubset({ tags, metadata, fallback }: SubsetPlan): string {
  const wanted = [...tags, ...Object.entries(metadata).map(([key, value]) => `${key}=${value}`)];
  return `instances with ${wanted.join(", ")}; where none is usable, ${fallback === "any" ? "any other" : "none"}`;
}

function describeLimits({
  connections,
  pending,
  requests,
  retries,
  adaptive,
}: NonNullable<ClusterPlan["limits"]>): string {
  const parts = [
    connections > 0 && `${connections} requests to one instance, ${pending} more wait`,
    requests > 0 && `${requests} requests in all`,
    adaptive && `${adaptive.min} to ${adaptive.max} in all by latency up to ${adaptive.tolerance} times the lowest`,
    retries > 0 && `${retries} in a further attempt`,
  ].filter((text) => typeof text === "string");
  return parts.length === 0 ? "none" : parts.join("; ");
}

function describeBreaker(breaker: NonNullable<ClusterPlan["breaker"]>): string {
  const { failureRatio, minimumRequests, windowMs, openMs, rampMs } = breaker;
  const opens = `opens at ${percent(failureRatio)} failures of at least ${minimumRequests} answers in ${ms(windowMs)}`;
  return `${opens}, for ${ms(openMs)}, then lets a growing share through for ${ms(rampMs)}`;
}

type Extra = Pick<PolicyPart, "standing" | "origin">;

const part = (name: string, value: string, extra: Extra): PolicyPart => ({ name, value, ...extra });

function originOf(origins: Origins, field: string): Pick<PolicyPart, "origin"> {
  const origin = origins && Object.hasOwn(origins, field) ? origins[field] : undefined;
  return origin === undefined ? {} : { origin };
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
const limitMs = (value: number): string => (value === 0 ? "none" : ms(value));

function ms(value: number): string {
  if (value >= 60_000 && value % 60_000 === 0) return `${value / 60_000} min`;
  return value >= 1000 ? `${value / 1000} s` : `${value} ms`;
}
