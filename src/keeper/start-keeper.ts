// Starts a keeper as a process of its own that outlives whoever started it.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Identity } from "./ipc.js";

export interface KeeperBoot {
  readonly runtimeFolder: string;
  readonly logsFolder: string;
  readonly workerCount: number;
  /** Command of the controller that the keeper starts, and starts again; null: a program runs the controller itself. */
  readonly controllerCommand: readonly string[] | null;
  /** The controller that runs this command already: whoever starts the keeper starts it beside. Default: the keeper does. */
  readonly controller?: Identity;
}

export const keeperEntry = fileURLToPath(new URL("./main.js", import.meta.url));
/** It holds a handful of small objects. */
export const keeperFlags = ["--max-semi-space-size=1", "--max-old-space-size=64"];

/** Returns the keeper's pid at once; its socket answers a moment later. */
export function startKeeper(boot: KeeperBoot): number {
  mkdirSync(boot.logsFolder, { recursive: true });
  const log = openSync(join(boot.logsFolder, "keeper.log"), "a");
  try {
    const child = spawn(process.execPath, [...keeperFlags, keeperEntry, JSON.stringify(boot)], {
      detached: true,
      stdio: ["ignore", log, log],
    });
    child.unref();
    return child.pid ?? -1;
  } finally {
    closeSync(log);
  }
}
