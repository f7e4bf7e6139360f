// What a row of check results means, as a pure step: consecutive successes and failures against their thresholds.
import type { CheckSpec, HealthState } from "./registry.js";
import type { Standing } from "./standing.js";

export interface CheckResult {
  readonly ok: boolean;
  /** `200`, `connection refused`, `timed out after 1000 ms`, ... */
  readonly detail: string;
}

export interface CheckState extends Standing {
  /** Consecutive. */
  readonly successes: number;
  /** Consecutive. */
  readonly failures: number;
}

/** Until the first verdict a check runs at least this often, so that an instance need not wait a whole period for it. */
const startingPeriodMs = 250;

export const uncheckedState: CheckState = {
  state: "starting",
  reason: "the first check has not ended yet",
  successes: 0,
  failures: 0,
};

export function stepCheck(before: CheckState, result: CheckResult, check: CheckSpec): CheckState {
  return result.ok ? afterSuccess(before, result, check) : afterFailure(before, result, check);
}

function afterSuccess(before: CheckState, result: CheckResult, check: CheckSpec): CheckState {
  const successes = Math.min(before.successes + 1, check.successThreshold);
  const enough = successes >= check.successThreshold || before.state === "passing" || isWavering(before);
  if (enough) return { state: "passing", reason: `${check.kind} check: ${result.detail}`, successes, failures: 0 };
  const reason = `${check.kind} check: ${successes} of ${check.successThreshold} successes needed`;
  return { state: before.state, reason, successes, failures: 0 };
}

// A warning after failures that did not reach the threshold: it never stopped being in use, so one success is enough.
function isWavering(before: CheckState): boolean {
  return before.state === "warning" && before.failures > 0;
}

function afterFailure(before: CheckState, result: CheckResult, check: CheckSpec): CheckState {
  const failures = Math.min(before.failures + 1, check.failureThreshold);
  const state = stateAfterFailure(before.state, failures >= check.failureThreshold);
  const count = state === "critical" ? "" : ` (${failures} of ${check.failureThreshold} failures)`;
  return { state, reason: `${check.kind} check: ${result.detail}${count}`, successes: 0, failures };
}

function stateAfterFailure(before: HealthState, enough: boolean): HealthState {
  if (enough || before === "critical") return "critical";
  return before === "starting" ? "starting" : "warning";
}

/** Wait before the next check, milliseconds. */
export function nextCheckDelayMs(state: CheckState, check: CheckSpec): number {
  return state.state === "starting" ? Math.min(check.periodMs, startingPeriodMs) : check.periodMs;
}
