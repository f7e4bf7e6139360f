// Brings a controller for an app into being, unless one runs already, and beside it, at the same moment, the keeper
// that will look after it. Used by the command line; imports little, because a user waits for it.
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ErrorCode, errorCodes, type Problem, TuskError } from "../base/errors.js";
import { gatewayName } from "../compile/needed-ports.js";
import type { Identity } from "../keeper/ipc.js";
import { startKeeper } from "../keeper/start-keeper.js";
import type { AppSpec } from "../model/app-spec.js";
import { resolveSettings } from "../model/resolve-settings.js";
import {
  type AppFolder,
  type ControllerRecord,
  createAppFolders,
  ensureToken,
  readController,
} from "../system/app-folder.js";
import { readJson, writeJsonAtomic } from "../system/atomic-file.js";
import { acquireLock } from "../system/lock.js";
import { tryBind } from "../system/ports.js";
import { bootId, identify, isAlive, type ProcessIdentity, signalProcess } from "../system/proc.js";
import type { ApplyRequest } from "./control-plane.js";
import { portError } from "./port-error.js";

export interface EnsureOptions {
  readonly onProgress?: (text: string) => void;
  /** Default 30000. */
  readonly timeoutMs?: number;
  /** Default: this process'. Settings in it decide which ports are needed. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface EnsuredController {
  readonly record: ControllerRecord;
  /** False: it ran already or somebody else started it; the request was not applied and is for the caller to send. */
  readonly started: boolean;
}

/** The data plane of one machine's app needs no more; each costs memory. */
const workerCount = 1;

/** A request that waits in the state folder for the controller that is about to start. */
export const pendingFile = (folder: AppFolder): string => join(folder.state, "spec", "pending.json");
/** Why a controller could not start, for the one who waits for it. */
const failureFile = (folder: AppFolder): string => join(folder.runtime, "start-failure.json");
/** Held while a keeper or a controller is being started: two keepers would take each other's socket. */
const launchLock = (folder: AppFolder): string => `${folder.files.lock}.launch`;

export const controllerCommand = (folder: AppFolder): string[] => [
  process.execPath,
  fileURLToPath(new URL("../api/controller-main.js", import.meta.url)),
  folder.root,
];

/** The running controller, or a new one that starts with `request` applied (null: with what was desired last). */
export async function ensureController(
  folder: AppFolder,
  request: ApplyRequest | null,
  options: EnsureOptions = {},
): Promise<EnsuredController> {
  const running = readController(folder);
  if (running) return { record: running, started: false };
  const keeperRuns = await answers(folder.keeperSocket);
  if (request && !keeperRuns) await checkGatewayPorts(request.spec, options.environment ?? process.env);
  createAppFolders(folder);
  const timeoutMs = options.timeoutMs ?? 30_000;
  const held = acquireLock(launchLock(folder));
  if ("holder" in held) return { record: await awaitController(folder, { timeoutMs }), started: false };
  try {
    ensureToken(folder);
    rmSync(failureFile(folder), { force: true });
    if (request) writeJsonAtomic(pendingFile(folder), request, { durable: false, mode: 0o600 });
    options.onProgress?.("starting the controller");
    // The controller first: it spawns the instances, which take longest. A keeper that lives may restart it at the same
    // moment; the lock decides.
    const controller = spawnController(folder);
    const keeper = keeperRuns ? null : startKeeperFor(folder, controller);
    const record = await awaitOwn(folder, { timeoutMs, keeper }, controller);
    // A controller that the keeper restarted at the same moment did not see the request.
    return { record, started: !existsSync(pendingFile(folder)) };
  } finally {
    rmSync(pendingFile(folder), { force: true });
    held.lock.release();
  }
}

export interface HeldLaunch {
  /** The keeper that was started for it; null: one was there. */
  readonly keeper: ProcessIdentity | null;
  /** Others may start something again. */
  release(): void;
}

