// Brings what runs to what is desired, one change after another: compiles the plans, binds listeners, hands the workers
// and the process driver theirs, writes the desired spec down. All of a change or, with an error, nothing of it.
import type { Clock } from "../base/clock.js";
import { TuskError } from "../base/errors.js";
import type { ListenRequest } from "../keeper/protocol.js";
import { diffSpecs } from "../model/diff-specs.js";
import type { Orchestrator } from "../orchestrator/orchestrator.js";
import type { ProcessPlan } from "../plan/process-plan.js";
import type { AppFolder } from "../system/app-folder.js";
import type { ApplyResult } from "./control-plane.js";
import type { DataPlane } from "./data-plane.js";
import { type DesiredSpec, writeDesired } from "./desired-spec.js";
import type { EventLog } from "./event-log.js";
import type { PlanMaker, Plans } from "./plan-maker.js";
import { portError } from "./port-error.js";
import { withTimeout } from "./timing.js";

/** Longest wait for the workers to acknowledge a changed plan before the change is reported as not in force yet. */
const acknowledgeLimitMs = 10_000;

export interface DesiredRunnerParts {
  readonly folder: AppFolder;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly plans: PlanMaker;
  readonly driver: Orchestrator;
  readonly dataPlane: DataPlane;
  readonly desired: DesiredSpec;
  /** Services that exist in the registry alone. */
  readonly externalNames: () => readonly string[];
}

export class DesiredRunner {
  readonly #parts: DesiredRunnerParts;
  #desired: DesiredSpec;
  /** Those in force. */
  #plans: Plans;
  /** Listeners that are wanted and could not be bound, by name. */
  #listenProblems: ReadonlyMap<string, TuskError> = new Map();
  /** Changes are made one after another. */
  #queue: Promise<unknown> = Promise.resolve();
  #ended = false;

  /** The driver runs these plans already; the data plane follows with `connect`. */
  constructor(parts: DesiredRunnerParts, plans: Plans) {
    this.#parts = parts;
    this.#desired = parts.desired;
    this.#plans = plans;
  }

  get desired(): DesiredSpec {
    return this.#desired;
  }

  get plans(): Plans {
    return this.#plans;
  }

  /** Every listener that is wanted is bound. */
  get isListening(): boolean {
    return this.#listenProblems.size === 0;
  }

