// The processes behind the lives: spawns, probes, signals and watches them, and reports what happens to the supervisor.
// Decides nothing but the port, which must be had before a process can be started.
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Clock, Rng } from "../base/clock.js";
import type { EmitEvent } from "../base/event.js";
import type { ServiceProcessPlan } from "../plan/process-plan.js";
import { describeHolders, holdersOf, loopbackListeners } from "../system/listeners.js";
import { tryBind } from "../system/ports.js";
import { bootId, isAlive, type ProcessIdentity, readStat } from "../system/proc.js";
import type { ProcessTable } from "../system/process-table.js";
import type { FoundInstance } from "./adoption.js";
import { Clearing, clearTag } from "./clearing.js";
import { createTag, instanceVariable, revisionVariable, stateFolderVariable } from "./instance-tag.js";
import type { Exit, Target } from "./life.js";
import { OwnListener } from "./listener.js";
import type { InstanceHealthReport, ProbeResult } from "./orchestrator.js";
import type { PortLeases } from "./port-leases.js";
import { ProbeLoop, type ProbeName, type ProbesPlan } from "./probe-loop.js";
import { type ProbeOutcome, type ProbeTarget, runProbe } from "./probes.js";
import type { Role, SlotEvent } from "./slot.js";
import { spawnCommand } from "./spawn-instance.js";

export interface HostOptions {
  readonly appKey: string;
  readonly stateFolder: string;
  readonly logsFolder: string;
  readonly leases: PortLeases;
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly emit: EmitEvent;
  readonly report: (event: SlotEvent) => void;
  /** Addresses of callees, picked now, by name of the variable. */
  readonly directUrls: (plan: ServiceProcessPlan, slotNumber: number) => Readonly<Record<string, string>>;
}

export interface Start {
  readonly run: number;
  readonly slot: string;
  readonly number: number;
  readonly role: Role;
  readonly target: Target;
  readonly plan: ServiceProcessPlan;
}

/** One life's process. */
export interface Running {
  readonly run: number;
  readonly slot: string;
  readonly number: number;
  readonly tag: string;
  readonly target: Target;
  readonly adopted: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly port: number;
  role: Role;
  plan: ServiceProcessPlan;
  env: Readonly<Record<string, string>>;
  process: ProcessIdentity | null;
  child: ChildProcess | null;
  exited: boolean;
  changePort: boolean;
  lastProbe: ProbeResult | null;
  readonly listeners: Map<number, OwnListener>;
  probes: ProbeLoop | null;
  clearing: Clearing | null;
}

const probeGraceMs = 500;

export class InstanceHost {
  readonly running = new Map<number, Running>();
  readonly #options: HostOptions;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  logFileOf(slot: string): string {
    return join(this.#options.logsFolder, `${slot}.log`);
  }

  // --- beginnings

  /** Makes the entry, with its port; `launch` then starts the process. In between it is written down. */
  prepare(start: Start): void {
    const { clock, appKey } = this.#options;
    const port = this.#options.leases.lease(leaseKey(start.slot, start.role));
    const tag = createTag(appKey, start.slot);
    const startedAt = new Date(clock.now()).toISOString();
    const running = { ...start, tag, port, startedAt, adopted: false, env: {}, process: null, child: null };
    const nothingYet = { exited: false, changePort: false, lastProbe: null, probes: null, clearing: null };
    this.running.set(start.run, { ...running, ...nothingYet, listeners: new Map() });
  }

