// One life: one process of an instance, from its spawn until nothing of it is left. Pure: what happened goes in,
// the next state comes out, and what the shell has to do is appended to the step's effects.
// What comes after a life (a restart, a successor, nothing) is the slot's decision, see slot.ts.

import type { EventDraft } from "../base/event.js";
import type { InstanceView } from "./orchestrator.js";
import { assumedPassing, countProbe, type ProbeCount, type Thresholds, untried } from "./probe-count.js";

/** What a process was started from. */
export interface Target {
  readonly revision: number;
  readonly hash: string;
}

/** The part of a service's plan that supervision goes by. */
export interface SlotPolicy {
  /** False: running means ready. */
  readonly probed: boolean;
  readonly startupLimitMs: number;
  readonly readiness: Thresholds;
  readonly liveness: Thresholds;
  readonly drainMs: number;
  readonly stopGraceMs: number;
}

export type Stage = "starting" | "running" | "draining" | "stopping";

/**
 * What follows when nothing of it is left:
 * restart: another start, by the restart policy; again: another start, at once and not counted;
 * removed: nothing, the slot goes; abandoned: a successor that did not become ready.
 */
export type Fate = "restart" | "again" | "removed" | "abandoned";

export type Exit = NonNullable<InstanceView["lastExit"]>;

export interface Life {
  /** Unique in this driver: an event of an earlier life is told from one of this. */
  readonly run: number;
  readonly target: Target;
  readonly stage: Stage;
  /** One sentence: why it is as it is. */
  readonly reason: string;
  readonly ready: boolean;
  /** Monotonic milliseconds; null while not ready. */
  readonly readySince: number | null;
  /** Longest time it was ready without a break, so far. */
  readonly readyForMs: number;
  readonly readiness: ProbeCount;
  readonly liveness: ProbeCount;
  /** The socket that it served is gone: since when, and how many looks found nobody who could bring it back. */
  readonly listenerLost: { readonly since: number; readonly looks: number } | null;
  readonly fate: Fate | null;
  /** Monotonic milliseconds at which the stage's time is over. */
  readonly deadline: number | null;
}

/** What the shell performs for a life. */
export type LifeEffect =
  | { readonly type: "drain"; readonly run: number }
  | { readonly type: "terminate"; readonly run: number }
  | { readonly type: "kill"; readonly run: number }
  | { readonly type: "change-port"; readonly run: number }
  | { readonly type: "emit"; readonly event: EventDraft };

export type LifeEvent =
  | { readonly type: "started"; readonly run: number; readonly pid: number }
  | { readonly type: "startup"; readonly run: number; readonly ok: boolean; readonly detail: string }
  | { readonly type: "readiness"; readonly run: number; readonly ok: boolean; readonly detail: string }
  | { readonly type: "liveness"; readonly run: number; readonly ok: boolean; readonly detail: string }
  /** `lost`: nobody is there who could listen again; `reloading`: something may. */
  | {
      readonly type: "listener";
      readonly run: number;
      readonly state: "held" | "lost" | "reloading";
      readonly detail: string;
    }
  | { readonly type: "port-taken"; readonly run: number; readonly detail: string }
  | { readonly type: "exited"; readonly run: number; readonly exit: Exit }
  | { readonly type: "drained"; readonly run: number };

export interface LifeContext {
  readonly now: number;
  readonly policy: SlotPolicy;
  readonly service: string;
  readonly instance: string;
  readonly effects: { push(effect: LifeEffect): unknown };
}

/** What an instance that died leaves behind gets this long between SIGTERM and SIGKILL: it blocks the restart. */
export const survivorGraceMs = 1000;

export function newLife(run: number, target: Target, context: LifeContext): Life {
  return {
    run,
    target,
    stage: "starting",
    reason: "is being started",
    ready: false,
    readySince: null,
    readyForMs: 0,
    readiness: untried,
    liveness: assumedPassing,
    listenerLost: null,
    fate: null,
    deadline: context.policy.probed ? context.now + context.policy.startupLimitMs : null,
  };
}

