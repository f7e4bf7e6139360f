// A breaker over one service: where too large a share of its answers are failures, requests are held back for a while,
// so that a service that is down costs its callers no waiting and is not hammered while it starts. Recovery is a ramp
// and not a single trial request: one lucky answer proves little, and a flood at once fells what has just come up.
// Made of counters in place, because it is asked for every request. Takes the time, sets no timer.

export interface BreakerPolicy {
  /** Share of failures at which it opens, above 0, to 1. */
  readonly failureRatio: number;
  /** Answers within the window below which nothing is decided. */
  readonly minimumRequests: number;
  readonly windowMs: number;
  /** How long nothing is let through; doubles each time that the recovery fails, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** From the first requests that are let through again until all are. */
  readonly rampMs: number;
}

export type BreakerPhase = "closed" | "open" | "recovering";

export interface BreakerChange {
  readonly phase: BreakerPhase;
  readonly reason: string;
}

const slots = 10;
/** Of the requests, when the ramp begins. */
const firstShare = 0.1;

export class FailureBreaker {
  readonly #onChange: (change: BreakerChange) => void;
  readonly #answers = new Uint32Array(slots);
  readonly #failures = new Uint32Array(slots);
  #phase: BreakerPhase = "closed";
  /** Number of the newest slot, counted from the clock's origin. */
  #slot = 0;
  #sinceMs = 0;
  #openForMs = 0;
  /** Requests that may pass, in parts of one. */
  #credit = 0;
  #answersInRamp = 0;
  #failuresInRamp = 0;

  /** Called within `admits` and `report`. */
  constructor(onChange: (change: BreakerChange) => void) {
    this.#onChange = onChange;
  }

  get phase(): BreakerPhase {
    return this.#phase;
  }

  /** Until something may pass again; 0 unless it is open. */
  openLeftMs(now: number): number {
    return this.#phase === "open" ? Math.max(0, this.#sinceMs + this.#openForMs - now) : 0;
  }

  /** False: this request is to be refused. */
  admits(now: number, policy: BreakerPolicy): boolean {
    if (this.#phase === "closed") return true;
    if (this.#phase === "open") {
      if (now < this.#sinceMs + this.#openForMs) return false;
      this.#recover(now, policy);
    }
    const share = rampShare(now - this.#sinceMs, policy.rampMs);
    if (share >= 1) {
      this.#close();
      return true;
    }
    this.#credit = Math.min(1, this.#credit + share);
    // Ten tenths are a little less than one.
    if (this.#credit < 1 - 1e-9) return false;
    this.#credit = 0;
    return true;
  }

  /** What became of a request that was let through. */
  report(now: number, failed: boolean, policy: BreakerPolicy): void {
    if (this.#phase === "closed") this.#countInWindow(now, failed, policy);
    else if (this.#phase === "recovering") this.#countInRamp(now, failed, policy);
  }

  /** Closed and without a past. */
  reset(): void {
    this.#phase = "closed";
    this.#openForMs = 0;
    this.#clearWindow();
  }

  #countInWindow(now: number, failed: boolean, policy: BreakerPolicy): void {
    this.#advance(now, policy.windowMs);
    const slot = this.#slot % slots;
    this.#answers[slot] = (this.#answers[slot] ?? 0) + 1;
    // Only a failure can open it.
    if (!failed) return;
    this.#failures[slot] = (this.#failures[slot] ?? 0) + 1;
    const answers = sum(this.#answers);
    const failures = sum(this.#failures);
    if (answers < policy.minimumRequests || failures < policy.failureRatio * answers) return;
    this.#openForMs = policy.openMs;
    this.#open(now, `${failures} of the last ${answers} answers were failures`);
  }

  #countInRamp(now: number, failed: boolean, policy: BreakerPolicy): void {
    this.#answersInRamp++;
    if (failed) this.#failuresInRamp++;
    const enough = Math.max(1, Math.ceil(policy.minimumRequests / 4));
    if (this.#answersInRamp < enough || this.#failuresInRamp < policy.failureRatio * this.#answersInRamp) return;
    this.#openForMs = Math.min(policy.maxOpenMs, 2 * this.#openForMs);
    this.#open(now, `it still fails: ${this.#failuresInRamp} of ${this.#answersInRamp} answers while recovering`);
  }

  #open(now: number, why: string): void {
    this.#phase = "open";
    this.#sinceMs = now;
    this.#onChange({ phase: "open", reason: `${why}; requests are held back for ${this.#openForMs} ms` });
  }

  // The first request passes whatever the share: with little traffic the ramp would else be over without a trial.
  #recover(now: number, policy: BreakerPolicy): void {
    this.#phase = "recovering";
    this.#sinceMs = now;
    this.#credit = 1;
    this.#answersInRamp = 0;
    this.#failuresInRamp = 0;
    const reason = `requests are let through again, a growing share of them for ${policy.rampMs} ms`;
    this.#onChange({ phase: "recovering", reason });
  }

  #close(): void {
    this.reset();
    this.#onChange({ phase: "closed", reason: "the recovery went well: every request is let through" });
  }

  #advance(now: number, windowMs: number): void {
    const newest = Math.floor((now * slots) / windowMs);
    const passed = Math.min(slots, newest - this.#slot);
    for (let step = 1; step <= passed; step++) {
      const slot = (this.#slot + step) % slots;
      this.#answers[slot] = 0;
      this.#failures[slot] = 0;
    }
    if (newest > this.#slot) this.#slot = newest;
  }

  #clearWindow(): void {
    this.#answers.fill(0);
    this.#failures.fill(0);
  }
}

/** Of the requests that may pass, 0.1 to 1, this long into the recovery. */
function rampShare(elapsedMs: number, rampMs: number): number {
  return Math.max(firstShare, rampMs === 0 ? 1 : elapsedMs / rampMs);
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
