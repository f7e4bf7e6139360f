// One service from its written form to the app spec: short forms expanded, defaults filled in.
// Takes only what the schema has passed.
import type { ServiceFile } from "./app-schema.js";
import type { ServiceSpec, SloSpec } from "./app-spec.js";
import { msOr, toMs } from "./duration.js";
import { normaliseCommand } from "./normalise-command.js";
import { normaliseHealth } from "./normalise-health.js";
import { normaliseCallTraffic, normaliseTraffic } from "./normalise-traffic.js";

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
    ...(file.callTraffic === undefined ? {} : { callTraffic: normaliseCalls(file.callTraffic) }),
    startAfter: file.startAfter ?? [],
    replicas: file.replicas ?? 1,
    health: normaliseHealth(file.health),
    slo: normaliseSlo(file.slo),
    traffic: normaliseTraffic(file.traffic),
    stopGraceMs: msOr(file.stopGrace, 10_000),
    drainMs: msOr(file.drain, 5000),
  };
}

function normaliseCalls(file: NonNullable<ServiceFile["callTraffic"]>): NonNullable<ServiceSpec["callTraffic"]> {
  return Object.fromEntries(Object.entries(file).map(([callee, policy]) => [callee, normaliseCallTraffic(policy)]));
}

function normaliseSlo(file: ServiceFile["slo"] = {}): SloSpec {
  return {
    ...(file.latency === undefined ? {} : { latencyMs: toMs(file.latency) }),
    percentile: file.percentile ?? 95,
    availability: file.availability ?? 0.99,
  };
}
