// One service from its written form to the app spec: short forms expanded, defaults filled in.
// Takes only what the schema has passed.
import type { ServiceFile, TrafficFile } from "./app-schema.js";
import type { OutlierSpec, RetrySpec, ServiceSpec, SloSpec, TrafficSpec } from "./app-spec.js";
import { msOr, toMs } from "./duration.js";
import { normaliseCommand } from "./normalise-command.js";
import { normaliseHealth } from "./normalise-health.js";

export const defaultTraffic: TrafficSpec = {
  loadBalancer: "least-request",
  requestTimeoutMs: 15_000,
  attemptTimeoutMs: 0,
  retry: { attempts: 2, statuses: [502, 503, 504], backoffMs: 25, budgetRatio: 0.2, budgetMinimum: 10 },
  outlier: { enabled: true, consecutiveFailures: 5, baseEjectionMs: 5000, maxEjectionMs: 300_000 },
};

export function normaliseService(file: ServiceFile): ServiceSpec {
  return {
    name: file.name,
    ...(file.language === undefined ? {} : { language: file.language }),
    ...(file.framework === undefined ? {} : { framework: file.framework }),
    dependencies: file.dependencies ?? [],
    path: file.path ?? ".",
    ...(file.build === undefined ? {} : { build: normaliseCommand(file.build) }),
    ...(file.setup === undefined ? {} : { setup: normaliseCommand(file.setup) }),
    ...(file.run === undefined ? {} : { run: normaliseCommand(file.run) }),
    env: Object.fromEntries(Object.entries(file.env ?? {}).map(([name, value]) => [name, String(value)])),
    envFiles: file.envFiles ?? [],
    ...(file.calls === undefined ? {} : { calls: file.calls }),
    startAfter: file.startAfter ?? [],
    replicas: file.replicas ?? 1,
    health: normaliseHealth(file.health),
    slo: normaliseSlo(file.slo),
    traffic: normaliseTraffic(file.traffic),
    stopGraceMs: msOr(file.stopGrace, 10_000),
    drainMs: msOr(file.drain, 5000),
  };
}

function normaliseSlo(file: ServiceFile["slo"] = {}): SloSpec {
  return {
    ...(file.latency === undefined ? {} : { latencyMs: toMs(file.latency) }),
    percentile: file.percentile ?? 95,
    availability: file.availability ?? 0.99,
  };
}

function normaliseTraffic(file: TrafficFile = {}): TrafficSpec {
  return {
    loadBalancer: file.loadBalancer ?? defaultTraffic.loadBalancer,
    requestTimeoutMs: msOr(file.timeout, defaultTraffic.requestTimeoutMs),
    attemptTimeoutMs: msOr(file.attemptTimeout, defaultTraffic.attemptTimeoutMs),
    retry: normaliseRetry(file.retry),
    outlier: normaliseOutlier(file.outlier),
  };
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
  };
}
