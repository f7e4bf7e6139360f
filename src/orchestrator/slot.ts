// One slot: the place of one instance (`users-1`), which outlives the processes that fill it. Pure.
// It restarts what ended, and replaces make-before-break: the successor is started beside the current process,
// and only when it is ready is the current one drained and stopped.

import {
  type Exit,
  endLife,
  type Life,
  type LifeContext,
  type LifeEffect,
  type LifeEvent,
  newLife,
  stepLife,
  type Target,
  tickLife,
} from "./life.js";
import { type Backoff, nextRestart, noBackoff } from "./restart-policy.js";

/** Why there is no process, when there is none. */
export type Rest =
  | { readonly kind: "waiting"; readonly reason: string; readonly waitingFor: readonly string[] }
  | { readonly kind: "backoff"; readonly until: number; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface Slot {
  /** `users-1`. */
  readonly id: string;
  readonly service: string;
  /** From 1. */
  readonly number: number;
  readonly current: Life | null;
  readonly successor: Life | null;
  /** Holds while `current` is null. */
  readonly rest: Rest;
  readonly backoff: Backoff;
  /** Unplanned ones, since the last planned replacement. */
  readonly restarts: number;
  readonly lastExit: Exit | null;
  readonly replacement: "none" | "asked" | "under-way";
  /** Why a successor was given up; taken (and set back to null) by the supervisor. */
  readonly refusal: string | null;
}

export type Role = "current" | "successor";

export type SlotEffect =
  | LifeEffect
  | {
      readonly type: "spawn";
      readonly run: number;
      readonly slot: string;
      readonly role: Role;
      readonly target: Target;
    }
  /** The life is over and nothing of it is left. */
  | { readonly type: "forget"; readonly run: number }
  /** The successor is the slot's instance from now on. */
  | { readonly type: "promote"; readonly run: number; readonly slot: string }
  | { readonly type: "replaced"; readonly slot: string }
  | { readonly type: "not-replaced"; readonly slot: string; readonly reason: string };

export type SlotEvent =
  | LifeEvent
  /** No process of it is left, and its port is free. */
  | { readonly type: "cleared"; readonly run: number }
  /** `transient`: the machine was short of something; otherwise it would fail again. */
  | { readonly type: "spawn-failed"; readonly run: number; readonly reason: string; readonly transient: boolean };

export interface SlotContext extends Omit<LifeContext, "effects"> {
  readonly effects: { push(effect: SlotEffect): unknown };
  nextRun(): number;
}

export function newSlot(service: string, number: number): Slot {
  return {
    id: `${service}-${number}`,
    service,
    number,
    current: null,
    successor: null,
    rest: { kind: "waiting", reason: "has not been started yet", waitingFor: [] },
    backoff: noBackoff,
    restarts: 0,
    lastExit: null,
    replacement: "none",
    refusal: null,
  };
}

export function startSlot(slot: Slot, target: Target, context: SlotContext): Slot {
  return { ...slot, current: spawn(slot, "current", { target, context }) };
}

/** Starts the successor; a process that has not been of use yet is simply started anew. */
export function replaceSlot(slot: Slot, target: Target, context: SlotContext): Slot {
  const under = { ...slot, replacement: "under-way" as const };
  if (slot.current === null || slot.current.fate !== null) return under;
  if (slot.current.stage === "running") return { ...under, successor: spawn(slot, "successor", { target, context }) };
  const end = { fate: "again", reason: "is started anew before it became ready", drain: false } as const;
  return { ...under, current: endLife(slot.current, end, context) };
}

/** Drains and stops whatever there is. */
export function retireSlot(slot: Slot, reason: string, context: SlotContext): Slot {
  const end = { fate: "removed", reason, drain: true } as const;
  return noReplacement(
    {
      ...slot,
      current: slot.current && endLife(slot.current, end, context),
      successor: slot.successor && endLife(slot.successor, end, context),
    },
    reason,
    context,
  );
}

/** Ends a successor whose target is no longer wanted. */
export function abandonSuccessor(slot: Slot, reason: string, context: SlotContext): Slot {
  if (slot.successor === null) return slot;
  return { ...slot, successor: endLife(slot.successor, { fate: "removed", reason, drain: false }, context) };
}

/** Tells whoever asked for a replacement that there will be none. */
export function noReplacement(slot: Slot, reason: string, context: SlotContext): Slot {
  if (slot.replacement === "none") return slot;
  context.effects.push({ type: "not-replaced", slot: slot.id, reason });
  return { ...slot, replacement: "none" };
}

export function stepSlot(slot: Slot, event: SlotEvent, context: SlotContext): Slot {
  if (event.run === slot.current?.run) return stepCurrent(slot, slot.current, event, context);
  if (event.run === slot.successor?.run) return stepSuccessor(slot, slot.successor, event, context);
  return slot;
}

export function tickSlot(slot: Slot, context: SlotContext): Slot {
  const current = slot.current && tickLife(slot.current, context);
  const successor = slot.successor && asSuccessor(tickLife(slot.successor, beside(slot, context)));
  if (current === slot.current && successor === slot.successor) return slot;
  return { ...slot, current, successor };
}

/** Monotonic milliseconds of the next moment at which something is due without any event. */
export function slotDueAt(slot: Slot): number | null {
  const due = [slot.current?.deadline, slot.successor?.deadline];
  if (slot.current === null && slot.rest.kind === "backoff") due.push(slot.rest.until);
  const times = due.filter((time): time is number => typeof time === "number");
  return times.length === 0 ? null : Math.min(...times);
}

function spawn(slot: Slot, role: Role, start: { readonly target: Target; readonly context: SlotContext }): Life {
  const { target, context } = start;
  const life = newLife(context.nextRun(), target, context);
  context.effects.push({ type: "spawn", run: life.run, slot: slot.id, role, target });
  return life;
}

function stepCurrent(slot: Slot, life: Life, event: SlotEvent, context: SlotContext): Slot {
  if (event.type === "spawn-failed") return onSpawnFailed(slot, event, context);
  if (event.type === "cleared") return onCleared(slot, life, context);
  const seen = event.type === "exited" ? { ...slot, lastExit: event.exit } : slot;
  return settleReplacement({ ...seen, current: stepLife(life, event, context) }, context);
}

/** A replacement without a successor is done when the process started anew is ready. */
function settleReplacement(slot: Slot, context: SlotContext): Slot {
  if (slot.replacement !== "under-way" || slot.successor !== null || !slot.current?.ready) return slot;
  context.effects.push({ type: "replaced", slot: slot.id });
  return { ...slot, replacement: "none" };
}

function stepSuccessor(slot: Slot, life: Life, event: SlotEvent, context: SlotContext): Slot {
  if (event.type === "spawn-failed") return giveUp(slot, event.reason, context);
  if (event.type === "cleared") return giveUp(slot, life.reason, context);
  const successor = asSuccessor(stepLife(life, event, beside(slot, context)));
  const next = { ...slot, successor };
  if (!successor.ready || slot.current === null) return next;
  const end = { fate: "again", reason: "its successor is ready", drain: true } as const;
  return slot.current.fate === null ? { ...next, current: endLife(slot.current, end, context) } : next;
}

/** As long as it runs beside the current one, events call the successor `users-1+`. */
function beside(slot: Slot, context: SlotContext): SlotContext {
  return { ...context, instance: `${slot.id}+` };
}

/** A successor is not restarted: the old one stays. */
function asSuccessor(life: Life): Life {
  return life.fate === "restart" ? { ...life, fate: "abandoned" } : life;
}

function giveUp(slot: Slot, reason: string, context: SlotContext): Slot {
  const { successor } = slot;
  if (successor) context.effects.push({ type: "forget", run: successor.run });
  const refusal = successor?.fate === "removed" ? null : reason;
  return noReplacement({ ...slot, successor: null, refusal }, reason, context);
}

function onSpawnFailed(
  slot: Slot,
  event: { run: number; reason: string; transient: boolean },
  context: SlotContext,
): Slot {
  context.effects.push({ type: "forget", run: event.run });
  const idle = { ...slot, current: null };
  if (event.transient) return backOff(idle, { readyForMs: 0, reason: event.reason }, context);
  emitAbout(slot, context, {
    level: "error",
    kind: "instance.failed",
    message: `${slot.id} cannot be started: ${event.reason}`,
  });
  return noReplacement({ ...idle, rest: { kind: "failed", reason: event.reason } }, event.reason, context);
}

function onCleared(slot: Slot, life: Life, context: SlotContext): Slot {
  context.effects.push({ type: "forget", run: life.run });
  const { reason } = life;
  if (life.fate !== "restart") {
    emitAbout(slot, context, { level: "info", kind: "instance.stopped", message: `${slot.id} was stopped: ${reason}` });
  }
  if (slot.successor) return promote(slot, slot.successor, context);
  const idle: Slot = { ...slot, current: null, rest: { kind: "waiting", reason, waitingFor: [] } };
  if (life.fate === "restart") return backOff(idle, { readyForMs: life.readyForMs, reason }, context);
  if (life.fate !== "again") return idle;
  return { ...idle, rest: { kind: "backoff", until: context.now, reason }, backoff: noBackoff };
}

function promote(slot: Slot, successor: Life, context: SlotContext): Slot {
  context.effects.push({ type: "promote", run: successor.run, slot: slot.id });
  const current: Life = successor.fate === "abandoned" ? { ...successor, fate: "restart" } : successor;
  const promoted: Slot = { ...slot, current, successor: null, backoff: noBackoff, restarts: 0 };
  if (current.fate === null) {
    const message = `${slot.id} was replaced by a process of revision ${current.target.revision}`;
    emitAbout(slot, context, { level: "info", kind: "instance.replaced", message });
  }
  return settleReplacement(promoted, context);
}

function backOff(
  slot: Slot,
  ended: { readonly readyForMs: number; readonly reason: string },
  context: SlotContext,
): Slot {
  const { delayMs, backoff } = nextRestart(slot.backoff, ended.readyForMs);
  const when = delayMs === 0 ? "now" : `in ${delayMs / 1000} s`;
  emitAbout(slot, context, {
    level: "warning",
    kind: "instance.restarting",
    message: `${slot.id} is restarted ${when}: ${ended.reason}`,
    details: { delayMs, restarts: slot.restarts + 1 },
  });
  const rest = { kind: "backoff", until: context.now + delayMs, reason: ended.reason } as const;
  const counted = { ...slot, rest, backoff, restarts: slot.restarts + 1 };
  return slot.replacement === "under-way" ? noReplacement(counted, ended.reason, context) : counted;
}

function emitAbout(
  slot: Slot,
  context: SlotContext,
  event: Omit<Extract<LifeEffect, { type: "emit" }>["event"], "service" | "instance">,
): void {
  context.effects.push({ type: "emit", event: { ...event, service: slot.service, instance: slot.id } });
}
