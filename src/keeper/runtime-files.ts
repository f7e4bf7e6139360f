// The keeper's files in the runtime folder: its socket, its lock, the list of its workers. They tell a later keeper
// what an earlier one left behind, and are gone after an orderly end.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readJson, writeJsonAtomic } from "../system/atomic-file.js";
import { lockHolder } from "../system/lock.js";
import { isAlive, type ProcessIdentity, signalProcess } from "../system/proc.js";
import type { WorkerIdentity } from "./ipc.js";

export const socketIn = (runtimeFolder: string): string => join(runtimeFolder, "keeper.sock");
export const lockIn = (runtimeFolder: string): string => join(runtimeFolder, "keeper.lock");
const workersIn = (runtimeFolder: string): string => join(runtimeFolder, "workers.json");

const ownFiles = /^(keeper|worker|workers|succession)[-.]/;
/** For workers without a keeper to end by themselves. */
const leaveMs = 1_500;

export function recordWorkers(runtimeFolder: string, workers: readonly WorkerIdentity[], bootId: string): void {
  const records = workers.map(({ pid, startTicks }) => ({ pid, startTicks, bootId }));
  writeJsonAtomic(workersIn(runtimeFolder), records, { durable: false });
}

/** Workers that outlived both their keeper and any successor hold the ports: they make way for a new system. */
export async function endLeftoverWorkers(runtimeFolder: string): Promise<void> {
  const left = readWorkers(runtimeFolder).filter(isAlive);
  for (const worker of left) signalProcess(worker, "SIGTERM");
  const deadline = performance.now() + leaveMs;
  while (left.some(isAlive) && performance.now() < deadline) await delay(20);
  for (const worker of left) signalProcess(worker, "SIGKILL");
}

/** The keeper and the workers that live. */
export function dataPlaneProcesses(runtimeFolder: string): ProcessIdentity[] {
  const keeper = lockHolder(lockIn(runtimeFolder));
  return [...(keeper ? [keeper] : []), ...readWorkers(runtimeFolder).filter(isAlive)];
}

export function removeFiles(runtimeFolder: string): void {
  try {
    for (const name of readdirSync(runtimeFolder)) {
      if (ownFiles.test(name)) rmSync(join(runtimeFolder, name), { force: true });
    }
  } catch (error) {
    // The folder is gone, and they with it.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function readWorkers(runtimeFolder: string): ProcessIdentity[] {
  try {
    const value = readJson(workersIn(runtimeFolder));
    return Array.isArray(value) ? value.filter(isIdentity) : [];
  } catch {
    // Damaged: nothing is known of an earlier keeper.
    return [];
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  const { pid, startTicks, bootId } = (value ?? {}) as Partial<ProcessIdentity>;
  return Number.isInteger(pid) && Number.isInteger(startTicks) && typeof bootId === "string";
}
