// Brings a controller for an app into being: the keeper first, which starts the controller, unless one runs already.
// Used by the command line; imports little, because a user waits for it.
import { spawn } from "node:child_process";
import { openSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ErrorCode, errorCodes, type Problem, TuskError } from "../base/errors.js";
import { startKeeper } from "../keeper/start-keeper.js";
import {
  type AppFolder,
  type ControllerRecord,
  createAppFolders,
  ensureToken,
  readController,
} from "../system/app-folder.js";
import { readJson, writeJsonAtomic } from "../system/atomic-file.js";
import { tryBind } from "../system/ports.js";
import { portHolders } from "../system/proc.js";
import type { ApplyRequest } from "./control-plane.js";

export interface EnsureOptions {
  readonly onProgress?: (text: string) => void;
  /** Default 30000. */
  readonly timeoutMs?: number;
}

/** A request that waits in the state folder for the controller that is about to start. */
export const pendingFile = (folder: AppFolder): string => join(folder.state, "spec", "pending.json");
/** Why a controller could not start, for the one who waits for it. */
export const failureFile = (folder: AppFolder): string => join(folder.runtime, "start-failure.json");

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
): Promise<{ readonly record: ControllerRecord; readonly started: boolean }> {
  const running = readController(folder);
  if (running) return { record: running, started: false };
  createAppFolders(folder);
  ensureToken(folder);
  rmSync(failureFile(folder), { force: true });
  const keeperRuns = await answers(folder.keeperSocket);
  if (request) {
    if (!keeperRuns) await checkGatewayPorts(request);
    writeJsonAtomic(pendingFile(folder), request, { durable: false });
  }
  options.onProgress?.("starting the controller");
  if (keeperRuns) spawnController(folder);
  else
    startKeeper({
      runtimeFolder: folder.runtime,
      logsFolder: folder.logs,
      workerCount: 1,
      controllerCommand: controllerCommand(folder),
    });
  return { record: await awaitController(folder, options.timeoutMs ?? 30_000), started: true };
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

/** Before anything is started, so that a taken port leaves nothing behind. */
async function checkGatewayPorts(request: ApplyRequest): Promise<void> {
  for (const listener of request.spec.gateway.listeners) {
    if (listener.port === 0) continue;
    const result = await tryBind(listener.host, listener.port);
    if (result !== "free") throw portError(listener.name, listener.host, listener.port, result);
  }
}

export function portError(listener: string, host: string, port: number, why: string): TuskError {
  const holders = portHolders(port).map(({ pid, command }) => `pid ${pid} (${command.slice(0, 120)})`);
  const who = holders.length > 0 ? ` It is held by ${holders.join(", ")}.` : "";
  return new TuskError(
    "PORT_IN_USE",
    `the gateway listener "${listener}" cannot listen on ${host}:${port}: ${why}.${who}`,
    {
      hint: "set another port under `gateway: { port: … }`, or stop the other process",
      details: { listener, host, port },
    },
  );
}

/** The keeper lives but its controller does not: the lock decides if the keeper restarts it at the same moment. */
function spawnController(folder: AppFolder): void {
  const [command = process.execPath, ...args] = controllerCommand(folder);
  const log = openSync(join(folder.logs, "controller.log"), "a");
  spawn(command, args, { detached: true, stdio: ["ignore", log, log], cwd: folder.root }).unref();
}

async function awaitController(folder: AppFolder, timeoutMs: number): Promise<ControllerRecord> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const record = readController(folder);
    if (record) return record;
    const failure = readJson(failureFile(folder));
    if (failure) throw toError(failure);
    await delay(10);
  }
  throw new TuskError("TIMEOUT", `the controller did not start within ${timeoutMs} ms`, {
    hint: `look into ${join(folder.logs, "controller.log")}`,
  });
}

/** What a controller that failed to start has written; the counterpart of `toFailure`. */
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
