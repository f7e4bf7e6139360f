// Why a service is as it is, in sentences, from what the driver shows and what the event log holds. Pure.
import type { TuskEvent } from "../base/event.js";
import { egressName, gatewayName } from "../compile/needed-ports.js";
import type { WorkerRequest } from "../keeper/protocol.js";
import type { AppSpec, ListenerSpec } from "../model/app-spec.js";
import type { Settings } from "../model/settings.js";
import type { InstanceView } from "../orchestrator/orchestrator.js";
import type { RequestExplainInput, ServiceExplanation } from "./control-plane.js";
import { type BoundListener, toUrl } from "./status.js";

export interface ServiceEvidence {
  readonly spec: AppSpec;
  readonly settings: Settings;
  readonly views: readonly InstanceView[];
  /** Oldest first. */
  readonly events: readonly TuskEvent[];
  readonly bound: ReadonlyMap<string, BoundListener>;
}

export function explainService(service: string, evidence: ServiceEvidence): ServiceExplanation {
  const instances = evidence.views.filter((view) => view.service === service);
  const declared = evidence.spec.services.find((entry) => entry.name === service);
  return {
    service,
    summary: summarise(service, instances, declared?.replicas ?? 0),
    instances,
    events: [...evidence.events].reverse(),
    waiting: waitingChain(service, evidence.views, new Set()),
    calls: callsOf(service, evidence),
    notes: notesOn(service, evidence),
  };
}

function summarise(service: string, instances: readonly InstanceView[], replicas: number): string {
  const total = instances.length;
  if (total === 0) return `${service} has no instance${replicas === 0 ? ": it is scaled to 0" : " yet"}`;
  const troubled = instances.filter((view) => !view.ready);
  const noun = total === 1 ? "instance" : "instances";
  if (troubled.length === 0) {
    return `${service} is ready: ${total} of ${total} ${noun} ${total === 1 ? "receives" : "receive"} traffic`;
  }
  const reasons = troubled.map((view) => `${view.id} ${phrases[view.phase]}: ${view.reason}`);
  return `${service} has ${total - troubled.length} of ${total} ${noun} ready; ${reasons.join("; ")}`;
}

const phrases: Readonly<Record<InstanceView["phase"], string>> = {
  waiting: "is waiting",
  starting: "is starting",
  running: "is running, not ready",
  draining: "is draining",
  stopping: "is stopping",
  backoff: "is in backoff",
  failed: "has failed",
};

/** One line for each link, nearest first; a cycle ends the chain. */
function waitingChain(service: string, views: readonly InstanceView[], seen: Set<string>): string[] {
  if (seen.has(service)) return [];
  seen.add(service);
  const waited = new Set(views.filter((view) => view.service === service).flatMap((view) => view.waitingFor));
  return [...waited].flatMap((name) => {
    const blockers = views.filter((view) => view.service === name && !view.ready);
    const state = blockers.map((view) => `${view.id} ${view.phase}: ${view.reason}`).join(", ");
    return [`${service} waits for ${name}${state ? ` (${state})` : ""}`, ...waitingChain(name, views, seen)];
  });
}

function callsOf(service: string, { spec, bound }: ServiceEvidence): ServiceExplanation["calls"] {
  const urls: Record<string, string> = {};
  for (const [name, { host, result }] of bound) {
    const [kind, caller, callee] = name.split("/");
    if (kind === "edge" && caller === service && callee && result.ok) urls[callee] = toUrl(host, result.port);
  }
  const egress = bound.get(`egress/${service}`);
  return {
    declared: spec.services.find((entry) => entry.name === service)?.calls ?? null,
    urls,
    egress: egress?.result.ok ? toUrl(egress.host, egress.result.port) : null,
  };
}

function notesOn(service: string, { spec, settings }: ServiceEvidence): string[] {
  const notes: string[] = [];
  const calls = spec.services.find((entry) => entry.name === service)?.calls;
  const callsNobody = calls?.length === 0;
  if (!settings.SERVICE_MESH_ENABLED && !callsNobody) notes.push(withoutMesh(service, calls ?? []));
  if (!settings.SERVICE_DISCOVERY_ENABLED)
    notes.push("SERVICE_DISCOVERY_ENABLED is off: TUSK_EGRESS finds no service by its name, and no lookup is answered");
  if (!settings.HEALTH_CHECK_ENABLED)
    notes.push("HEALTH_CHECK_ENABLED is off: running counts as ready, nothing is probed");
  if (!settings.LOAD_BALANCING_ENABLED)
    notes.push("LOAD_BALANCING_ENABLED is off: only the first ready instance receives traffic");
  if (!settings.CIRCUIT_BREAKER_ENABLED)
    notes.push("CIRCUIT_BREAKER_ENABLED is off: a failing instance is never ejected");
  if (!settings.MONITORING_ENABLED) notes.push("MONITORING_ENABLED is off: CPU and memory are not sampled");
  return notes;
}

function withoutMesh(service: string, calls: readonly string[]): string {
  const lost = "there is no balancing, no retry, no ejection";
  if (calls.length === 0)
    return `SERVICE_MESH_ENABLED is off: ${service} has no TUSK_EGRESS to call others through; ${lost}`;
  const direct = `the URLs of ${calls.join(", ")} point straight at one instance chosen when ${service} started`;
  return `SERVICE_MESH_ENABLED is off: ${direct}; ${lost}, and a callee that moves is not followed until the next start`;
}

/** The worker's question for a person's question. */
export function toExplainRequest(
  input: RequestExplainInput,
  listeners: readonly ListenerSpec[],
): Extract<WorkerRequest, { type: "explain" }> {
  const named = input.listener === undefined ? listeners[0] : listeners.find(({ name }) => name === input.listener);
  // A name with a slash is a socket's own: `edge/orders/users`.
  const other = input.listener?.includes("/") ? input.listener : `gateway/${input.listener ?? "default"}`;
  const asked = named ? gatewayName(named) : other;
  const listener = input.caller !== undefined ? egressName(input.caller) : asked;
  return { type: "explain", listener, method: input.method, target: input.target, headers: input.headers };
}
