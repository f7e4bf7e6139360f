// Outlier ejection: an endpoint that keeps failing is left out for a while and comes back by itself. The rules are
// made for fleets of one to five instances, where a cap in percent ejects nothing and a mean of all tells nothing:
//  - the last usable endpoint is never ejected;
//  - for failures that may be everybody's (5xx, timeouts, resets) at most max(1, floor(n / 2)) of n are out at once,
//    because when all fail alike, fewer endpoints make it worse;
//  - a refused connection is certain (nobody listens): out at once, for a short time, all but one may be out.

import type { AttemptFailure } from "./retry-policy.js";

export interface OutlierPolicy {
  /** Failures in a row that eject. */
  readonly consecutiveFailures: number;
  /** Gateway errors in a row that eject: 502, 503, 504 and failures without an answer. Absent: as any failure. */
  readonly consecutiveGatewayErrors?: number;
  /** The n-th ejection in a row lasts base × 2^(n-1). */
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
}

/** Of one endpoint. Times are monotonic milliseconds. */
export interface OutlierState {
  readonly failuresInRow: number;
  readonly gatewayErrorsInRow: number;
  /** Ejections in a row; forgotten after a good time of `quietFactor` ejections. */
  readonly ejectionsInRow: number;
  readonly ejectedUntil: number | null;
  readonly lastEjectionMs: number;
  readonly returnedAt: number;
}

export type OutlierEvent =
  | { readonly type: "success" }
  | FailureEvent
  /** Found by a comparison with the rest of its fleet. */
  | { readonly type: "compared"; readonly reason: string }
  /** Time has passed. */
  | { readonly type: "tick" };

interface FailureEvent {
  readonly type: "failure";
  readonly kind: AttemptFailure["kind"];
  readonly refused: boolean;
  /** Of an answer. */
  readonly status?: number;
}

/** The fleet that the endpoint belongs to, as it is before the event. */
export interface Fleet {
  /** Endpoints that are ready, ejected ones included. */
  readonly ready: number;
  readonly ejected: number;
}

export type OutlierEffect =
  | { readonly type: "eject"; readonly until: number; readonly durationMs: number; readonly reason: string }
  | { readonly type: "return"; readonly reason: string };

export interface OutlierStep {
  readonly state: OutlierState;
  readonly effect: OutlierEffect | null;
}

export const healthyOutlierState: OutlierState = {
  failuresInRow: 0,
  gatewayErrorsInRow: 0,
  ejectionsInRow: 0,
  ejectedUntil: null,
  lastEjectionMs: 0,
  returnedAt: Number.NEGATIVE_INFINITY,
};

const noFailures = { failuresInRow: 0, gatewayErrorsInRow: 0 };

/** What says that the endpoint is not there, rather than that a request went wrong in it. */
function isGatewayError({ kind, status = 0 }: FailureEvent): boolean {
  return kind !== "status" || (status >= 502 && status <= 504);
}

/** First ejection for a refused connection: an instance that restarts is back within about this time. */
const refusedEjectionMs = 1_000;
/** Free of ejections for this many times the last one: the next begins at the base again. */
const quietFactor = 3;

export function stepOutlier(
  state: OutlierState,
  event: OutlierEvent,
  context: { readonly now: number; readonly policy: OutlierPolicy; readonly fleet: Fleet },
): OutlierStep {
  switch (event.type) {
    case "success":
      return { state: state.failuresInRow === 0 ? state : { ...state, ...noFailures }, effect: null };
    case "failure":
      return onFailure(state, event, context);
    case "compared":
      return eject(state, { ...context, reason: event.reason, refused: false });
    case "tick":
      return onTick(state, context.now);
  }
}

/** The largest number of endpoints that may be out at once, of `ready`. */
export function maxEjected(ready: number, refused: boolean): number {
  if (ready <= 1) return 0;
  return refused ? ready - 1 : Math.max(1, Math.floor(ready / 2));
}

interface StepContext {
  readonly now: number;
  readonly policy: OutlierPolicy;
  readonly fleet: Fleet;
}

function onFailure(state: OutlierState, event: FailureEvent, context: StepContext): OutlierStep {
  const { consecutiveFailures, consecutiveGatewayErrors = consecutiveFailures } = context.policy;
  const failed = {
    ...state,
    failuresInRow: state.failuresInRow + 1,
    gatewayErrorsInRow: isGatewayError(event) ? state.gatewayErrorsInRow + 1 : 0,
  };
  const { failuresInRow, gatewayErrorsInRow } = failed;
  const { refused } = event;
  if (refused || failuresInRow >= consecutiveFailures) {
    return eject(failed, { ...context, refused, reason: reasonOf(event, failuresInRow) });
  }
  if (gatewayErrorsInRow < consecutiveGatewayErrors) return { state: failed, effect: null };
  return eject(failed, { ...context, refused, reason: reasonOf(event, gatewayErrorsInRow) });
}

/** As far as the fleet allows it. */
function eject(
  state: OutlierState,
  { now, policy, fleet, reason, refused }: StepContext & { readonly reason: string; readonly refused: boolean },
): OutlierStep {
  const allowed = fleet.ejected < maxEjected(fleet.ready, refused);
  if (!allowed || state.ejectedUntil !== null) return { state, effect: null };
  const ejectionsInRow = isForgotten(state, now) ? 1 : state.ejectionsInRow + 1;
  const baseMs = refused ? Math.min(refusedEjectionMs, policy.baseEjectionMs) : policy.baseEjectionMs;
  const durationMs = Math.min(policy.maxEjectionMs, baseMs * 2 ** (ejectionsInRow - 1));
  const until = now + durationMs;
  return {
    state: { ...state, ejectionsInRow, ejectedUntil: until, lastEjectionMs: durationMs },
    effect: { type: "eject", until, durationMs, reason },
  };
}

function onTick(state: OutlierState, now: number): OutlierStep {
  if (state.ejectedUntil === null || now < state.ejectedUntil) return { state, effect: null };
  return {
    state: { ...state, ...noFailures, ejectedUntil: null, returnedAt: now },
    effect: { type: "return", reason: `its ejection of ${state.lastEjectionMs} ms is over` },
  };
}

function isForgotten(state: OutlierState, now: number): boolean {
  return now - state.returnedAt > quietFactor * state.lastEjectionMs;
}

function reasonOf(event: FailureEvent, inRow: number): string {
  if (event.refused) return "connection refused: nothing listens on its port";
  const times = inRow === 1 ? "1 failure" : `${inRow} failures in a row`;
  return `${times}, the last one ${lastFailure[event.kind]}`;
}

const lastFailure: Readonly<Record<AttemptFailure["kind"], string>> = {
  connect: "a connection that could not be made",
  reset: "a broken connection",
  timeout: "a timeout",
  malformed: "an answer that is not HTTP",
  status: "a 5xx answer",
};
