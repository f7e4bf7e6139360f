// `tusk __complete`: called by the shell at each Tab. Silent about every failure: a completion has no place for it.
import type { Command } from "commander";
import { appFolderAt } from "../../system/app-folder.js";
import { readJson } from "../../system/atomic-file.js";
import { findAppRoot } from "../app-lookup.js";
import { complete, type KnownNames } from "../complete.js";
import { listLogFiles } from "../logs/log-files.js";
import type { Session } from "../session.js";

export function run(session: Session, program: Command, words: readonly string[]): number {
  const names = complete(program, words, namesIn(session.options.appFolder));
  if (names.length > 0) session.print(names.join("\n"));
  return 0;
}

/** From files: a running controller need not be asked, and there may be none. */
function namesIn(from: string): KnownNames {
  const root = findAppRoot(from);
  if (root === null) return { services: () => [], instances: () => [] };
  const folder = appFolderAt(root);
  return {
    services: () => orNone(() => servicesOf(readJson(folder.files.desired))),
    instances: () => orNone(() => listLogFiles(folder.logs).map(({ name }) => name)),
  };
}

function servicesOf(desired: unknown): string[] {
  const { services = [] } = (desired as { spec?: { services?: { name: string }[] } } | undefined)?.spec ?? {};
  return services.map(({ name }) => name);
}

function orNone(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    // A damaged state file is `tusk doctor`'s to tell.
    return [];
  }
}
