// Finds what belongs to one test app among all processes of the machine, so that a drill can prove that nothing is left
// and clean up without touching anything else.
import { readlinkSync } from "node:fs";
import {
  commandLine,
  identify,
  listPids,
  type ProcessIdentity,
  readEnvironmentVariable,
  readStat,
  signalProcess,
} from "../../src/system/proc.js";

/** A variable that every process started by a test app's commands inherits; its value is different for each app. */
export const markName = "TEST_APP_MARK";

export interface FoundProcess {
  readonly identity: ProcessIdentity;
  readonly parentPid: number;
  readonly command: string;
}

/** By the inherited mark, by TUSK_INSTANCE, or by the working folder, whichever an instance has kept. Zombies are not listed. */
export function findAppProcesses(app: { readonly mark: string; readonly folder: string }): readonly FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const pid of listPids()) {
    if (pid === process.pid || !belongs(pid, app)) continue;
    const identity = identify(pid);
    if (identity) found.push({ identity, parentPid: readStat(pid)?.parentPid ?? 0, command: commandLine(pid) });
  }
  return found;
}

function belongs(pid: number, app: { readonly mark: string; readonly folder: string }): boolean {
  if (readEnvironmentVariable(pid, markName) === app.mark) return true;
  const isInstance = readEnvironmentVariable(pid, "TUSK_INSTANCE") !== null;
  return isInstance && isWithin(workingFolder(pid), app.folder);
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // Gone between two looks, or another user's: not of this app either way.
    return "";
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** Ends what is left of an app after a failed drill. */
export function endAppProcesses(app: { readonly mark: string; readonly folder: string }): void {
  // Twice: the first round may race with a keeper that starts a successor.
  for (let round = 0; round < 2; round++) {
    for (const { identity } of findAppProcesses(app)) signalProcess(identity, "SIGKILL");
  }
}
