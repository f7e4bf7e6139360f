// Which log files an app has, and which of them a name means. The files are `<instance>.log`, `<service>.setup.log`,
// and in a folder those of our own processes; docs/formats/state-folder.md describes them.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { TuskError } from "../../base/errors.js";
import { nameHint } from "../../base/nearest-name.js";
import { platformLogsName } from "../../system/app-folder.js";

export interface LogFile {
  /** `users-1`, `users.setup`, `tusk/controller`. */
  readonly name: string;
  /** Null: a process of Tusk's own. */
  readonly service: string | null;
  readonly path: string;
}

/** In the order of names, numbers as numbers, our own last. Empty when there is no log folder yet. */
export function listLogFiles(folder: string): LogFile[] {
  const own = logNamesIn(join(folder, platformLogsName)).map((name) => `${platformLogsName}/${name}`);
  return [
    ...logNamesIn(folder).map((name) => toLogFile(folder, name, serviceOfLog(name))),
    ...own.map((name) => toLogFile(folder, name, null)),
  ];
}

const toLogFile = (folder: string, name: string, service: string | null): LogFile => ({
  name,
  service,
  path: join(folder, `${name}.log`),
});

function logNamesIn(folder: string): string[] {
  return readNames(folder)
    .filter((file) => file.endsWith(".log"))
    .map((file) => file.slice(0, -".log".length))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
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

/** Without a name: all services. `keeper` means `tusk/keeper` where no service is called so. */
export function isMeant(files: readonly LogFile[], name: string | undefined): (file: LogFile) => boolean {
  if (name === undefined) return ({ service }) => service !== null;
  const meant = files.some((file) => isNamed(file, name)) ? name : `${platformLogsName}/${name}`;
  return (file) => isNamed(file, meant);
}

const isNamed = (file: LogFile, name: string): boolean => file.name === name || file.service === name;

/** Throws UNKNOWN_SERVICE when a name means nothing. */
export function chooseLogFiles(files: readonly LogFile[], name: string | undefined): LogFile[] {
  const chosen = files.filter(isMeant(files, name));
  if (chosen.length > 0 || name === undefined) return chosen;
  const known = [...new Set(files.flatMap(({ service, name: own }) => [service ?? own, own]))];
  throw new TuskError("UNKNOWN_SERVICE", `there is no log of "${name}"`, { hint: nameHint(name, known) });
}
