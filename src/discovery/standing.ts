// How well an instance stands and why: one state with one sentence, and the rule that joins several of them.
import type { HealthState } from "./registry.js";

export interface Standing {
  readonly state: HealthState;
  /** One sentence. Never empty. */
  readonly reason: string;
}

const severity: Readonly<Record<HealthState, number>> = { passing: 0, warning: 1, starting: 2, critical: 3 };

/** The worse of two; the second when both are equally bad, because a check says more than a heartbeat. */
export function worse(first: Standing, second: Standing): Standing {
  return severity[first.state] > severity[second.state] ? first : second;
}

/** May be given out by a lookup that asks for healthy instances. */
export function isUsable(state: HealthState): boolean {
  return state === "passing" || state === "warning";
}
