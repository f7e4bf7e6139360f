// The probes of one process, over its life: startup every 100 ms until it passes, then readiness and liveness by their
// periods, and every second whether the process that served is still there. Reports; decides nothing.
import type { Clock, Rng, Timer } from "../base/clock.js";
import type { ProbePlan, ServiceProcessPlan } from "../plan/process-plan.js";
import { type ListenerState, ListenerWatch } from "./listener.js";
import { type ProbeOutcome, type ProbeTarget, runProbe } from "./probes.js";

export type ProbeName = "startup" | "readiness" | "liveness";
export type ProbesPlan = NonNullable<ServiceProcessPlan["probes"]>;

export interface ProbeLoopOptions {
  readonly probes: ProbesPlan;
  readonly target: ProbeTarget;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly onProbe: (probe: ProbeName, outcome: ProbeOutcome) => void;
  readonly onListener: (state: ListenerState) => void;
}

const eagerPeriodMs = 100;
const refusalsPerLook = 20;

export class ProbeLoop {
  readonly #options: ProbeLoopOptions;
  readonly #timers = new Map<string, Timer>();
  #watch: ListenerWatch | null = null;
  #listenerLost = false;
  #refusals = 0;
  #elsewhere: string | null = null;
  #stopped = false;

  constructor(options: ProbeLoopOptions) {
    this.#options = options;
  }

  /** `running`: its startup had been seen to pass by a former controller. */
  start(from: "starting" | "running"): void {
    if (from === "running") this.#goOn();
    else this.#repeatStartup();
  }

  /** Nothing is reported after it. A command probe that runs is ended. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    void this.#options.target.endCommand();
  }

  /** Whether the process that served is still there. Called from outside: one timer for all instances, to wake up less. */
  everySecond(): void {
    if (this.#watch === null || this.#stopped) return;
    const state = this.#watch.check();
    const lost = state.state !== "held";
    const returned = this.#listenerLost && !lost;
    this.#listenerLost = lost;
    if (lost || returned) this.#options.onListener(state);
    // Back again: readiness is asked at once, not at the end of its period.
    if (returned) void this.#repeatReadiness(false);
  }

  async #run(name: ProbeName, probe: ProbePlan): Promise<ProbeOutcome | null> {
    const outcome = await runProbe(probe, this.#options.target);
    if (this.#stopped) return null;
    this.#options.onProbe(name, this.#explain(outcome));
    return this.#stopped ? null : outcome;
  }

  /** A program that ignores PORT is the commonest reason for a refusal: said after some seconds, for the look is dear. */
  #explain(outcome: ProbeOutcome): ProbeOutcome {
    if (!outcome.refused) return outcome;
    const { target } = this.#options;
    if (this.#refusals % refusalsPerLook === refusalsPerLook - 1)
      this.#elsewhere = target.listenerOn(target.port).elsewhere();
    this.#refusals += 1;
    return this.#elsewhere === null ? outcome : { ...outcome, detail: `${outcome.detail}; ${this.#elsewhere}` };
  }

  async #repeatStartup(): Promise<void> {
    const outcome = await this.#run("startup", this.#options.probes.startup);
    if (outcome === null) return;
    if (!outcome.ok) {
      this.#later("startup", eagerPeriodMs, () => void this.#repeatStartup());
      return;
    }
    const { startup, readiness } = this.#options.probes;
    const same = JSON.stringify(startup.check) === JSON.stringify(readiness.check);
    // The startup probe that has just passed asked the very same thing.
    if (same && readiness.successThreshold === 1) this.#options.onProbe("readiness", outcome);
    this.#goOn(same);
  }

  #goOn(readinessKnown = false): void {
    if (this.#stopped) return;
    const { probes, rng, target } = this.#options;
    if (probes.startup.check.kind !== "command") this.#watch = new ListenerWatch(target.listenerOn(target.port));
    // Spread over their first period, so that many instances are not probed in the same moment ever after.
    const first = (periodMs: number): number => periodMs * (0.5 + rng() / 2);
    const { readiness, liveness } = probes;
    if (readinessKnown) this.#later("readiness", first(readiness.periodMs), () => void this.#repeatReadiness(true));
    else void this.#repeatReadiness(false);
    if (liveness) this.#later("liveness", first(liveness.periodMs), () => void this.#repeatLiveness(liveness));
  }

  /** Eager until the first success. */
  async #repeatReadiness(passed: boolean): Promise<void> {
    const { readiness } = this.#options.probes;
    const outcome = await this.#run("readiness", readiness);
    if (outcome === null) return;
    const settled = passed || outcome.ok;
    this.#later("readiness", settled ? readiness.periodMs : eagerPeriodMs, () => void this.#repeatReadiness(settled));
  }

  async #repeatLiveness(liveness: ProbePlan): Promise<void> {
    if ((await this.#run("liveness", liveness)) === null) return;
    this.#later("liveness", liveness.periodMs, () => void this.#repeatLiveness(liveness));
  }

  /** One timer a name: a probe that is asked for early takes the place of the one that waits. */
  #later(name: string, delayMs: number, fire: () => void): void {
    if (this.#stopped) return;
    this.#timers.get(name)?.cancel();
    this.#timers.set(name, this.#options.clock.setTimer(delayMs, fire));
  }
}