  launch(run: number): void {
    const running = this.running.get(run);
    if (!running) return;
    const { plan, slot } = running;
    running.env = this.#environment(running);
    const start = { command: plan.run, cwd: plan.cwd, env: running.env, logFile: this.logFileOf(slot) };
    const child = spawnCommand(start, (failure) => this.#options.report({ type: "spawn-failed", run, ...failure }));
    if (child?.pid === undefined) return;
    running.child = child;
    running.process = identityOf(child.pid);
    child.once("exit", (code, signal) => this.#onExit(running, { code, signal, unknown: false }));
    this.#options.report({ type: "started", run, pid: child.pid });
    this.#startProbes(running, "starting");
  }

  adopt(found: FoundInstance, run: number, plan: ServiceProcessPlan): void {
    const { tag, number, role, target, port, process, startedAt } = found;
    const slot = `${found.service}-${number}`;
    this.#options.leases.assign(leaseKey(slot, role), port);
    const facts = { run, slot, number, tag, target, port, role, plan, process, startedAt, adopted: true };
    const running: Running = {
      ...facts,
      env: {},
      child: null,
      exited: process === null,
      changePort: false,
      lastProbe: null,
      listeners: new Map(),
      probes: null,
      clearing: null,
    };
    running.env = this.#environment(running);
    this.running.set(run, running);
  }

  /** Whether the process that listens on the instance's port belongs to it. */
  listens(run: number): boolean {
    const running = this.running.get(run);
    return running !== undefined && this.#listenerOn(running, running.port).look().state === "ours";
  }

  startAdopted(run: number, from: "starting" | "running"): void {
    const running = this.running.get(run);
    if (running) this.#startProbes(running, from);
  }

  /** The plan's probes changed and nothing that needs a new process. */
  changePlan(running: Running, plan: ServiceProcessPlan, stage: "starting" | "running"): void {
    const same = JSON.stringify(running.plan.probes) === JSON.stringify(plan.probes);
    running.plan = plan;
    if (same || running.clearing || !running.probes) return;
    running.probes.stop();
    this.#startProbes(running, stage);
  }

  // --- endings

  stopProbes(run: number): void {
    const running = this.running.get(run);
    running?.probes?.stop();
  }

  terminate(run: number): void {
    const running = this.running.get(run);
    if (!running || running.clearing) return;
    running.probes?.stop();
    const { table, clock } = this.#options;
    running.clearing = new Clearing({
      tag: running.tag,
      table,
      clock,
      mayEnd: () => this.#sawEnd(running),
      onClear: () => void this.#onClear(running),
      onDenied: (processes) =>
        this.#tellDenied(
          running,
          processes.map((member) => member.pid),
        ),
    });
    running.clearing.start();
  }

  kill(run: number): void {
    this.running.get(run)?.clearing?.kill();
  }

  forget(run: number): void {
    const running = this.running.get(run);
    if (!running) return;
    running.probes?.stop();
    running.clearing?.cancel();
    this.running.delete(run);
    const key = leaseKey(running.slot, running.role);
    if (running.changePort || running.role === "successor") this.#options.leases.release(key);
  }

  /** The successor takes the slot's name, and brings its port. */
  promote(run: number): void {
    const running = this.running.get(run);
    if (!running) return;
    running.role = "current";
    this.#options.leases.assign(leaseKey(running.slot, "current"), running.port);
  }

  changePort(run: number): void {
    const running = this.running.get(run);
    if (running) running.changePort = true;
  }

  releaseSlot(slot: string): void {
    this.#options.leases.release(leaseKey(slot, "current"));
  }

  /** Stops watching; the processes go on. */
  close(): void {
    for (const running of this.running.values()) {
      running.probes?.stop();
      running.clearing?.cancel();
      running.child?.removeAllListeners("exit");
    }
  }

  // --- watching

  /** Adopted processes are not our children: nobody tells when they end. */
  pollAdopted(): void {
    for (const running of [...this.running.values()]) {
      if (running.adopted && !running.exited) this.#sawEnd(running);
    }
  }

  get hasAdopted(): boolean {
    for (const running of this.running.values()) if (running.adopted && !running.exited) return true;
    return false;
  }

  async checkHealth(run: number): Promise<InstanceHealthReport["probes"]> {
    const running = this.running.get(run);
    const probes = running?.plan.probes;
    if (!running || !probes) return [];
    const target = this.#probeTarget(running);
    const wanted: [ProbeName, ProbesPlan["startup"] | undefined][] = [
      ["startup", probes.startup],
      ["liveness", probes.liveness],
      ["readiness", probes.readiness],
    ];
    const results = wanted.map(async ([probe, plan]) =>
      plan ? [{ probe, ...this.#toResult(await runProbe(plan, target)) }] : [],
    );
    return (await Promise.all(results)).flat();
  }

  #startProbes(running: Running, from: "starting" | "running"): void {
    const { probes } = running.plan;
    if (!probes) return;
    const { clock, rng, report } = this.#options;
    const { run } = running;
    running.probes = new ProbeLoop({
      probes,
      target: this.#probeTarget(running),
      clock,
      rng,
      onProbe: (name, outcome) => this.#onProbe(running, name, outcome),
      onListener: (state) => report({ type: "listener", run, ...state }),
    });
    running.probes.start(from);
  }

  #onProbe(running: Running, name: ProbeName, outcome: ProbeOutcome): void {
    running.lastProbe = this.#toResult(outcome);
    const { run } = running;
    const { ok, detail, taken } = outcome;
    if (taken && name === "startup") this.#options.report({ type: "port-taken", run, detail });
    else this.#options.report({ type: name, run, ok, detail });
  }

  #listenerOn(running: Running, port: number): OwnListener {
    const known = running.listeners.get(port);
    if (known) return known;
    const listener = new OwnListener(port, this.#options.table, running.tag);
    running.listeners.set(port, listener);
    return listener;
  }

  #toResult(outcome: ProbeOutcome): ProbeResult {
    const { ok, detail, durationMs } = outcome;
    return { ok, detail, durationMs, at: new Date(this.#options.clock.now()).toISOString() };
  }

  #probeTarget(running: Running): ProbeTarget {
    const { appKey, table, clock } = this.#options;
    const tag = createTag(appKey, `${running.slot}.probe`);
    const usesCommand = Object.values(running.plan.probes ?? {}).some(
      (probe) => typeof probe === "object" && probe.check.kind === "command",
    );
    return {
      port: running.port,
      cwd: running.plan.cwd,
      env: { ...running.env, [instanceVariable]: tag },
      listenerOn: (port) => this.#listenerOn(running, port),
      endCommand: async () => {
        if (usesCommand) await clearTag({ tag, table, clock, graceMs: probeGraceMs });
      },
    };
  }

  #onExit(running: Running, exit: Omit<Exit, "at">): void {
    if (running.exited) return;
    running.exited = true;
    const at = new Date(this.#options.clock.now()).toISOString();
    this.#options.report({ type: "exited", run: running.run, exit: { ...exit, at } });
    running.clearing?.nudge();
  }

  #sawEnd(running: Running): boolean {
    if (running.exited || running.child !== null) return running.exited;
    if (running.process === null || !isAlive(running.process)) {
      this.#onExit(running, { code: null, signal: null, unknown: true });
    }
    return running.exited;
  }

