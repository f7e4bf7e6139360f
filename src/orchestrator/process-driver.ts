// The process driver: performs what the supervisor decides, and shows how it is. Thin: every decision about phases,
// restarts and replacements is in supervisor.ts; processes are instance-host.ts. Must not know the app spec.
import { join } from "node:path";
import type { Clock, Rng, Timer } from "../base/clock.js";
import { messageOf, TuskError } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type { ReadonlyWatchable } from "../base/watchable.js";
import type { ProcessPlan, ServiceProcessPlan } from "../plan/process-plan.js";
import { rotateLog } from "../system/log-rotation.js";
import { ProcessTable } from "../system/process-table.js";
import { InstanceBoard } from "./instance-board.js";
import { InstanceHost, type Running } from "./instance-host.js";
import { instanceVariable } from "./instance-tag.js";
import { Loops } from "./loops.js";
import type { InstanceHealthReport, InstanceView, Orchestrator } from "./orchestrator.js";
import { PlanBook } from "./plan-book.js";
import type { PortLeases } from "./port-leases.js";
import { Preparations } from "./preparations.js";
import { RestartRequests } from "./restart-requests.js";
import { type Sample, Sampler, type SamplerCost } from "./sampler.js";
import { type AdoptedLife, intentOf } from "./service.js";
import type { Slot } from "./slot.js";
import {
  initialSupervisor,
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  stepSupervisor,
  supervisorDueAt,
} from "./supervisor.js";
import { hashesOf, lifeOf, slotOf } from "./supervisor-lookup.js";
import { takeOver } from "./take-over.js";

export interface ProcessDriverOptions {
  /** Tells this app's processes from every other's. */
  readonly appKey: string;
  /** Holds `instances.json`. */
  readonly stateFolder: string;
  readonly logsFolder: string;
  readonly leases: PortLeases;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly emit: EmitEvent;
  /** Resolves when no worker routes to the instance any more and its requests in flight are done; given up after `limitMs`. */
  readonly drain: (instance: InstanceView, limitMs: number) => Promise<void>;
  /** Asked every second; false: CPU and memory are not sampled. */
  readonly monitoring: () => boolean;
  /** All instances of the service are ready in this revision. */
  readonly onRevisionReady?: (service: string, revision: number) => void;
}

export interface ProcessDriver extends Orchestrator {
  /** What sampling has cost so far. */
  readonly samplerCost: SamplerCost;
}

const adoptedPollMs = 500;
const secondMs = 1000;

export function createProcessDriver(options: ProcessDriverOptions): ProcessDriver {
  return new Driver(options);
}