/** A keeper for a controller that the calling program runs inside itself. Null: somebody else starts one right now. */
export async function prepareEmbedded(folder: AppFolder): Promise<HeldLaunch | null> {
  createAppFolders(folder);
  const held = acquireLock(launchLock(folder));
  if ("holder" in held) return null;
  const { release } = held.lock;
  try {
    ensureToken(folder);
    if (await answers(folder.keeperSocket)) return { keeper: null, release };
    const { runtime: runtimeFolder, platformLogs: logsFolder } = folder;
    return {
      keeper: identify(startKeeper({ runtimeFolder, logsFolder, workerCount, controllerCommand: null })),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Before anything is started, so that a taken port leaves nothing behind. A setting that is wrong is found later. */
async function checkGatewayPorts(spec: AppSpec, environment: EnsureOptions["environment"]): Promise<void> {
  const { settings } = resolveSettings({ spec: spec.settings, environment });
  if (!settings.API_GATEWAY_ENABLED) return;
  for (const listener of spec.gateway.listeners) {
    const { host, port } = listener;
    const result = port === 0 ? "free" : await tryBind(host, port);
    if (result !== "free") throw portError({ name: gatewayName(listener), host, port }, result);
  }
}

function startKeeperFor(folder: AppFolder, controller: Identity): ProcessIdentity | null {
  const { runtime: runtimeFolder, platformLogs: logsFolder } = folder;
  const command = controllerCommand(folder);
  return identify(startKeeper({ runtimeFolder, logsFolder, workerCount, controllerCommand: command, controller }));
}

/** Start time 0 when it is gone already, or could never run: whoever watches it sees that it is dead. */
function spawnController(folder: AppFolder): Identity {
  const [command = process.execPath, ...args] = controllerCommand(folder);
  const log = openSync(join(folder.platformLogs, "controller.log"), "a");
  try {
    const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log], cwd: folder.root });
    child.unref();
    const pid = child.pid ?? -1;
    return { pid, startTicks: identify(pid)?.startTicks ?? 0 };
  } finally {
    closeSync(log);
  }
}

interface Await {
  readonly timeoutMs: number;
  /** The one that was started with the controller. */
  readonly keeper?: ProcessIdentity | null;
}

export async function awaitController(folder: AppFolder, { timeoutMs, keeper }: Await): Promise<ControllerRecord> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const record = readController(folder);
    if (record) return record;
    const failure = readJson(failureFile(folder));
    if (failure) throw toError(failure);
    if (keeper && !isAlive(keeper)) {
      throw new TuskError("KEEPER_LOST", "the keeper ended before the controller had started", {
        hint: `look into ${join(folder.platformLogs, "keeper.log")}`,
      });
    }
    await delay(10);
  }
  throw new TuskError("TIMEOUT", `the controller did not start within ${timeoutMs} ms`, {
    hint: `look into ${join(folder.platformLogs, "controller.log")}`,
  });
}

/** Whoever is told of a failure finds nothing running. The keeper ends first: it would start the controller again. */
async function awaitOwn(folder: AppFolder, limits: Await, controller: Identity): Promise<ControllerRecord> {
  try {
    return await awaitController(folder, limits);
  } catch (error) {
    if (limits.keeper) await end(limits.keeper);
    await end({ ...controller, bootId: bootId() });
    throw error;
  }
}

async function end(started: ProcessIdentity): Promise<void> {
  signalProcess(started, "SIGTERM");
  const deadline = performance.now() + 5_000;
  while (isAlive(started) && performance.now() < deadline) await delay(5);
}

/** What a controller that failed to start has written; the counterpart of `writeFailure`. */
function toError(failure: unknown): TuskError {
  const { code, message, hint, problems } = failure as {
    code: string;
    message: string;
    hint?: string;
    problems?: Problem[];
  };
  const known = code in errorCodes ? (code as ErrorCode) : "INTERNAL";
  return new TuskError(known, message, { hint, problems });
}

export function writeFailure(folder: AppFolder, error: unknown): void {
  const known = error instanceof TuskError;
  writeJsonAtomic(failureFile(folder), {
    code: known ? error.code : "INTERNAL",
    message: error instanceof Error ? error.message : String(error),
    hint: known ? error.hint : undefined,
    problems: known ? error.problems : [],
  });
}