export function stepLife(life: Life, event: LifeEvent, context: LifeContext): Life {
  if (life.fate !== null) return stepEnding(life, event, context);
  switch (event.type) {
    case "started":
      return onStarted(life, event.pid, context);
    case "startup":
      return onStartup(life, event.ok, event.detail);
    case "readiness":
      return onReadiness(life, event.ok, event.detail, context);
    case "liveness":
      return onLiveness(life, event.ok, event.detail, context);
    case "listener":
      return onListener(life, event.state, event.detail, context);
    case "port-taken":
      return onPortTaken(life, event.detail, context);
    case "exited":
      return onExited(life, event.exit, context);
    case "drained":
      return life;
  }
}

/** On its way out: only what moves it on matters. */
function stepEnding(life: Life, event: LifeEvent, context: LifeContext): Life {
  if (event.type === "drained" && life.stage === "draining") return terminate(life, life.reason, context);
  if (event.type !== "exited") return life;
  emit(context, {
    level: "info",
    kind: "instance.exited",
    message: `${context.instance} ended: ${exitText(event.exit)}`,
    details: event.exit,
  });
  if (life.stage === "draining") return terminate(life, life.reason, context, survivorGraceMs);
  return life;
}

/** Time has passed. */
export function tickLife(life: Life, context: LifeContext): Life {
  if (life.deadline === null || context.now < life.deadline) return life;
  if (life.stage === "draining") return terminate(life, life.reason, context);
  if (life.stage === "stopping") return kill(life, context);
  const limit = `${context.policy.startupLimitMs / 1000} s`;
  const why =
    life.stage === "starting"
      ? `not ready within its startup limit of ${limit}: ${life.reason}`
      : `nothing has listened again for ${limit}: ${life.reason}`;
  return failed(life, why, context);
}

/** Ends it. One that is ending already only changes what comes after it. */
export function endLife(
  life: Life,
  end: { readonly fate: Fate; readonly reason: string; readonly drain: boolean },
  context: LifeContext,
): Life {
  if (life.fate !== null) return { ...life, fate: end.fate };
  const ending = { ...notReady(life, context), fate: end.fate, reason: end.reason };
  if (!end.drain || !life.ready || context.policy.drainMs === 0) return terminate(ending, end.reason, context);
  context.effects.push({ type: "drain", run: life.run });
  return { ...ending, stage: "draining", deadline: context.now + context.policy.drainMs };
}

/** Its first process was gone before this controller began; what is left of it goes too. */
export function endOrphan(life: Life, context: LifeContext): Life {
  const reason = "its first process was gone when this controller began";
  return terminate({ ...life, fate: "restart" }, reason, context, survivorGraceMs);
}

export function exitText(exit: Exit): string {
  if (exit.unknown) return "exited, with an exit code that nobody saw";
  if (exit.signal !== null) return `killed by ${exit.signal}`;
  const hint = exit.code === 127 ? " (command not found)" : exit.code === 126 ? " (command not executable)" : "";
  return `exited with code ${exit.code}${hint}`;
}

function onStarted(life: Life, pid: number, context: LifeContext): Life {
  const started = `${context.instance} started as pid ${pid}, revision ${life.target.revision}`;
  emit(context, {
    level: "info",
    kind: "instance.started",
    message: started,
    details: { pid, revision: life.target.revision },
  });
  if (context.policy.probed) return { ...life, reason: "started; no startup probe has passed yet" };
  return becomeReady({ ...life, stage: "running" }, "running; health checks are switched off", context);
}

function onStartup(life: Life, ok: boolean, detail: string): Life {
  if (life.stage !== "starting") return life;
  if (!ok) return { ...life, reason: `startup probe: ${detail}` };
  return {
    ...life,
    stage: "running",
    deadline: null,
    reason: `startup probe passed (${detail}); readiness not tried yet`,
  };
}

function onReadiness(life: Life, ok: boolean, detail: string, context: LifeContext): Life {
  if (life.stage !== "running" || life.listenerLost !== null) return life;
  const readiness = countProbe(life.readiness, ok, context.policy.readiness);
  const counted = { ...life, readiness };
  if (readiness.passing && !life.ready) return becomeReady(counted, `readiness probe passed: ${detail}`, context);
  if (!readiness.passing && life.ready) return becomeUnready(counted, `readiness probe failed: ${detail}`, context);
  return { ...counted, reason: readinessReason(counted, ok, detail) };
}

