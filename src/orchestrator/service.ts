// One service as the supervisor sees it: what is wanted, whether it may start, and its slots. Pure; only supervisor.ts uses it.

import type { ServiceProcessPlan } from "../plan/process-plan.js";
import { endOrphan, type Life, type LifeContext, newLife, type SlotPolicy, type Target } from "./life.js";
import { assumedPassing } from "./probe-count.js";
import { noBackoff } from "./restart-policy.js";
import type { Rest, Role, Slot } from "./slot.js";

export interface ServiceIntent {
  readonly service: string;
  readonly target: Target;
  readonly replicas: number;
  readonly startAfter: readonly string[];
  readonly policy: SlotPolicy;
  /** It has neither build nor setup, or both were done for this target. */
  readonly prepared: boolean;
}

/** A process that a former controller left. */
export interface AdoptedLife {
  readonly run: number;
  readonly service: string;
  readonly number: number;
  readonly role: Role;
  readonly target: Target;
  /** `orphaned`: its first process is gone, children are left. */
  readonly state: "ready" | "running" | "starting" | "orphaned";
  readonly restarts: number;
}

export interface Preparation {
  readonly hash: string;
  readonly state: "todo" | "running" | "done" | "failed";
  readonly reason: string;
}

export interface Service {
  readonly name: string;
  /** What the plan says. */
  readonly planned: Target;
  /** What the slots should run: the planned, or the one before it after the planned was refused. */
  readonly wanted: Target;
  /** The planned target did not become ready, or its build or setup failed, while another was serving. */
  readonly refused: string | null;
  readonly policy: SlotPolicy;
  readonly startAfter: readonly string[];
  /** 0 when the service has left the plan. */
  readonly replicas: number;
  readonly leaving: boolean;
  /** The services in startAfter have been ready once: restarts do not wait for them again. */
  readonly begun: boolean;
  readonly preparation: Preparation;
  readonly slots: readonly Slot[];
  /** Hash that was last seen ready in every slot. */
  readonly completed: string | null;
}

/** What the supervisor needs to know of a plan. */
export function intentOf(plan: ServiceProcessPlan, prepared: boolean): ServiceIntent {
  const { service, revision, hash, replicas, startAfter } = plan;
  return { service, target: { revision, hash }, replicas, startAfter, policy: policyOf(plan), prepared };
}

function policyOf({ probes, drainMs, stopGraceMs }: ServiceProcessPlan): SlotPolicy {
  const thresholds = { successThreshold: 1, failureThreshold: 3 };
  return {
    probed: probes !== undefined,
    startupLimitMs: probes?.startupLimitMs ?? 60_000,
    readiness: probes?.readiness ?? thresholds,
    liveness: probes?.liveness ?? thresholds,
    drainMs,
    stopGraceMs,
  };
}

export function newService(intent: ServiceIntent): Service {
  const { service, target, policy, startAfter, replicas } = intent;
  const fixed = { leaving: false, begun: false, refused: null, completed: null, slots: [] };
  const preparation = preparationOf(intent);
  return { name: service, planned: target, wanted: target, policy, startAfter, replicas, preparation, ...fixed };
}

/** Of processes that a former controller left and the plan does not name. */
export function leftoverService(adopted: AdoptedLife, policy: SlotPolicy): Service {
  const { service, target } = adopted;
  const intent = { service, target, policy, startAfter: [], replicas: 0, prepared: true };
  return { ...newService(intent), leaving: true };
}

export function preparationOf(intent: ServiceIntent): Preparation {
  return { hash: intent.target.hash, state: intent.prepared ? "done" : "todo", reason: "" };
}

/** Nothing stands between a slot and its start. */
export function mayStart(service: Service): boolean {
  const { begun, leaving, preparation, wanted } = service;
  return begun && !leaving && preparation.state === "done" && preparation.hash === wanted.hash;
}

export function holds(slot: Slot, run: number): boolean {
  return slot.current?.run === run || slot.successor?.run === run;
}

export function isIdle(slot: Slot): boolean {
  return slot.current === null && slot.successor === null;
}

export function hasReady(service: Service | undefined): boolean {
  return service?.slots.some((slot) => slot.current?.ready || slot.successor?.ready) ?? false;
}

export function needsReplacement(slot: Slot, wanted: Target): boolean {
  if (slot.current === null || slot.current.fate !== null || slot.successor !== null) return false;
  return slot.current.target.hash !== wanted.hash || slot.replacement === "asked";
}

/** Somebody asked for a restart. What is not running anyway starts at once, whatever it waited for. */
export function askReplacement(slot: Slot): Slot {
  if (slot.current?.fate === null) return slot.replacement === "none" ? { ...slot, replacement: "asked" } : slot;
  const rest: Rest = { kind: "waiting", reason: "a restart was asked for", waitingFor: [] };
  return { ...slot, rest, backoff: noBackoff, replacement: "under-way" };
}

/** Says why the slots wait that have nothing else to do. */
export function restAll(service: Service, rest: Extract<Rest, { kind: "waiting" }>): Service {
  const slots = service.slots.map((slot) => {
    if (!isIdle(slot) || slot.rest.kind !== "waiting" || isSameWait(slot.rest, rest)) return slot;
    return { ...slot, rest };
  });
  return { ...service, slots };
}

function isSameWait(a: Extract<Rest, { kind: "waiting" }>, b: Extract<Rest, { kind: "waiting" }>): boolean {
  return a.reason === b.reason && a.waitingFor.join() === b.waitingFor.join();
}

export function adoptedLife(adopted: AdoptedLife, context: LifeContext): Life {
  const life = newLife(adopted.run, adopted.target, context);
  if (adopted.state === "orphaned") return endOrphan(life, context);
  if (adopted.state === "ready" || !context.policy.probed) {
    const reason = "adopted from a former controller; it was ready";
    const readiness = { ...assumedPassing, successes: 1 };
    return { ...life, stage: "running", ready: true, readySince: context.now, readiness, deadline: null, reason };
  }
  const reason = "adopted from a former controller; no probe has passed yet";
  return adopted.state === "running" ? { ...life, stage: "running", deadline: null, reason } : { ...life, reason };
}
