// Which app a command is about: the nearest folder, from here upwards, that holds a spec or the state of an app that a
// program started without one. Looks at names only; imports nothing that takes time.
import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TuskError } from "../base/errors.js";
import { type AppFolder, appFolderAt } from "../system/app-folder.js";

const marks = ["tusk.yaml", "tusk.yml", "tusk.config.ts", "tusk.config.js", "tusk.config.mjs", join(".tusk", "token")];

export function findAppRoot(from: string): string | null {
  const folder = resolve(from);
  if (marks.some((name) => existsSync(join(folder, name)))) return folder;
  const parent = dirname(folder);
  return parent === folder ? null : findAppRoot(parent);
}

/** Throws SPEC_NOT_FOUND, which says what to do. */
export function requireApp(from: string): AppFolder {
  requireFolder(from);
  const root = findAppRoot(from);
  if (root !== null) return appFolderAt(root);
  throw new TuskError("SPEC_NOT_FOUND", `no app here: neither ${resolve(from)} nor a folder above it has a tusk.yaml`, {
    hint: "`tusk init` writes a tusk.yaml to begin with; `-C <folder>` names an app elsewhere",
  });
}

export function requireFolder(path: string): string {
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new TuskError("USAGE", `there is no folder ${folder}`);
}
