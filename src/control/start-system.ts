// Starts a system for one app folder, in two halves: first only what spawns the instances (state, plans, driver), because
// they are what the user waits for; everything else is in wire-system.ts and is imported when a processor is free.
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Clock } from "../base/clock.js";
import { TuskError } from "../base/errors.js";
import type { Settings } from "../model/settings.js";
import { createPortLeases, type PortLeases } from "../orchestrator/port-leases.js";
import { createProcessDriver, type ProcessDriver } from "../orchestrator/process-driver.js";
import { type AppFolder, createAppFolders, machineFolder } from "../system/app-folder.js";
import { readJson, setAside } from "../system/atomic-file.js";
import { systemClock, systemRng } from "../system/clock.js";
import { acquireLock } from "../system/lock.js";
import { processorIdleMs } from "../system/machine.js";
import type { ApplyRequest } from "./control-plane.js";
import { type DesiredSpec, desiredAfter, nothingDesired, readDesired, writeDesired } from "./desired-spec.js";
import type { EndpointRunner } from "./endpoint-runner.js";
import { EventLog } from "./event-log.js";
import { pendingFile } from "./launch.js";
import { type Ownership, watchOwnership } from "./ownership.js";
import { PlanMaker, type Plans } from "./plan-maker.js";
import { processorFree } from "./processor-wait.js";
import type { System } from "./system.js";
import { releaseTakenPorts } from "./taken-ports.js";
import { TlsMaterial } from "./tls-material.js";

export interface StartOptions {
  readonly folder: AppFolder;
  /** In a program of the user's: the keeper does not restart the controller when that program dies. */
  readonly embedded: boolean;
  /** Settings given in code; the spec and the environment win over them. */
  readonly codeSettings?: Partial<Settings>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Applied before anything starts; default: what waits in the state folder. */
  readonly request?: ApplyRequest;
}

export interface RunningSystem {
  readonly system: System;
  readonly events: EventLog;
  /** Resolves when the data plane serves the plan. */
  readonly connected: Promise<void>;
  /** Resolves after `shutdown` has ended everything. */
  readonly stopped: Promise<void>;
  /** Whether the app is still this controller's: its folder may be removed, moved or taken over by another. */
  readonly ownership: Pick<Ownership, "holding" | "lost">;
  /** Lets go of everything without stopping it: the next controller adopts. */
  detach(): Promise<void>;
}

/** What a driver that runs already comes to know when the rest of the system is there. */
export interface ServingParts {
  readonly endpoints: EndpointRunner;
  /** Those in force. */
  readonly settings: () => Settings;
}

export interface SpawnedInstances {
  readonly clock: Clock;
  readonly events: EventLog;
  readonly leases: PortLeases;
  readonly plans: PlanMaker;
  readonly tlsMaterial: TlsMaterial;
  /** Runs the process plan of `made`. */
  readonly driver: ProcessDriver;
  readonly desired: DesiredSpec;
  readonly made: Plans;
  /** To be called once. Until then an instance that has to be drained waits. */
  serveWith(parts: ServingParts): void;
}

/** Longest time for which the processors are left to the instances that keep them busy starting. */
const quietLimitMs = 5_000;

const portsFolder = (): string => join(machineFolder(), "ports");

/** Throws ALREADY_RUNNING when another controller has the app, SPEC_INVALID when there is nothing sound to start with. */
export async function startSystem(options: StartOptions): Promise<RunningSystem> {
  const { folder } = options;
  createAppFolders(folder);
  const held = acquireLock(folder.files.lock);
  if ("holder" in held) {
    throw new TuskError(
      "ALREADY_RUNNING",
      `another controller (pid ${held.holder.pid}) runs the app in ${folder.root}`,
    );
  }
  const ownership = watchOwnership({ lock: held.lock, clock: systemClock });
  const unlock = (): void => {
    ownership.close();
    held.lock.release();
  };
  try {
    return await assemble(options, { ownership, unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The app folder, while this controller has it. */
export interface Tenure {
  readonly ownership: Ownership;
  /** Gives the folder back: another controller may take it. */
  readonly unlock: () => void;
}

async function assemble(options: StartOptions, tenure: Tenure): Promise<RunningSystem> {
  const spawned = await spawnInstances(options);
  try {
    await processorFree(spawned.driver.instances, {
      clock: spawned.clock,
      processors: availableParallelism(),
      idleMs: processorIdleMs,
      limitMs: quietLimitMs,
    });
    const { wireSystem } = await import("./wire-system.js");
    return wireSystem(options, spawned, tenure);
  } catch (error) {
    await spawned.driver.detach();
    throw error;
  }
}

/** Everything up to the moment in which the instances run, and nothing else. */
async function spawnInstances(options: StartOptions): Promise<SpawnedInstances> {
  const { folder, environment, codeSettings = {} } = options;
  const clock = systemClock;
  const events = new EventLog(folder.files.events, clock.now);
  const leases = createPortLeases({ stateFolder: folder.state, claimsFolder: portsFolder(), appFolder: folder.root });
  releaseTakenPorts(leases, folder.runtime);
  const tlsFolder = join(folder.runtime, "certificates");
  const tlsMaterial = new TlsMaterial({ root: folder.root, folder: tlsFolder, clock, emit: events.emit });
  const plans = new PlanMaker({ folder, leases, environment, codeSettings, tlsMaterial });
  const { desired, made } = await firstPlans(options, plans, events);
  let settings = (): Settings => made.settings;
  let serve = (_: EndpointRunner): void => {};
  const endpoints = new Promise<EndpointRunner>((resolve) => {
    serve = resolve;
  });
  const driver = createProcessDriver({
    appKey: folder.key,
    stateFolder: folder.state,
    logsFolder: folder.logs,
    leases,
    clock,
    rng: systemRng,
    emit: events.emit,
    drain: async (view, limitMs) => (await endpoints).drain(view, limitMs),
    monitoring: () => settings().MONITORING_ENABLED,
  });
  plans.commit(made);
  driver.apply(made.processPlan);
  const serveWith = (parts: ServingParts): void => {
    settings = parts.settings;
    serve(parts.endpoints);
  };
  return { clock, events, leases, plans, tlsMaterial, driver, desired, made, serveWith };
}

/** What should run: the waiting request merged into what was desired before. Written down only when it can be run. */
async function firstPlans(
  options: StartOptions,
  plans: PlanMaker,
  events: EventLog,
): Promise<{ readonly desired: DesiredSpec; readonly made: Plans }> {
  const { folder } = options;
  const before = readDesired(folder, events.emit) ?? nothingDesired(folder);
  const request = options.request ?? readPending(folder, events);
  if (!request) return { desired: before, made: await plans.make(before) };
  const desired = desiredAfter(before, request);
  const made = await plans.make(desired);
  writeDesired(folder, desired);
  rmSync(pendingFile(folder), { force: true });
  return { desired, made };
}

function readPending(folder: AppFolder, events: EventLog): ApplyRequest | undefined {
  const file = pendingFile(folder);
  try {
    return readJson(file) as ApplyRequest | undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const message = `a waiting request could not be read and was set aside as ${setAside(file)}`;
    events.emit({ kind: "state.damaged", level: "error", message });
    return undefined;
  }
}
