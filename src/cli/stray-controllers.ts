// Controllers of this app that no file speaks of any more, because the state folder was removed, replaced or moved under
// them: found under /proc by their command line or working folder, and ended. Left alone, one would start again what
// `down` stops. It stops what it runs itself; nothing else is signalled here.
import { readlinkSync, realpathSync } from "node:fs";
import { uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { TuskError } from "../base/errors.js";
import type { AppFolder } from "../system/app-folder.js";
import { lockHolder, lockTaker } from "../system/lock.js";
import {
  identify,
  isAlive,
  listPids,
  type ProcessIdentity,
  processOwner,
  readProcFile,
  signalProcess,
} from "../system/proc.js";
import { formatDuration } from "./format.js";

const entryPoint = "/api/controller-main.js";
/** One that was started a moment ago has not taken the lock yet, unless the lock of a moved folder names it. */
const settlingMs = 2_000;
const lookEveryMs = 25;
/** Its instances are given their grace periods. */
const endLimitMs = 60_000;
/** The kernel's clock ticks, in which start times are given: 100 a second on every Linux that Node runs on. */
const tickMs = 10;

/** Those that do not hold the app's lock. */
export function findStrayControllers(folder: AppFolder): ProcessIdentity[] {
  const holder = lockHolder(folder.files.lock);
  const former = lockTaker(folder.files.lock);
  return listPids()
    .filter((pid) => pid !== holder?.pid && isControllerOf(pid, folder.root))
    .map(identify)
    .filter((identity) => identity !== null)
    .filter(({ pid, startTicks }) => pid === former?.pid || uptime() * 1000 - startTicks * tickMs > settlingMs);
}

/** Resolves when they are gone with what they ran. Throws TIMEOUT. */
export async function endStrayControllers(
  strays: readonly ProcessIdentity[],
  timeoutMs: number = endLimitMs,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (const stray of strays) signalProcess(stray, "SIGTERM");
  for (;;) {
    const left = strays.filter(isAlive);
    if (left.length === 0) return;
    if (performance.now() >= deadline) throw notEnded(left, timeoutMs);
    await delay(lookEveryMs);
  }
}

export const describeStray = ({ pid }: ProcessIdentity): string =>
  `controller (pid ${pid}; its state folder was removed, replaced or moved)`;

function notEnded(left: readonly ProcessIdentity[], timeoutMs: number): TuskError {
  return new TuskError("TIMEOUT", `not every lost controller has ended within ${formatDuration(timeoutMs)}`, {
    hint: "it goes on stopping what it runs; `tusk down` again waits for the rest",
    problems: left.map((stray) => ({ path: "", message: describeStray(stray) })),
  });
}

function isControllerOf(pid: number, root: string): boolean {
  const args = (readProcFile(`/proc/${pid}/cmdline`) ?? "").split("\0");
  const entry = args.findIndex((argument) => argument.endsWith(entryPoint));
  if (entry === -1 || processOwner(pid) !== process.getuid?.() || !isOnThisFileSystem(pid)) return false;
  return args[entry + 1] === root || linkOf(`/proc/${pid}/cwd`) === realPath(root);
}

/** In a container the same path is another folder. */
function isOnThisFileSystem(pid: number): boolean {
  return linkOf(`/proc/${pid}/ns/mnt`) === linkOf("/proc/self/ns/mnt");
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // Gone between two looks, or with more rights than ours: then it is not to be ended by us.
    return null;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // The folder is gone: nothing can be in it.
    return path;
  }
}
