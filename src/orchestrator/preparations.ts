// Which services' build and setup commands run, which are done, and the end of those that nobody wants any more.
import { join } from "node:path";
import type { Clock } from "../base/clock.js";
import type { EmitEvent } from "../base/event.js";
import type { ServiceProcessPlan } from "../plan/process-plan.js";
import type { ProcessTable } from "../system/process-table.js";
import { Preparation } from "./preparation.js";

export interface PreparationsOptions {
  readonly appKey: string;
  readonly stateFolder: string;
  readonly logsFolder: string;
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly emit: EmitEvent;
  /** `failure` null: done. */
  readonly onDone: (plan: ServiceProcessPlan, failure: string | null) => void;
}

export class Preparations {
  readonly #options: PreparationsOptions;
  readonly #running = new Map<string, Preparation>();
  readonly #endings = new Set<Promise<void>>();
  #done: Record<string, string> = {};

  constructor(options: PreparationsOptions) {
    this.#options = options;
  }

  /** By service: the hash whose commands have succeeded. Kept over restarts of the controller. */
  get done(): Readonly<Record<string, string>> {
    return this.#done;
  }

  restore(done: Readonly<Record<string, string>>): void {
    this.#done = { ...done };
  }

  isDone(plan: ServiceProcessPlan): boolean {
    return (!plan.build && !plan.setup) || this.#done[plan.service] === plan.hash;
  }

  /** After what ran for another revision has ended. */
  async run(plan: ServiceProcessPlan): Promise<void> {
    const { service } = plan;
    const previous = this.#cancel(service);
    const logFile = join(this.#options.logsFolder, `${service}.setup.log`);
    const preparation = new Preparation({ ...this.#options, plan, logFile });
    this.#running.set(service, preparation);
    await previous;
    const result = await preparation.run();
    if (result === null || this.#running.get(service) !== preparation) return;
    this.#running.delete(service);
    if (result.ok) this.#markDone(plan);
    this.#options.onDone(plan, result.ok ? null : result.reason);
  }

  /** Ends those whose service or revision is not among these. */
  keepOnly(plans: readonly ServiceProcessPlan[]): void {
    const wanted = new Map(plans.map((plan) => [plan.service, plan.hash]));
    for (const [service, { hash }] of this.#running) if (wanted.get(service) !== hash) void this.#cancel(service);
  }

  /** Resolves when nothing is left of those that were ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#endings);
  }

  #markDone(plan: ServiceProcessPlan): void {
    const { service, revision, hash } = plan;
    this.#done = { ...this.#done, [service]: hash };
    const message = `build and setup of ${service} are done for revision ${revision}`;
    this.#options.emit({ kind: "service.prepared", level: "info", service, message });
  }

  async #cancel(service: string): Promise<void> {
    const preparation = this.#running.get(service);
    if (!preparation) return;
    this.#running.delete(service);
    const ending = preparation.cancel();
    this.#endings.add(ending);
    await ending;
    this.#endings.delete(ending);
  }
}
