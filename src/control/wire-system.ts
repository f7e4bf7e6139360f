// The second half of a start: registry, data plane, metrics and everything that is asked of a running system, around
// a driver that has spawned the instances already. Imported only then, because they are what the user waits for.
import { rmSync } from "node:fs";
import { messageOf } from "../base/errors.js";
import { createRegistry } from "../discovery/create-registry.js";
import { connectKeeper } from "../keeper/client.js";
import type { PolicyNoticeKind, WorkerNotice } from "../keeper/protocol.js";
import { startKeeper } from "../keeper/start-keeper.js";
import { connectWorker } from "../proxy/worker-client.js";
import type { AppFolder } from "../system/app-folder.js";
import { systemClock } from "../system/clock.js";
import { DataPlane } from "./data-plane.js";
import { EjectionProbes } from "./ejection-probes.js";
import { EndpointRunner } from "./endpoint-runner.js";
import type { EventLog } from "./event-log.js";
import { keepExternalServices } from "./external-services.js";
import { controllerCommand } from "./launch.js";
import { startMetrics } from "./metrics/start-metrics.js";
import type { Ownership } from "./ownership.js";
import { keepPlatformLogsSmall } from "./platform-logs.js";
import { watchSpecFile } from "./spec-watch.js";
import type { RunningSystem, SpawnedInstances, StartOptions, Tenure } from "./start-system.js";
import { System } from "./system.js";
import { watchTlsFiles } from "./tls-watch.js";

export function wireSystem(options: StartOptions, spawned: SpawnedInstances, tenure: Tenure): RunningSystem {
  const { ownership, unlock } = tenure;
  const { folder, environment } = options;
  const { clock, events, leases, plans, tlsMaterial, driver, desired, made } = spawned;
  const registry = createRegistry({ clock, emit: events.emit });
  const dataPlane: DataPlane = createDataPlane(options, {
    events,
    ownership,
    onNotice: (notice) => probes.onNotice(notice),
  });
  const probes = new EjectionProbes({
    clock,
    plan: () => system.processPlan,
    views: () => [...driver.instances.get().values()],
    check: (service) => driver.checkHealth(service),
    tell: (request) => void dataPlane.probePassed(request),
  });
  const endpoints = new EndpointRunner({ registry, dataPlane, clock });
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
  const logs = keepPlatformLogsSmall({ folder: folder.platformLogs, clock, emit: events.emit });
  const release = async (): Promise<void> => {
    logs.close();
    await metrics.close();
    specWatch.close();
    tlsWatch.close();
    external.close();
    endpoints.close();
    probes.close();
    registry.close();
  };
  let markStopped = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    markStopped = resolve;
  });
  const onShutdown = async (): Promise<void> => {
    await release();
    // Another controller that took the folder meanwhile lives on this state.
    if (ownership.holding() !== "taken") {
      leases.releaseAll();
      removeState(folder);
    }
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
  spawned.serveWith({ endpoints, settings: () => system.currentSettings });
  const specWatch = watchSpecFile({ system, clock, emit: events.emit });
  const replan = (): Promise<void> => system.replan();
  const tlsWatch = watchTlsFiles({ material: tlsMaterial, clock, emit: events.emit, replan });
  const connected = system.connect();
  // Whoever waits for it gets the error; nobody may wait, and then the event says it.
  connected.catch((error) => reportFailure(events, error));
  const detach = async (): Promise<void> => {
    await driver.detach();
    await release();
    dataPlane.close();
    unlock();
  };
  return { system, events, connected, stopped, ownership, detach };
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

/** Keeper and workers are all gone, so that nobody was there to start a successor. */
function replaceKeeper(folder: AppFolder, events: EventLog): void {
  const { runtime: runtimeFolder, platformLogs: logsFolder } = folder;
  startKeeper({ runtimeFolder, logsFolder, workerCount: 1, controllerCommand: null });
  const message = "the keeper and every proxy worker died; the controller started new ones";
  events.emit({ kind: "keeper.replaced", level: "error", message });
}

const calming: ReadonlySet<PolicyNoticeKind> = new Set([
  "breaker.recovering",
  "breaker.closed",
  "limit.eased",
  "fault.ended",
]);
const policyLevel = (kind: PolicyNoticeKind): "info" | "warning" => (calming.has(kind) ? "info" : "warning");

interface DataPlaneSurroundings {
  readonly events: EventLog;
  readonly ownership: Ownership;
  readonly onNotice: (notice: WorkerNotice) => void;
}

function createDataPlane(options: StartOptions, { events, ownership, onNotice }: DataPlaneSurroundings): DataPlane {
  const { holding } = ownership;
  const { folder, embedded } = options;
  return new DataPlane({
    connectKeeper: (handlers) =>
      connectKeeper({
        socketPath: folder.keeperSocket,
        restart: embedded ? null : controllerCommand(folder),
        onAway: () => {
          // One that lost its folder ends instead: nothing that it started now could be found again.
          if (holding() === "held") replaceKeeper(folder, events);
        },
        ...handlers,
      }),
    connectWorker: (worker, handlers) => connectWorker({ socketPath: worker.socket, ...handlers }),
    clock: systemClock,
    emit: events.emit,
    onPolicy: (notice) => {
      onNotice(notice);
      if (notice.type === "policy") {
        const { kind, cluster, reason } = notice;
        events.emit({ kind, level: policyLevel(kind), service: cluster, message: `${cluster}: ${reason}` });
        return;
      }
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
