// `traffic` of a service: defaults filled in. Each default and its reason stands in docs/traffic-policy.md.
// Takes only what the schema has passed.
import type { CallTrafficFile, TrafficFile } from "./app-schema.js";
import type {
  BreakerSpec,
  CallTrafficSpec,
  HashOnSpec,
  LimitsSpec,
  OutlierSpec,
  RetrySpec,
  SubsetSpec,
  TrafficSpec,
  ZoneSpec,
} from "./app-spec.js";
import { msOr, toMs } from "./duration.js";
import { withFault } from "./normalise-fault.js";
import { normaliseRouteRetry } from "./normalise-gateway.js";

export const defaultTraffic: TrafficSpec = {
  loadBalancer: "least-request",
  slowStartMs: 0,
  requestTimeoutMs: 15_000,
  attemptTimeoutMs: 0,
  retry: { attempts: 2, statuses: [502, 503, 504], backoffMs: 25, budgetRatio: 0.2, budgetMinimum: 10 },
  outlier: { enabled: true, consecutiveFailures: 5, baseEjectionMs: 5000, maxEjectionMs: 300_000, intervalMs: 10_000 },
  limits: { connections: 1024, pending: 1024, requests: 0, retries: 0 },
  breaker: {
    enabled: false,
    failureRatio: 0.5,
    minimumRequests: 20,
    windowMs: 10_000,
    openMs: 5000,
    maxOpenMs: 60_000,
    rampMs: 10_000,
  },
};

export function normaliseTraffic(file: TrafficFile = {}): TrafficSpec {
  return {
    ...normaliseBalancer(file.loadBalancer),
    slowStartMs: msOr(file.slowStart, defaultTraffic.slowStartMs),
    requestTimeoutMs: msOr(file.timeout, defaultTraffic.requestTimeoutMs),
    attemptTimeoutMs: msOr(file.attemptTimeout, defaultTraffic.attemptTimeoutMs),
    retry: normaliseRetry(file.retry),
    outlier: normaliseOutlier(file.outlier),
    limits: normaliseLimits(file.limits),
    breaker: normaliseBreaker(file.breaker),
    ...(file.hedge === undefined ? {} : { hedge: { afterMs: toMs(file.hedge.after) } }),
    ...withFault(file.fault),
    ...withSubset(file.subset),
    ...(file.zone === undefined ? {} : { zone: normaliseZone(file.zone) }),
    ...(file.tunnelIdle === undefined ? {} : { tunnelIdleMs: toMs(file.tunnelIdle) }),
  };
}

function withSubset(file: TrafficFile["subset"]): { readonly subset?: SubsetSpec } {
  if (file === undefined) return {};
  const { tags = [], metadata = {}, fallback = "any" } = file;
  return { subset: { tags, metadata, fallback } };
}

function normaliseZone(file: NonNullable<TrafficFile["zone"]>): ZoneSpec {
  const { name, minimumHealthy = 70 } = typeof file === "string" ? { name: file } : file;
  return { zone: name, minimumHealthy: minimumHealthy / 100 };
}

/** What a caller sets for its calls to one callee; the rest is the callee's own. */
export function normaliseCallTraffic({
  timeout,
  attemptTimeout,
  retry,
  hedge,
  fault,
  subset,
}: CallTrafficFile): CallTrafficSpec {
  return {
    ...(timeout === undefined ? {} : { requestTimeoutMs: toMs(timeout) }),
    ...(attemptTimeout === undefined ? {} : { attemptTimeoutMs: toMs(attemptTimeout) }),
    ...(retry === undefined ? {} : { retry: normaliseRouteRetry(retry) }),
    ...(hedge === undefined ? {} : { hedge: { afterMs: toMs(hedge.after) } }),
    ...withFault(fault),
    ...withSubset(subset),
  };
}

function normaliseBalancer(
  file: TrafficFile["loadBalancer"] = defaultTraffic.loadBalancer,
): Pick<TrafficSpec, "loadBalancer" | "hashOn"> {
  if (typeof file !== "string") return { loadBalancer: file.type, hashOn: hashOnOf(file) };
  const isHashing = file === "ring-hash" || file === "maglev";
  return { loadBalancer: file, ...(isHashing ? { hashOn: { kind: "source" } } : {}) };
}

