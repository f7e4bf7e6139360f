// `.venv` in a service's folder, pointing into the cache: editors find the packages there, and a spec that names
// `.venv/bin/python` runs on every machine, with an environment of the user's own making too. The cache keeps a link
// back to each `.venv`, so that what a folder uses is never taken away under it.
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
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
  rememberLink(environmentFolder, link);
  return true;
}

/** Whether a service's folder points at it. A folder that was moved since is not known. */
export function isLinked(environmentFolder: string): boolean {
  const links = linksFolderOf(environmentFolder);
  return entriesOf(links).some((name) => pointsAt(readLink(join(links, name)), environmentFolder));
}

/** Beside the environment, which may be made anew while its links stay. */
export function linksFolderOf(environmentFolder: string): string {
  return `${environmentFolder}.links`;
}

/** An absent one may be made; a link to another environment of the cache may be replaced. */
function isOurs(link: string, cache: string): boolean {
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (found === undefined) return true;
  return found.isSymbolicLink() && dirname(readlinkSync(link)) === cache;
}

function rememberLink(environmentFolder: string, link: string): void {
  const links = linksFolderOf(environmentFolder);
  try {
    mkdirSync(links, { recursive: true });
    for (const name of entriesOf(links)) {
      if (!pointsAt(readLink(join(links, name)), environmentFolder)) rmSync(join(links, name), { force: true });
    }
    const name = createHash("sha256").update(link).digest("hex").slice(0, 16);
    if (readLink(join(links, name)) !== link) symlinkSync(link, join(links, name));
  } catch (error) {
    // A cache that may only be read is not pruned by us either; and another process may have remembered it just now.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EROFS" && code !== "EPERM" && code !== "EEXIST") throw error;
  }
}

function pointsAt(link: string | null, environmentFolder: string): boolean {
  return link !== null && readLink(link) === environmentFolder;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Null for what is no link, or is gone. */
function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // A folder of the user's own may have taken its place: nothing of ours.
    return null;
  }
}
