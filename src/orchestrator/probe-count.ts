// How many probes in a row make a change, with Kubernetes' two thresholds. Pure.

export interface Thresholds {
  /** Consecutive successes that make a failing probe pass. */
  readonly successThreshold: number;
  /** Consecutive failures that make a passing probe fail. */
  readonly failureThreshold: number;
}

export interface ProbeCount {
  readonly passing: boolean;
  /** Consecutive, up to now. */
  readonly successes: number;
  readonly failures: number;
}

export const untried: ProbeCount = { passing: false, successes: 0, failures: 0 };

/** A process that has passed its startup probe counts as alive until its liveness probe says otherwise. */
export const assumedPassing: ProbeCount = { passing: true, successes: 0, failures: 0 };

export function countProbe(count: ProbeCount, ok: boolean, thresholds: Thresholds): ProbeCount {
  const successes = ok ? count.successes + 1 : 0;
  const failures = ok ? 0 : count.failures + 1;
  const passing = count.passing ? failures < thresholds.failureThreshold : successes >= thresholds.successThreshold;
  return { passing, successes, failures };
}