  /** Confirmed free, or held by somebody else: then the next start gets another port, instead of failing over and over. */
  async #onClear(running: Running): Promise<void> {
    const known = running.changePort;
    if (!known && (await tryBind("127.0.0.1", running.port)) === "in-use") this.#tellTaken(running);
    this.#options.report({ type: "cleared", run: running.run });
  }

  #tellTaken(running: Running): void {
    running.changePort = true;
    const holder = describeHolders(holdersOf(loopbackListeners(running.port)));
    this.#options.emit({
      kind: "port.taken",
      level: "error",
      service: running.plan.service,
      instance: running.slot,
      message: `port ${running.port} of ${running.slot} is taken by ${holder}; the next start gets another port`,
      details: { code: "PORT_IN_USE", port: running.port },
    });
  }

  #tellDenied(running: Running, pids: readonly number[]): void {
    this.#options.emit({
      kind: "instance.signal-denied",
      level: "error",
      service: running.plan.service,
      instance: running.slot,
      message: `${running.slot} has processes of another user, which may not be signalled: ${pids.join(", ")}`,
      details: { pids },
    });
  }

  // --- environment

  #environment(running: Running): Readonly<Record<string, string>> {
    const { plan, target } = running;
    return {
      ...plan.env,
      ...this.#options.directUrls(plan, running.number),
      PORT: String(running.port),
      HOST: "127.0.0.1",
      [instanceVariable]: running.tag,
      [revisionVariable]: `${target.revision}:${target.hash}`,
      [stateFolderVariable]: this.#options.stateFolder,
    };
  }
}

function leaseKey(slot: string, role: Role): string {
  return `instance/${slot}${role === "successor" ? "+" : ""}`;
}

/** Right after the spawn. One that has ended already is a zombie until its exit is reported, and has its start time still. */
function identityOf(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  return stat && { pid, startTicks: stat.startTicks, bootId: bootId() };
}
