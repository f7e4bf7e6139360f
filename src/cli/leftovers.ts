// What of an app is there without a living controller: its keeper and workers, instances, files that speak of them. And
// how to end it without one. Only for an app of which no controller runs.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, TuskError } from "../base/errors.js";
import type { ProcessEntry } from "../control/control-plane.js";
import type { KeeperAnswer, KeeperRequest } from "../keeper/protocol.js";
import { findLeftovers, type Leftover, stopLeftovers } from "../orchestrator/leftovers.js";
import type { AppFolder } from "../system/app-folder.js";
import { systemClock } from "../system/clock.js";
import { JsonChannel } from "../system/json-channel.js";
import { type ProcessIdentity, readStat } from "../system/proc.js";
import { keeperAnswers } from "./connect.js";
import { describeStray, endStrayControllers, findStrayControllers } from "./stray-controllers.js";

export interface Remains {
  /** Controllers that lost this app's folder. */
  readonly controllers: readonly ProcessIdentity[];
  /** The keeper and its workers. */
  readonly dataPlane: readonly ProcessEntry[];
  /** Instances of this app, and of apps whose folder is gone. */
  readonly instances: readonly Leftover[];
  /** Files that speak of processes and sockets that are gone; known when there is no data plane. */
  readonly files: readonly string[];
}

export async function findRemains(folder: AppFolder): Promise<Remains> {
  const controllers = findStrayControllers(folder);
  const dataPlane = await findDataPlane(folder);
  const instances = findLeftovers(folder.key);
  const files = dataPlane.length + controllers.length === 0 ? staleFiles(folder) : [];
  return { controllers, dataPlane, instances, files };
}

/** Whether anything of this very app is left that runs. */
export function isRunning(remains: Remains, folder: AppFolder): boolean {
  return remains.dataPlane.length > 0 || remains.instances.some(({ app }) => app === folder.key);
}

export function describeRemains({ controllers, dataPlane, instances, files }: Remains): string[] {
  return [
    ...controllers.map(describeStray),
    ...dataPlane.map(({ name, pid }) => `${name} (pid ${pid})`),
    ...instances.map(({ instance, processes, reason }) => {
      const pids = processes.map(({ pid }) => pid).join(", ");
      return `${instance} (pid ${pids}; ${reason})`;
    }),
    ...files,
  ];
}

/** Ends the processes, controllers and data plane first so that nothing is started again, and removes the files. */
export async function removeRemains(folder: AppFolder, remains: Remains): Promise<void> {
  await endStrayControllers(remains.controllers);
  // A controller takes its data plane along.
  if (remains.dataPlane.length > 0 && (await keeperAnswers(folder))) await endDataPlane(folder);
  await stopLeftovers(remains.instances, { clock: { ...systemClock, setTimer: keepAlive } });
  if (await keeperAnswers(folder)) return;
  for (const path of staleFiles(folder)) rmSync(path, { recursive: true, force: true });
}

/** After a start that failed: what it started ends, what ran before stays. */
export async function removeStartedSince(folder: AppFolder, startTicks: number): Promise<void> {
  const { dataPlane, instances } = await findRemains(folder);
  const isNew = (pid: number): boolean => (readStat(pid)?.startTicks ?? 0) >= startTicks;
  await removeRemains(folder, {
    controllers: [],
    dataPlane: dataPlane.filter(({ role, pid }) => role === "keeper" && isNew(pid)),
    instances: instances.filter(({ processes }) => processes.every(({ pid }) => isNew(pid))),
    files: [],
  });
}

/** A command line has nothing else that keeps it alive while it waits. */
const keepAlive: typeof systemClock.setTimer = (delayMs, fire) =>
  systemClock.setTimer(delayMs, fire, { keepAlive: true });

async function findDataPlane(folder: AppFolder): Promise<ProcessEntry[]> {
  if (!(await keeperAnswers(folder))) return [];
  const answer = await askKeeper(folder, { type: "status" });
  if (answer.type !== "status") return [];
  const workers = answer.workers.map(({ slot, pid }) => ({ role: "worker", pid, name: `worker-${slot}` }) as const);
  return [{ role: "keeper", pid: answer.keeperPid, name: "keeper" }, ...workers];
}

const drainMs = 1_000;

async function endDataPlane(folder: AppFolder): Promise<void> {
  await askKeeper(folder, { type: "shutdown", drainMs });
  const deadline = performance.now() + 10 * drainMs;
  while (await keeperAnswers(folder)) {
    if (performance.now() > deadline) throw new TuskError("KEEPER_LOST", "the keeper does not end");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function askKeeper(folder: AppFolder, request: KeeperRequest): Promise<KeeperAnswer> {
  try {
    const channel = await JsonChannel.open<KeeperRequest, KeeperAnswer, never>({
      socketPath: folder.keeperSocket,
      onNotice: () => {},
      onLost: () => {},
    });
    try {
      return await channel.request(request, 15_000);
    } finally {
      channel.close();
    }
  } catch (error) {
    throw new TuskError("KEEPER_LOST", `the keeper does not answer: ${messageOf(error)}`, {
      cause: error,
      hint: `see ${join(folder.platformLogs, "keeper.log")}`,
    });
  }
}

function staleFiles(folder: AppFolder): string[] {
  const runtime = existsSync(folder.runtime)
    ? readdirSync(folder.runtime).map((name) => join(folder.runtime, name))
    : [];
  return [folder.files.controller, folder.files.lock].filter((path) => existsSync(path)).concat(runtime);
}
