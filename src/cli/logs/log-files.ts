// Which log files an app has, and which of them a name means. The files are `<instance>.log`, `<service>.setup.log`,
// and those of our own processes; docs/formats/state-folder.md describes them.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { TuskError } from "../../base/errors.js";
import { nameHint } from "../../base/nearest-name.js";

export interface LogFile {
  /** `users-1`, `users.setup`, `controller`. */
  readonly name: string;
  /** Null: a process of Tusk's own. */
  readonly service: string | null;
  readonly path: string;
}

/** In the order of names, numbers as numbers. Empty when there is no log folder yet. */
export function listLogFiles(folder: string): LogFile[] {
  return readNames(folder)
    .filter((file) => file.endsWith(".log"))
    .map((file) => file.slice(0, -".log".length))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map((name) => ({ name, service: serviceOfLog(name), path: join(folder, `${name}.log`) }));
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** `users-1`, `users-1+` (a successor that is not switched to yet), `users.setup` → users. */
export function serviceOfLog(name: string): string | null {
  return /^(.+)(?:-[1-9]\d*\+?|\.setup)$/.exec(name)?.[1] ?? null;
}

/** Without a name: all services. Throws UNKNOWN_SERVICE when a name means nothing. */
export function chooseLogFiles(files: readonly LogFile[], name: string | undefined): LogFile[] {
  if (name === undefined) return files.filter(({ service }) => service !== null);
  const chosen = files.filter((file) => file.name === name || file.service === name);
  if (chosen.length > 0) return chosen;
  const known = [...new Set(files.flatMap(({ service, name: own }) => [service ?? own, own]))];
  throw new TuskError("UNKNOWN_SERVICE", `there is no log of "${name}"`, { hint: nameHint(name, known) });
}
