// Puts a system together for one app folder: state, driver, registry, data plane. What is slow to import or needs the
// network comes after the instances have been spawned, because those are what the user waits for.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, TuskError } from "../base/errors.js";
import { createRegistry } from "../discovery/create-registry.js";
import { connectKeeper } from "../keeper/client.js";
import type { Settings } from "../model/settings.js";
import { createPortLeases } from "../orchestrator/port-leases.js";
import { createProcessDriver } from "../orchestrator/process-driver.js";
import { connectWorker } from "../proxy/worker-client.js";
import { type AppFolder, createAppFolders, machineFolder } from "../system/app-folder.js";
import { readJson } from "../system/atomic-file.js";
import { systemClock, systemRng } from "../system/clock.js";
import { acquireLock } from "../system/lock.js";
import type { ApplyRequest } from "./control-plane.js";
import { DataPlane } from "./data-plane.js";
import { type DesiredSpec, desiredAfter, emptySpec, readDesired, writeDesired } from "./desired-spec.js";
import { EndpointRunner } from "./endpoint-runner.js";
import { EventLog } from "./event-log.js";
import { keepExternalServices } from "./external-services.js";
import { controllerCommand, pendingFile } from "./launch.js";
import { PlanMaker } from "./plan-maker.js";
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
  const { folder, environment } = options;
  createAppFolders(folder);
  const held = acquireLock(folder.files.lock);
  if ("holder" in held) {
    throw new TuskError(
      "ALREADY_RUNNING",
      `another controller (pid ${held.holder.pid}) runs the app in ${folder.root}`,
    );
  }
  try {
    return await assemble(options, held.lock.release, environment);
  } catch (error) {
    held.lock.release();
    throw error;
  }
}

async function assemble(
  options: StartOptions,
  unlock: () => void,
  environment: StartOptions["environment"],
): Promise<RunningSystem> {
  const { folder } = options;
  const events = new EventLog(folder.files.events, systemClock.now);
  const desired = firstDesired(options, events);
  const leases = createPortLeases({ stateFolder: folder.state, claimsFolder: portsFolder(), appFolder: folder.root });
  const plans = new PlanMaker({ folder, leases, environment, codeSettings: options.codeSettings ?? {} });
  const made = await plans.make(desired);
  const registry = createRegistry({ clock: systemClock, emit: events.emit });
  const dataPlane = createDataPlane(options, events);
  const endpoints = new EndpointRunner(registry, dataPlane);
  const driver = createProcessDriver({
    appKey: folder.key,
    stateFolder: folder.state,
    logsFolder: folder.logs,
    leases,
    clock: systemClock,
    rng: systemRng,
    emit: events.emit,
    drain: (view, limitMs) => endpoints.drain(view, limitMs),
    monitoring: made.settings.MONITORING_ENABLED,
  });
  let markStopped = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    markStopped = resolve;
  });
  const release = (): void => {
    specWatch?.close();
    external.close();
    endpoints.close();
    registry.close();
    unlock();
  };
  const external = keepExternalServices({
    registry,
    file: folder.files.external,
    emit: events.emit,
    onNames: () => void system.replan().catch((error) => reportFailure(events, error)),
  });
  const system: System = new System(
    {
      folder,
      events,
      plans,
      driver,
      registry,
      dataPlane,
      desired,
      externalNames: external.names,
      onShutdown: async () => {
        release();
        leases.releaseAll();
        for (const file of endedWith(folder)) rmSync(file, { force: true });
        rmSync(folder.runtime, { recursive: true, force: true });
        markStopped();
      },
    },
    made,
  );
  endpoints.start(driver);
  const specWatch = desired.file
    ? watchSpecFile({ system, file: desired.file, clock: systemClock, emit: events.emit })
    : null;
  const connected = system.connect();
  // Whoever waits for it gets the error; nobody may wait, and then the event says it.
  connected.catch((error) => reportFailure(events, error));
  return {
    system,
    events,
    connected,
    stopped,
    detach: async () => {
      await driver.detach();
      dataPlane.close();
      release();
    },
  };
}

/** State that means nothing once the system is stopped. Logs, events, history, token and revision numbers stay. */
const endedWith = ({ files }: AppFolder): readonly string[] => [
  files.controller,
  files.instances,
  files.leases,
  files.desired,
  files.external,
];

function reportFailure(events: EventLog, error: unknown): void {
  events.emit({ kind: "data-plane.failed", level: "error", message: messageOf(error) });
}

/** What should run: the waiting request merged into what was desired before. */
function firstDesired(options: StartOptions, events: EventLog): DesiredSpec {
  const { folder } = options;
  const before = readDesired(folder, events.emit);
  const request = options.request ?? (readJson(pendingFile(folder)) as ApplyRequest | undefined);
  if (!request) return before ?? initialDesired(folder);
  const desired = desiredAfter(before, request);
  writeDesired(folder, desired);
  rmSync(pendingFile(folder), { force: true });
  return desired;
}

/** Nothing is desired yet: services are created one by one, or a stop is all that is wanted. */
function initialDesired(folder: AppFolder): DesiredSpec {
  const spec = emptySpec(folder.root.split("/").at(-1) || "app");
  return { format: 1, generation: 0, spec, provenance: {}, applied: spec, from: "empty", file: null };
}

function createDataPlane(options: StartOptions, events: EventLog): DataPlane {
  const { folder, embedded } = options;
  return new DataPlane({
    connectKeeper: (handlers) =>
      connectKeeper({
        socketPath: folder.keeperSocket,
        restart: embedded ? null : controllerCommand(folder),
        ...handlers,
      }),
    connectWorker: (worker, handlers) => connectWorker({ socketPath: worker.socket, ...handlers }),
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
