// `health` from its written form to the three probes, with the defaults of Kubernetes.
import type { HealthFile } from "./app-schema.js";
import type { HealthSpec, ProbeCheck, ProbeSpec } from "./app-spec.js";
import { msOr } from "./duration.js";
import { normaliseCommand } from "./normalise-command.js";

type HealthObject = Exclude<HealthFile, string>;
type ProbeFile = NonNullable<HealthObject["startup"]>;
type ProbeObject = Exclude<ProbeFile, string>;

export function normaliseHealth(file: HealthFile = {}): HealthSpec {
  const health: HealthObject = typeof file === "string" ? { path: file } : file;
  const usual: ProbeCheck = health.path === undefined ? { kind: "tcp" } : { kind: "http", path: health.path };
  const startup = normaliseProbe(health.startup, usual);
  return {
    startup,
    startupLimitMs: msOr(health.startupLimit, 60_000),
    ...(health.liveness === undefined ? {} : { liveness: normaliseProbe(health.liveness, usual) }),
    readiness: normaliseProbe(health.readiness, health.path === undefined ? startup.check : usual),
  };
}

function normaliseProbe(file: ProbeFile = {}, usual: ProbeCheck): ProbeSpec {
  const probe: ProbeObject = typeof file === "string" ? { http: file } : file;
  return {
    check: normaliseCheck(probe) ?? usual,
    periodMs: msOr(probe.period, 10_000),
    timeoutMs: msOr(probe.timeout, 1000),
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  };
}

function normaliseCheck(probe: ProbeObject): ProbeCheck | null {
  if (probe.http !== undefined) return normaliseHttp(probe.http);
  if (probe.tcp !== undefined) return { kind: "tcp", ...(probe.tcp === true ? {} : { port: probe.tcp }) };
  if (probe.command !== undefined) return { kind: "command", command: normaliseCommand(probe.command) };
  return null;
}

function normaliseHttp(http: NonNullable<ProbeObject["http"]>): ProbeCheck {
  if (typeof http === "string") return { kind: "http", path: http };
  const { path, port, statuses } = http;
  return {
    kind: "http",
    path,
    ...(port === undefined ? {} : { port }),
    ...(statuses === undefined ? {} : { statuses: typeof statuses === "number" ? [statuses, statuses] : statuses }),
  };
}
