// Processes that a dead controller left and nobody will adopt: for `doctor --prune`, and `down` without state.
// Known by TUSK_INSTANCE alone. Of another app only when its folder is gone; nothing else is ever touched.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.js";
import { commandLine, type ProcessStat, readEnvironmentVariable } from "../system/proc.js";
import { ProcessTable } from "../system/process-table.js";
import { clearTag } from "./clearing.js";
import { instanceVariable, parseTag, stateFolderVariable } from "./instance-tag.js";

export interface Leftover {
  /** Value of TUSK_INSTANCE. */
  readonly tag: string;
  readonly app: string;
  /** `users-1`, or `users.setup`, `users-1.probe`. */
  readonly instance: string;
  readonly processes: readonly { readonly pid: number; readonly command: string }[];
  readonly reason: string;
}

/** Call it only when no controller of this app runs: instances in use look the same. Sorted by instance. */
export function findLeftovers(appKey: string): readonly Leftover[] {
  const table = wholeTable();
  table.refresh({ exact: true });
  const found = [...table.groups()].flatMap(([tag, members]) => judge(appKey, tag, members) ?? []);
  return found.sort((a, b) => a.instance.localeCompare(b.instance));
}

/** Ends them: SIGTERM, after the grace period SIGKILL; resolves when none is left. `graceMs`: default 5000. */
export async function stopLeftovers(
  leftovers: readonly Leftover[],
  { clock, graceMs = 5000 }: { readonly clock: Clock; readonly graceMs?: number },
): Promise<void> {
  const table = wholeTable();
  await Promise.all(leftovers.map(({ tag }) => clearTag({ tag, table, clock, graceMs })));
}

function wholeTable(): ProcessTable {
  return new ProcessTable({ variable: instanceVariable, prefix: "" });
}

function judge(appKey: string, tag: string, members: readonly ProcessStat[]): Leftover | null {
  const parsed = parseTag(tag);
  if (parsed === null) return null;
  const reason = parsed.app === appKey ? "of this app" : appFolderGone(members);
  if (reason === null) return null;
  const processes = members.map(({ pid }) => ({ pid, command: commandLine(pid) }));
  return { tag, app: parsed.app, instance: parsed.instance, processes, reason };
}

/** Looked for in the process' own mount namespace, so that an app in a container is not taken for a deleted one. */
function appFolderGone(members: readonly ProcessStat[]): string | null {
  for (const { pid } of members) {
    const state = readEnvironmentVariable(pid, stateFolderVariable);
    if (!state?.startsWith("/")) continue;
    const folder = dirname(state);
    return isMissing(`/proc/${pid}/root${folder}`) ? `its app's folder ${folder} is gone` : null;
  }
  return null;
}

function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    // Not to be looked into: then it is somebody's.
    return false;
  }
}