function readinessReason(life: Life, ok: boolean, detail: string): string {
  if (ok) return `readiness probe passed: ${detail}`;
  const times = life.readiness.failures === 1 ? "once" : `${life.readiness.failures} times`;
  return `readiness probe failed${life.ready ? ` ${times}` : ""}: ${detail}`;
}

function onLiveness(life: Life, ok: boolean, detail: string, context: LifeContext): Life {
  if (life.stage !== "running") return life;
  const liveness = countProbe(life.liveness, ok, context.policy.liveness);
  const counted = { ...life, liveness };
  if (liveness.passing) return counted;
  return failed(counted, `liveness probe failed ${context.policy.liveness.failureThreshold} times: ${detail}`, context);
}

function onListener(life: Life, state: "held" | "lost" | "reloading", detail: string, context: LifeContext): Life {
  if (life.stage !== "running") return life;
  if (state === "held") return onListenerHeld(life, detail);
  const unready = life.ready ? becomeUnready(life, detail, context) : { ...life, reason: detail };
  const since = life.listenerLost?.since ?? context.now;
  const looks = state === "lost" ? (life.listenerLost?.looks ?? 0) + 1 : 0;
  const lost = { ...unready, listenerLost: { since, looks }, deadline: since + context.policy.startupLimitMs };
  if (looks < context.policy.readiness.failureThreshold) return lost;
  return failed(lost, detail, context);
}

function onListenerHeld(life: Life, detail: string): Life {
  if (life.listenerLost === null) return life;
  return { ...life, listenerLost: null, deadline: null, readiness: untried, reason: detail };
}

function onPortTaken(life: Life, detail: string, context: LifeContext): Life {
  emit(context, {
    level: "error",
    kind: "port.taken",
    message: `${context.instance}: ${detail}`,
    details: { code: "PORT_IN_USE" },
  });
  context.effects.push({ type: "change-port", run: life.run });
  return failed(life, detail, context);
}

function onExited(life: Life, exit: Exit, context: LifeContext): Life {
  const reason = exitText(exit);
  emit(context, { level: "error", kind: "instance.exited", message: `${context.instance} ${reason}`, details: exit });
  const dead = { ...notReady(life, context), fate: "restart" as const };
  return terminate(dead, reason, context, survivorGraceMs);
}

/** Not to be drained: it does not answer as it should. */
function failed(life: Life, reason: string, context: LifeContext): Life {
  emit(context, { level: "error", kind: "instance.unhealthy", message: `${context.instance} is stopped: ${reason}` });
  return endLife(life, { fate: "restart", reason, drain: false }, context);
}

function becomeReady(life: Life, reason: string, context: LifeContext): Life {
  emit(context, { level: "info", kind: "instance.ready", message: `${context.instance} is ready: ${reason}` });
  return { ...life, ready: true, readySince: context.now, reason };
}

function becomeUnready(life: Life, reason: string, context: LifeContext): Life {
  emit(context, {
    level: "warning",
    kind: "instance.unready",
    message: `${context.instance} is out of load balancing: ${reason}`,
  });
  return { ...notReady(life, context), reason };
}

function notReady(life: Life, context: LifeContext): Life {
  const readyForMs = life.readySince === null ? 0 : context.now - life.readySince;
  return { ...life, ready: false, readySince: null, readyForMs: Math.max(life.readyForMs, readyForMs) };
}

function terminate(life: Life, reason: string, context: LifeContext, graceMs = context.policy.stopGraceMs): Life {
  context.effects.push({ type: "terminate", run: life.run });
  const grace = Math.min(graceMs, context.policy.stopGraceMs);
  return { ...life, stage: "stopping", reason, deadline: context.now + grace };
}

function kill(life: Life, context: LifeContext): Life {
  emit(context, {
    level: "warning",
    kind: "instance.killed",
    message: `${context.instance} did not end after SIGTERM and gets SIGKILL`,
  });
  context.effects.push({ type: "kill", run: life.run });
  return { ...life, deadline: null };
}

function emit(context: LifeContext, event: Omit<EventDraft, "service" | "instance">): void {
  const { service, instance } = context;
  context.effects.push({ type: "emit", event: { ...event, service, instance } });
}