  /** Connects to the keeper and brings the workers to the plan. */
  connect(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.dataPlane.connect();
      const made = await this.#make(this.#desired);
      await this.#parts.dataPlane.listen(made.listeners);
      this.#noteListenProblems(made.listeners);
      await this.#setPlan(made);
      await this.#setWorkerCount(made);
      this.#plans = made;
    });
  }

  /** What the plan depends on besides the spec changed: services outside this app, or a certificate. */
  replan(): Promise<void> {
    return this.#inTurn(async () => {
      const made = await this.#make(this.#desired);
      await this.#setPlan(made);
      this.#plans = { ...this.#plans, proxyPlan: made.proxyPlan, tlsFiles: made.tlsFiles };
      this.#parts.plans.releaseUnused(this.#plans);
    });
  }

  /** `edit` is given what is desired when its turn comes, and may throw. */
  change(edit: (desired: DesiredSpec) => DesiredSpec): Promise<ApplyResult> {
    return this.#inTurn(() => this.#change(edit(this.#desired)));
  }

  /** What a change would do. Nothing is done. */
  preview(edit: (desired: DesiredSpec) => DesiredSpec): Promise<ApplyResult> {
    return this.#inTurn(() => this.#preview(edit(this.#desired)));
  }

  /** Has the workers run other plans while `work` goes on, and then those in force again. */
  whileOther<T>(toOther: (plans: Plans) => Plans, work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const { dataPlane } = this.#parts;
      const plans = this.#plans;
      const other = toOther(plans);
      try {
        await dataPlane.listen(other.listeners);
        await this.#setPlan(other);
        return await work();
      } finally {
        await this.#setPlan(plans);
        await dataPlane.listen(plans.listeners);
      }
    });
  }

  /** Refuses further changes; resolves when those before are done. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#queue;
  }

  async #preview(next: DesiredSpec): Promise<ApplyResult> {
    const made = await this.#make(next);
    this.#parts.plans.releaseUnused(this.#plans);
    return { changes: this.#changesTo(next), replaced: this.#replacedBy(made.processPlan), warnings: [] };
  }

  /** New listeners first, then the workers, then the processes: nothing is routed to what is not there any more. */
  async #change(next: DesiredSpec): Promise<ApplyResult> {
    const made = await this.#make(next);
    const result = { changes: this.#changesTo(next), replaced: this.#replacedBy(made.processPlan) };
    const late = await this.#changeDataPlane(made);
    const { plans, driver, folder } = this.#parts;
    writeDesired(folder, next);
    plans.commit(made);
    this.#desired = next;
    this.#plans = made;
    driver.apply(made.processPlan);
    if (!late) plans.releaseUnused(made);
    this.#tellChanges(result.changes, next.from);
    const unbound = [...this.#listenProblems.values()].map((problem) => problem.message);
    return { ...result, warnings: late ? [late, ...unbound] : unbound };
  }

  /** All of it or, with an error, nothing. Returns what has to be said when the workers take their time. */
  async #changeDataPlane(made: Plans): Promise<string | null> {
    const { dataPlane, plans } = this.#parts;
    try {
      await this.#bindNew(made.listeners);
      await this.#setPlan(made);
      await this.#setWorkerCount(made);
      await dataPlane.listen(made.listeners);
      this.#noteListenProblems(made.listeners);
      return null;
    } catch (error) {
      if (error instanceof TuskError && error.code === "TIMEOUT") return error.message;
      await dataPlane.listen(this.#plans.listeners);
      plans.releaseUnused(this.#plans);
      throw error;
    }
  }

  /** Beside those that are there. Throws PORT_IN_USE for a new one; one that could not be bound before stops nothing. */
  async #bindNew(listeners: readonly ListenRequest[]): Promise<void> {
    const names = new Set(listeners.map((listener) => listener.name));
    const staying = this.#plans.listeners.filter((listener) => !names.has(listener.name));
    const bound = await this.#parts.dataPlane.listen([...listeners, ...staying]);
    for (const listener of listeners) {
      const result = bound.get(listener.name)?.result;
      const known = this.#plans.listeners.some((other) => isSameSocket(listener, other));
      if (result?.ok === false && !(known && this.#listenProblems.has(listener.name))) {
        throw portError(listener, result.code);
      }
    }
  }

  #noteListenProblems(listeners: readonly ListenRequest[]): void {
    const { dataPlane, events } = this.#parts;
    const before = this.#listenProblems;
    const problems = listeners.flatMap((listener): [string, TuskError][] => {
      const result = dataPlane.bound.get(listener.name)?.result;
      return result?.ok === false ? [[listener.name, portError(listener, result.code)]] : [];
    });
    this.#listenProblems = new Map(problems);
    for (const [name, { message }] of problems) {
      if (!before.has(name)) events.emit({ kind: "listener.failed", level: "error", message });
    }
  }

  async #make(desired: DesiredSpec): Promise<Plans> {
    const { plans, externalNames } = this.#parts;
    try {
      return await plans.make(desired, externalNames());
    } catch (error) {
      // Ports that were leased for it.
      plans.releaseUnused(this.#plans);
      throw error;
    }
  }

  #setPlan({ proxyPlan }: Plans): Promise<void> {
    const { dataPlane, clock } = this.#parts;
    const late = "the proxy workers have not acknowledged the plan yet";
    return withTimeout(dataPlane.setPlan(proxyPlan), { clock, limitMs: acknowledgeLimitMs }, late);
  }

  /** The keeper starts with one, and one that lives may run as many as an earlier controller told it. */
  async #setWorkerCount({ workerCount }: Plans): Promise<void> {
    const { dataPlane } = this.#parts;
    if (dataPlane.workerCount !== workerCount) await dataPlane.setWorkerCount(workerCount);
  }

  #tellChanges(changes: ApplyResult["changes"], from: string): void {
    for (const { path, text } of changes) {
      const service = serviceOf(path);
      const message = `${text} (${from})`;
      this.#parts.events.emit({ kind: "spec.changed", level: "info", ...(service && { service }), message });
    }
  }

  #changesTo(next: DesiredSpec): ApplyResult["changes"] {
    return diffSpecs(this.#desired.spec, next.spec);
  }

  #replacedBy(plan: ProcessPlan): string[] {
    const hashes = new Map(this.#plans.processPlan.services.map((service) => [service.service, service.hash]));
    return plan.services
      .filter(({ service, hash }) => hashes.has(service) && hashes.get(service) !== hash)
      .map(({ service }) => service);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(new TuskError("NOT_RUNNING", "the system is being stopped"));
    const result = this.#queue.then(work);
    // The next change does not care how this one ended; whoever asked for it gets the error.
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function isSameSocket(a: ListenRequest, b: ListenRequest): boolean {
  return a.name === b.name && a.host === b.host && a.port === b.port;
}

function serviceOf(path: string): string | undefined {
  const [head, name] = path.split(".");
  return head === "services" ? name : undefined;
}
