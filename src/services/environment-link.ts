// `.venv` in a service's folder, pointing into the cache: editors find the packages there, and a spec that names
// `.venv/bin/python` runs on every machine, with an environment of the user's own making too.
import { lstatSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

export const environmentLinkName = ".venv";

/** False when there is a `.venv` that is not a link into the cache: the user's own, which is left as it is. */
export function linkEnvironment(serviceFolder: string, environmentFolder: string): boolean {
  const link = join(serviceFolder, environmentLinkName);
  if (!isOurs(link, dirname(environmentFolder))) return false;
  const temporary = `${link}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  symlinkSync(environmentFolder, temporary);
  renameSync(temporary, link);
  return true;
}

/** An absent one may be made; a link to another environment of the cache may be replaced. */
function isOurs(link: string, cache: string): boolean {
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (found === undefined) return true;
  return found.isSymbolicLink() && dirname(readlinkSync(link)) === cache;
}
