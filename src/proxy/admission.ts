// Which requests a cluster takes at all: its breaker and its limits, and the counts they are held against. Says no with
// the answer for the client; people hear of the beginning and the end of a spell of refusals, not of each.
import type { Clock, Timer } from "../base/clock.js";
import type { PolicyNoticeKind } from "../keeper/protocol.js";
import type { BreakerPlan, ClusterPlan } from "../plan/proxy-plan.js";
import { type AdaptivePolicy, type AdaptiveState, startAdaptive, stepAdaptive } from "../resilience/adaptive-limit.js";
import { type BreakerChange, type BreakerPhase, FailureBreaker } from "../resilience/failure-breaker.js";
import { RefusalSpell, spellQuietMs } from "../resilience/refusal-spell.js";
import { RetryBudget } from "../resilience/retry-budget.js";
import { type Refusal, type RefusalCode, refusal } from "./refusals.js";

export interface AdmissionOptions {
  readonly cluster: string;
  readonly clock: Clock;
  readonly announce: (kind: PolicyNoticeKind, reason: string) => void;
}

const changeKinds = {
  open: "breaker.opened",
  recovering: "breaker.recovering",
  closed: "breaker.closed",
} as const satisfies Record<BreakerPhase, PolicyNoticeKind>;

type Limit = Extract<RefusalCode, "REQUEST_LIMIT" | "PENDING_LIMIT" | "ADAPTIVE_LIMIT"> | "retries";

interface Spell {
  readonly spell: RefusalSpell;
  timer: Timer | null;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #breaker: FailureBreaker;
  readonly #budget = new RetryBudget();
  readonly #spells = new Map<Limit, Spell>();
  #plan: ClusterPlan | null = null;
  #adaptive: AdaptiveState | null = null;
  #requests = 0;
  #retries = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#breaker = new FailureBreaker(({ phase, reason }: BreakerChange) =>
      options.announce(changeKinds[phase], reason),
    );
  }

  /** In flight, waiting ones included. */
  get requests(): number {
    return this.#requests;
  }

  get retries(): number {
    return this.#retries;
  }

  get breakerPhase(): BreakerPhase {
    return this.#breaker.phase;
  }

  setPlan(plan: ClusterPlan | null): void {
    this.#plan = plan;
    if (plan?.limits?.adaptive === undefined) this.#adaptive = null;
    if (plan?.breaker !== undefined || this.#breaker.phase === "closed") return;
    this.#breaker.reset();
    this.#options.announce("breaker.closed", "it is switched off");
  }

  /** Null: it is taken, and counted until `release`. */
  admit(): Refusal | null {
    const { breaker, limits } = this.#plan ?? {};
    const most = limits?.requests ?? 0;
    if (most > 0 && this.#requests >= most) return this.#refuseRequest(most);
    if (limits?.adaptive !== undefined && this.#requests >= Math.floor(this.#adaptiveState(limits.adaptive).limit)) {
      return this.#refuseAdaptive();
    }
    const now = this.#options.clock.monotonic();
    if (breaker !== undefined && !this.#breaker.admits(now, breaker)) return this.#heldBack(now);
    this.#budget.countRequest(now);
    this.#requests++;
    return null;
  }

  release(): void {
    this.#requests--;
  }

  /** How long an attempt took; only where the plan adapts to it. */
  observe(tookMs: number, failed: boolean, now: number): void {
    const policy = this.#plan?.limits?.adaptive;
    if (policy === undefined) return;
    const state = this.#adaptiveState(policy);
    // What fails at once says nothing about how fast the service is.
    if (failed && tookMs <= (state.baselineMs ?? Number.POSITIVE_INFINITY)) return;
    this.#adaptive = stepAdaptive(state, { tookMs, inFlight: this.#requests }, { now, policy });
  }

  /** Null: off. */
  get adaptive(): AdaptiveState | null {
    return this.#adaptive;
  }

  #adaptiveState(policy: AdaptivePolicy): AdaptiveState {
    this.#adaptive ??= startAdaptive(policy, this.#options.clock.monotonic());
    return this.#adaptive;
  }

  /** One attempt's outcome. */
  report(failed: boolean): void {
    const breaker: BreakerPlan | undefined = this.#plan?.breaker;
    if (breaker !== undefined) this.#breaker.report(this.#options.clock.monotonic(), failed, breaker);
  }

  /** True: one more attempt is allowed and counted. `isFirst`: it takes a place among the retries until `retryEnds`. */
  tryRetry(isFirst: boolean): boolean {
    const { retryBudget, limits } = this.#plan ?? {};
    const most = limits?.retries ?? 0;
    if (isFirst && most > 0 && this.#retries >= most) {
      this.#countRefusal("retries", `${most} requests are in a further attempt, which is the limit`);
      return false;
    }
    if (retryBudget === undefined || !this.#budget.tryRetry(this.#options.clock.monotonic(), retryBudget)) return false;
    if (isFirst) this.#retries++;
    return true;
  }

  retryEnds(): void {
    this.#retries--;
  }

  /** The answer to one for whom no endpoint has room. */
  refusePending(): Refusal {
    const { connections = 0, pending = 0 } = this.#plan?.limits ?? {};
    const detail = `every instance of ${this.#options.cluster} has its ${connections} requests, and ${pending} wait`;
    return this.#refuse("PENDING_LIMIT", detail);
  }

  close(): void {
    for (const { timer } of this.#spells.values()) timer?.cancel();
    this.#spells.clear();
  }

  #refuseRequest(most: number): Refusal {
    return this.#refuse("REQUEST_LIMIT", `${this.#options.cluster} has ${most} requests in flight, which is its limit`);
  }

  #refuseAdaptive(): Refusal {
    const detail = `${this.#options.cluster} has ${this.#requests} requests in flight, as many as its latency allows now`;
    return this.#refuse("ADAPTIVE_LIMIT", detail);
  }

  #heldBack(now: number): Refusal {
    const leftSeconds = Math.ceil(this.#breaker.openLeftMs(now) / 1000);
    const phase = this.#breaker.phase === "open" ? "is open" : "lets only a part of the requests through";
    const detail = `the circuit breaker of ${this.#options.cluster} ${phase}`;
    return { ...refusal("BREAKER_OPEN", detail), retryAfterSeconds: Math.max(1, leftSeconds) };
  }

  #refuse(code: Exclude<Limit, "retries">, detail: string): Refusal {
    this.#countRefusal(code, detail);
    return { ...refusal(code, detail), retryAfterSeconds: 1 };
  }

  #countRefusal(limit: Limit, detail: string): void {
    let entry = this.#spells.get(limit);
    if (entry === undefined) {
      entry = { spell: new RefusalSpell(), timer: null };
      this.#spells.set(limit, entry);
    }
    if (!entry.spell.count(this.#options.clock.monotonic())) return;
    this.#options.announce("limit.reached", detail);
    this.#awaitEnd(limit, entry);
  }

  #awaitEnd(limit: Limit, entry: Spell): void {
    const { clock, announce } = this.#options;
    entry.timer = clock.setTimer(spellQuietMs, () => {
      const count = entry.spell.end(clock.monotonic());
      if (count === null) this.#awaitEnd(limit, entry);
      else announce("limit.eased", `${limitNames[limit]}: ${count} refused, none for ${spellQuietMs} ms`);
    });
  }
}

const limitNames: Readonly<Record<Limit, string>> = {
  REQUEST_LIMIT: "limit of requests in flight",
  PENDING_LIMIT: "limit of waiting requests",
  ADAPTIVE_LIMIT: "limit found out from latency",
  retries: "limit of requests in a further attempt",
};