class Driver implements ProcessDriver {
  readonly #options: ProcessDriverOptions;
  readonly #table: ProcessTable;
  readonly #host: InstanceHost;
  readonly #sampler: Sampler;
  readonly #requests = new RestartRequests();
  readonly #plans = new PlanBook();
  readonly #preparations: Preparations;
  readonly #board: InstanceBoard;
  readonly #queue: SupervisorEvent[] = [];
  readonly #afterPublish: (() => void)[] = [];
  #state: SupervisorState = initialSupervisor;
  #samples: ReadonlyMap<string, Sample> = new Map();
  #straysGone: Promise<unknown> | null = null;
  #closed = false;
  #dispatching = false;
  #dueTimer: Timer | null = null;
  readonly #loops: Loops;

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
    this.#table = new ProcessTable({ variable: instanceVariable, prefix: `${options.appKey}/` });
    this.#sampler = new Sampler(this.#table);
    this.#loops = new Loops(options.clock);
    this.#host = new InstanceHost({
      ...options,
      table: this.#table,
      report: (event) => this.#dispatch(event),
      directUrls: (plan, number) => this.#directUrls(plan, number),
    });
    this.#preparations = new Preparations({
      ...options,
      table: this.#table,
      onDone: ({ service, hash }, reason) =>
        this.#dispatch(
          reason === null ? { type: "prepared", service, hash } : { type: "prepare-failed", service, hash, reason },
        ),
    });
    const [recordsFile, host] = [this.#recordsFile, this.#host];
    this.#board = new InstanceBoard({ ...options, recordsFile, host, prepared: () => this.#preparations.done });
  }

  get instances(): ReadonlyWatchable<ReadonlyMap<string, InstanceView>> {
    return this.#board.views;
  }

  get samplerCost(): SamplerCost {
    return this.#sampler.cost;
  }

  // --- the contract

  apply(plan: ProcessPlan): void {
    this.#refuseClosed();
    this.#everySecond();
    for (const service of plan.services) this.#plans.note(service);
    const adopted = this.#takeOverOnce();
    this.#preparations.keepOnly(plan.services);
    const services = plan.services.map((service) => intentOf(service, this.#preparations.isDone(service)));
    this.#dispatch({ type: "apply", services, adopted });
    for (const { run, state } of adopted) {
      if (state !== "orphaned") this.#host.startAdopted(run, state === "starting" ? "starting" : "running");
    }
    this.#updateProbes();
    this.#plans.prune((service) => hashesOf(this.#state, service));
  }

  async restart(service: string, instance?: string): Promise<void> {
    this.#refuseClosed();
    const known = this.#state.services.get(service);
    if (!known) throw new TuskError("UNKNOWN_SERVICE", `no service "${service}" is running`);
    const slots = known.slots.map((slot) => slot.id).filter((id) => instance === undefined || id === instance);
    if (instance !== undefined && slots.length === 0) {
      throw new TuskError("NOT_FOUND", `${service} has no instance "${instance}"`);
    }
    const done = this.#requests.add(slots);
    this.#dispatch({ type: "restart", service, ...(instance !== undefined && { slot: instance }) });
    await done;
  }

  async checkHealth(service: string): Promise<readonly InstanceHealthReport[]> {
    const known = this.#state.services.get(service);
    if (!known) throw new TuskError("UNKNOWN_SERVICE", `no service "${service}" is running`);
    return Promise.all(known.slots.map((slot) => this.#checkSlot(slot)));
  }

  async stopAll(): Promise<void> {
    this.apply({ format: 1, app: this.#options.appKey, services: [] });
    await this.#whenEmpty();
    await Promise.all([this.#straysGone, this.#preparations.ended()]);
    this.#loops.stop();
  }

  async detach(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#dueTimer?.cancel();
    this.#loops.stop();
    this.#host.close();
    this.#requests.rejectAll("the controller is handing over");
  }

  /** What a former controller left, at the first call. */
  #takeOverOnce(): readonly AdoptedLife[] {
    if (this.#straysGone) return [];
    const planFor = (service: string, hash: string): ServiceProcessPlan | undefined => this.#plans.find(service, hash);
    const host = this.#host;
    const table = this.#table;
    const taken = takeOver({ ...this.#options, recordsFile: this.#recordsFile, table, host, planFor });
    this.#straysGone = taken.straysGone;
    this.#preparations.restore(taken.prepared);
    if (this.#host.hasAdopted) this.#pollAdopted();
    return taken.adopted;
  }

  // --- events in, effects out

  #dispatch(event: SupervisorEvent): void {
    if (this.#closed) return;
    this.#queue.push(event);
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      this.#drainQueue();
    } finally {
      this.#dispatching = false;
    }
    for (const action of this.#afterPublish.splice(0)) action();
  }

  #drainQueue(): void {
    for (let event = this.#queue.shift(); event; event = this.#queue.shift()) {
      const { state, effects } = stepSupervisor(this.#state, event, this.#options.clock.monotonic());
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
      // Last, because a start may want the port that another effect has just given back.
      this.#spawnAll(effects.filter((effect) => effect.type === "spawn"));
    }
    this.#board.save(this.#state);
    this.#board.publish(this.#state, this.#samples);
    this.#scheduleTick();
  }

  #perform(effect: SupervisorEffect): void {
    const { type } = effect;
    if (type === "emit") this.#options.emit(effect.event);
    else if (type === "drain") this.#afterPublish.push(() => this.#drain(effect.run));
    else if (type === "terminate") this.#host.terminate(effect.run);
    else if (type === "kill") this.#host.kill(effect.run);
    else if (type === "forget") this.#host.forget(effect.run);
    else if (type === "promote") this.#host.promote(effect.run);
    else if (type === "change-port") this.#host.changePort(effect.run);
    else if (type === "slot-gone") this.#onSlotGone(effect.slot);
    else if (type === "replaced") this.#requests.settle(effect.slot, null);
    else if (type === "not-replaced") this.#requests.settle(effect.slot, effect.reason);
    else if (type === "prepare") this.#prepare(effect.service, effect.target.hash);
    else if (type === "revision-ready") this.#options.onRevisionReady?.(effect.service, effect.revision);
  }

  #onSlotGone(slot: string): void {
    this.#host.releaseSlot(slot);
    this.#requests.settle(slot, "it was removed");
  }

  /** All that may start now start in the same tick, with one write before and one after. */
  #spawnAll(spawns: readonly Extract<SupervisorEffect, { type: "spawn" }>[]): void {
    const prepared = spawns.filter((spawn) => this.#prepareSpawn(spawn));
    if (prepared.length > 0) this.#board.save(this.#state);
    for (const { run } of prepared) this.#host.launch(run);
  }

  #prepareSpawn(spawn: Extract<SupervisorEffect, { type: "spawn" }>): boolean {
    const slot = slotOf(this.#state, spawn.slot);
    const plan = slot && this.#plans.find(slot.service, spawn.target.hash);
    if (!slot || !plan) return false;
    try {
      this.#host.prepare({ ...spawn, number: slot.number, plan });
      return true;
    } catch (error) {
      // No port is free: nothing that a change of the spec would mend.
      this.#queue.push({ type: "spawn-failed", run: spawn.run, reason: messageOf(error), transient: true });
      return false;
    }
  }

  #drain(run: number): void {
    this.#host.stopProbes(run);
    const view = this.#board.viewOf(this.#state, run);
    const drained = (): void => this.#dispatch({ type: "drained", run });
    const limitMs = this.#host.running.get(run)?.plan.drainMs;
    if (!view || limitMs === undefined) {
      drained();
      return;
    }
    this.#options.drain(view, limitMs).then(drained, (error) => {
      this.#options.emit({
        kind: "instance.drain-failed",
        level: "warning",
        service: view.service,
        instance: view.id,
        message: `${view.id} is stopped without waiting for its requests: ${messageOf(error)}`,
      });
      drained();
    });
  }

  #scheduleTick(): void {
    this.#dueTimer?.cancel();
    const dueAt = supervisorDueAt(this.#state);
    if (dueAt === null) return;
    const delayMs = Math.max(0, dueAt - this.#options.clock.monotonic());
    const keepAlive = { keepAlive: this.#isStopping() };
    this.#dueTimer = this.#options.clock.setTimer(delayMs, () => this.#dispatch({ type: "tick" }), keepAlive);
  }

  #isStopping(): boolean {
    return [...this.#state.services.values()].some((service) => service.leaving);
  }

  #prepare(service: string, hash: string): void {
    const plan = this.#plans.find(service, hash);
    if (plan && !this.#preparations.isDone(plan)) void this.#preparations.run(plan);
    else this.#queue.push({ type: "prepared", service, hash });
  }

  // --- plans

  #updateProbes(): void {
    for (const running of this.#host.running.values()) {
      const life = lifeOf(this.#state, running);
      const plan = this.#plans.find(running.plan.service, running.target.hash);
      if (!life || !plan || life.fate !== null) continue;
      this.#host.changePlan(running, plan, life.stage === "starting" ? "starting" : "running");
    }
  }

  /** Mesh switched off: one ready instance for each callee, spread over the caller's slots, or where it will be. */
  #directUrls(plan: ServiceProcessPlan, slotNumber: number): Readonly<Record<string, string>> {
    const urls: Record<string, string> = {};
    for (const [variable, callee] of Object.entries(plan.directUrls)) {
      const ready = [...this.#board.views.get().values()].filter((view) => view.service === callee && view.ready);
      const chosen = ready[(slotNumber - 1) % Math.max(1, ready.length)];
      const port = chosen?.port ?? this.#options.leases.lease(`instance/${callee}-1`);
      urls[variable] = `http://127.0.0.1:${port}`;
    }
    return urls;
  }

  // --- what repeats

  #everySecond(): void {
    if (this.#loops.runs("second")) return;
    this.#loops.start("second", secondMs, () => {
      const { monitoring, clock } = this.#options;
      this.#samples = monitoring() ? this.#sampler.sample(clock.monotonic()) : new Map();
      for (const running of [...this.#host.running.values()]) {
        running.probes?.everySecond();
        this.#rotateLog(running);
      }
      this.#board.publish(this.#state, this.#samples);
      return true;
    });
  }

  #pollAdopted(): void {
    if (this.#loops.runs("adopted")) return;
    this.#loops.start("adopted", adoptedPollMs, () => {
      this.#host.pollAdopted();
      return this.#host.hasAdopted;
    });
  }

  #rotateLog(running: Running): void {
    try {
      rotateLog(this.#host.logFileOf(running.slot));
    } catch (error) {
      const { service } = running.plan;
      const message = `the log of ${running.slot} could not be rotated: ${messageOf(error)}`;
      this.#options.emit({ kind: "log.rotation-failed", level: "warning", service, instance: running.slot, message });
    }
  }

  // --- state and views

  get #recordsFile(): string {
    return join(this.#options.stateFolder, "instances.json");
  }

  async #checkSlot(slot: Slot): Promise<InstanceHealthReport> {
    const view = this.#board.views.get().get(slot.id);
    const reason = view?.reason ?? "it is gone";
    const life = slot.current;
    if (!life || life.fate !== null) return { instance: slot.id, ok: false, reason, probes: [] };
    const probes = await this.#host.checkHealth(life.run);
    const failed = probes.find((probe) => !probe.ok);
    if (failed) return { instance: slot.id, ok: false, reason: `${failed.probe} probe: ${failed.detail}`, probes };
    return { instance: slot.id, ok: probes.length > 0 || life.ready, reason: probes.at(-1)?.detail ?? reason, probes };
  }

  #whenEmpty(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#state.services.size > 0) return;
        unwatch();
        resolve();
      };
      const unwatch = this.#board.views.watch(look);
      look();
    });
  }

  #refuseClosed(): void {
    if (this.#closed) throw new TuskError("NOT_RUNNING", "this controller has handed its instances over");
  }
}
