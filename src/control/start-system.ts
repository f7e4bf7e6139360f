// Puts a system together for one app folder: state, driver, registry, data plane. What is slow to import or needs the
// network comes after the instances have been spawned, because those are what the user waits for.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, TuskError } from "../base/errors.js";
import { createRegistry } from "../discovery/create-registry.js";
import { connectKeeper } from "../keeper/client.js";
import { startKeeper } from "../keeper/start-keeper.js";
import type { Settings } from "../model/settings.js";
import { createPortLeases } from "../orchestrator/port-leases.js";
import { createProcessDriver } from "../orchestrator/process-driver.js";
import { connectWorker } from "../proxy/worker-client.js";
import { type AppFolder, createAppFolders, machineFolder } from "../system/app-folder.js";
import { readJson, setAside } from "../system/atomic-file.js";
import { systemClock, systemRng } from "../system/clock.js";
import { acquireLock } from "../system/lock.js";
import type { ApplyRequest } from "./control-plane.js";
import { DataPlane } from "./data-plane.js";
import { type DesiredSpec, desiredAfter, nothingDesired, readDesired, writeDesired } from "./desired-spec.js";
import { EndpointRunner } from "./endpoint-runner.js";
import { EventLog } from "./event-log.js";
import { keepExternalServices } from "./external-services.js";
import { controllerCommand, pendingFile } from "./launch.js";
import { startMetrics } from "./metrics/start-metrics.js";
import { PlanMaker, type Plans } from "./plan-maker.js";
import { watchSpecFile } from "./spec-watch.js";
import { System } from "./system.js";

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
  /** Lets go of everything without stopping it: the next controller adopts. */
  detach(): Promise<void>;
}

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
  try {
    return await assemble(options, held.lock.release);
  } catch (error) {
    held.lock.release();
    throw error;
  }
}

async function assemble(options: StartOptions, unlock: () => void): Promise<RunningSystem> {
  const { folder, environment, codeSettings = {} } = options;
  const clock = systemClock;
  const events = new EventLog(folder.files.events, clock.now);
  const leases = createPortLeases({ stateFolder: folder.state, claimsFolder: portsFolder(), appFolder: folder.root });
  const plans = new PlanMaker({ folder, leases, environment, codeSettings });
  const { desired, made } = await firstPlans(options, plans, events);
  const registry = createRegistry({ clock, emit: events.emit });
  const dataPlane = createDataPlane(options, events);
  const endpoints = new EndpointRunner({ registry, dataPlane, clock });
  const driver = createProcessDriver({
    appKey: folder.key,
    stateFolder: folder.state,
    logsFolder: folder.logs,
    leases,
    clock,
    rng: systemRng,
    emit: events.emit,
    drain: (view, limitMs) => endpoints.drain(view, limitMs),
    monitoring: () => system.currentSettings.MONITORING_ENABLED,
  });
  const external = keepExternalServices({
    registry,
    file: folder.files.external,
    emit: events.emit,
    onNames: () => void system.replan().catch((error) => reportFailure(events, error)),
  });
  const metrics = startMetrics({
    folder,
    clock,
    events,
    dataPlane,
    views: () => [...driver.instances.get().values()],
    spec: () => system.spec().spec,
    settings: () => system.currentSettings,
    environment,
  });
  const release = async (): Promise<void> => {
    await metrics.close();
    specWatch.close();
    external.close();
    endpoints.close();
    registry.close();
  };
  let markStopped = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    markStopped = resolve;
  });
  const onShutdown = async (): Promise<void> => {
    await release();
    leases.releaseAll();
    removeState(folder);
    unlock();
    markStopped();
  };
  const system: System = new System(
    {
      folder,
      clock,
      events,
      plans,
      driver,
      registry,
      dataPlane,
      desired,
      data: metrics.data,
      externalNames: external.names,
      onShutdown,
    },
    made,
  );
  endpoints.start(driver);
  const specWatch = watchSpecFile({ system, clock, emit: events.emit });
  const connected = system.connect();
  // Whoever waits for it gets the error; nobody may wait, and then the event says it.
  connected.catch((error) => reportFailure(events, error));
  const detach = async (): Promise<void> => {
    await driver.detach();
    await release();
    dataPlane.close();
    unlock();
  };
  return { system, events, connected, stopped, detach };
}

/** State that means nothing once the system is stopped; its record last. Logs, events, history, token and revisions stay. */
function removeState({ files, runtime }: AppFolder): void {
  rmSync(runtime, { recursive: true, force: true });
  for (const file of [files.instances, files.leases, files.desired, files.external, files.controller]) {
    rmSync(file, { force: true });
  }
}

function reportFailure(events: EventLog, error: unknown): void {
  events.emit({ kind: "data-plane.failed", level: "error", message: messageOf(error) });
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

/** Keeper and workers are all gone, so that nobody was there to start a successor. */
function replaceKeeper(folder: AppFolder, events: EventLog): void {
  startKeeper({ runtimeFolder: folder.runtime, logsFolder: folder.logs, workerCount: 1, controllerCommand: null });
  const message = "the keeper and every proxy worker died; the controller started new ones";
  events.emit({ kind: "keeper.replaced", level: "error", message });
}

function createDataPlane(options: StartOptions, events: EventLog): DataPlane {
  const { folder, embedded } = options;
  return new DataPlane({
    connectKeeper: (handlers) =>
      connectKeeper({
        socketPath: folder.keeperSocket,
        restart: embedded ? null : controllerCommand(folder),
        onAway: () => replaceKeeper(folder, events),
        ...handlers,
      }),
    connectWorker: (worker, handlers) => connectWorker({ socketPath: worker.socket, ...handlers }),
    clock: systemClock,
    emit: events.emit,
    onEjection: (notice) => {
      const away = notice.type === "ejected";
      events.emit({
        kind: away ? "endpoint.ejected" : "endpoint.returned",
        level: away ? "warning" : "info",
        service: notice.cluster,
        instance: notice.endpoint,
        message: `${notice.endpoint} ${away ? "left" : "returned to"} load balancing: ${notice.reason}`,
      });
    },
  });
}