function hashOnOf({ header, cookie }: { header?: string | undefined; cookie?: string | undefined }): HashOnSpec {
  if (header !== undefined) return { kind: "header", name: header.toLowerCase() };
  return cookie === undefined ? { kind: "source" } : { kind: "cookie", name: cookie };
}

function normaliseRetry(file: TrafficFile["retry"] = {}): RetrySpec {
  const defaults = defaultTraffic.retry;
  if (file === false) return { ...defaults, attempts: 0 };
  return {
    attempts: file.attempts ?? defaults.attempts,
    statuses: file.codes ?? defaults.statuses,
    backoffMs: msOr(file.backoff, defaults.backoffMs),
    budgetRatio: file.budgetRatio ?? defaults.budgetRatio,
    budgetMinimum: file.budgetMinimum ?? defaults.budgetMinimum,
  };
}

function normaliseOutlier(file: TrafficFile["outlier"] = {}): OutlierSpec {
  const defaults = defaultTraffic.outlier;
  if (file === false) return { ...defaults, enabled: false };
  const baseEjectionMs = msOr(file.baseEjection, defaults.baseEjectionMs);
  return {
    enabled: true,
    consecutiveFailures: file.consecutiveFailures ?? defaults.consecutiveFailures,
    baseEjectionMs,
    maxEjectionMs: Math.max(baseEjectionMs, msOr(file.maxEjection, defaults.maxEjectionMs)),
    intervalMs: msOr(file.interval, defaults.intervalMs),
    ...normaliseComparisons(file),
  };
}

type OutlierFile = Exclude<TrafficFile["outlier"], false | undefined>;

function normaliseComparisons(file: OutlierFile): Partial<OutlierSpec> {
  const { consecutiveGatewayErrors, failurePercentage, successRate } = file;
  return {
    ...(consecutiveGatewayErrors === undefined ? {} : { consecutiveGatewayErrors }),
    ...(failurePercentage === undefined ? {} : { failurePercentage: toFailurePercentage(failurePercentage) }),
    ...(successRate === undefined ? {} : { successRate: toSuccessRate(successRate) }),
  };
}

function toFailurePercentage(file: NonNullable<OutlierFile["failurePercentage"]>): OutlierSpec["failurePercentage"] {
  const { threshold = 85, minimumHosts = 3, minimumRequests = 50 } = file;
  return { threshold: threshold / 100, minimumHosts, minimumRequests };
}

function toSuccessRate(file: NonNullable<OutlierFile["successRate"]>): OutlierSpec["successRate"] {
  const { deviations = 1.9, minimumHosts = 5, minimumRequests = 100 } = file;
  return { deviations, minimumHosts, minimumRequests };
}

function normaliseLimits(file: TrafficFile["limits"] = {}): LimitsSpec {
  const defaults = defaultTraffic.limits;
  return {
    connections: file.connections ?? defaults.connections,
    pending: file.pending ?? defaults.pending,
    requests: file.requests ?? defaults.requests,
    retries: file.retries ?? defaults.retries,
    ...normaliseAdaptive(file.adaptive),
  };
}

function normaliseAdaptive(
  file: Exclude<TrafficFile["limits"], undefined>["adaptive"] = false,
): Pick<LimitsSpec, "adaptive"> {
  if (file === false) return {};
  const { min = 4, max = 1000, tolerance = 2 } = file === true ? {} : file;
  return { adaptive: { min, max: Math.max(min, max), tolerance } };
}

function normaliseBreaker(file: TrafficFile["breaker"] = false): BreakerSpec {
  const defaults = defaultTraffic.breaker;
  if (typeof file === "boolean") return { ...defaults, enabled: file };
  const openMs = msOr(file.open, defaults.openMs);
  return {
    enabled: true,
    failureRatio: file.failureRatio ?? defaults.failureRatio,
    minimumRequests: file.minimumRequests ?? defaults.minimumRequests,
    windowMs: msOr(file.window, defaults.windowMs),
    openMs,
    maxOpenMs: Math.max(openMs, msOr(file.maxOpen, defaults.maxOpenMs)),
    rampMs: msOr(file.ramp, defaults.rampMs),
  };
}
