// How many retries may be under way at once: a share of the requests in flight, so that retries cannot
// multiply the load on a service that is already failing, and a minimum, so that low traffic is helped too.

export interface RetryBudgetPolicy {
  /** Share of the requests in flight, 0 to 1. */
  readonly ratio: number;
  /** Retries that are always allowed at once. */
  readonly minimum: number;
}

export interface RetryBudgetState {
  /** Requests in flight, each counted once however many attempts it takes. */
  readonly active: number;
  /** Attempts in flight that are not the first of their request. */
  readonly retrying: number;
}

export function mayRetry(state: RetryBudgetState, policy: RetryBudgetPolicy): boolean {
  return state.retrying < Math.max(policy.minimum, Math.floor(policy.ratio * state.active));
}
