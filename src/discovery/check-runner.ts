// Runs checks again and again on the clock, a bounded number at a time, so that thousands of registered instances
// do not open thousands of sockets at once. Knows nothing of what a result means.
import type { Clock, Timer } from "../base/clock.js";
import { messageOf } from "../base/errors.js";
import type { CheckResult } from "./check-state.js";
import type { Checker } from "./checks.js";
import type { CheckSpec } from "./registry.js";

/** Told of each result; returns the wait before the next check, milliseconds, or null for none. */
export type OnCheckResult = (result: CheckResult) => number | null;

export interface CheckRunnerOptions {
  readonly clock: Clock;
  readonly checker: Checker;
  /** Checks under way at once. Default 128. */
  readonly limit?: number;
}

interface Job {
  readonly check: CheckSpec;
  readonly onResult: OnCheckResult;
  readonly abort: AbortController;
  timer: Timer | null;
}

export class CheckRunner {
  readonly #clock: Clock;
  readonly #checker: Checker;
  readonly #limit: number;
  readonly #jobs = new Set<Job>();
  readonly #queue: Job[] = [];
  #running = 0;

  constructor(options: CheckRunnerOptions) {
    this.#clock = options.clock;
    this.#checker = options.checker;
    this.#limit = options.limit ?? 128;
  }

  /** Checks now, and then as `onResult` says. Returns how to stop; after that `onResult` is not called any more. */
  start(check: CheckSpec, onResult: OnCheckResult): () => void {
    const job: Job = { check, onResult, abort: new AbortController(), timer: null };
    this.#jobs.add(job);
    this.#enqueue(job);
    return () => this.#stop(job);
  }

  close(): void {
    for (const job of [...this.#jobs]) this.#stop(job);
  }

  #stop(job: Job): void {
    this.#jobs.delete(job);
    job.timer?.cancel();
    job.abort.abort();
  }

  #enqueue(job: Job): void {
    this.#queue.push(job);
    this.#pump();
  }

  #pump(): void {
    while (this.#running < this.#limit) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      if (this.#jobs.has(job)) void this.#run(job);
    }
  }

  async #run(job: Job): Promise<void> {
    this.#running++;
    const result = await this.#check(job);
    this.#running--;
    if (this.#jobs.has(job)) this.#deliver(job, result);
    this.#pump();
  }

  async #check(job: Job): Promise<CheckResult> {
    try {
      return await this.#checker(job.check, job.abort.signal);
    } catch (error) {
      return { ok: false, detail: messageOf(error) };
    }
  }

  #deliver(job: Job, result: CheckResult): void {
    const delayMs = job.onResult(result);
    if (delayMs === null) this.#jobs.delete(job);
    else if (this.#jobs.has(job)) job.timer = this.#clock.setTimer(delayMs, () => this.#enqueue(job));
  }
}
