// One lock file that names its holder by identity, so that a lock left by a killed process is seen to be stale.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { identify, isAlive, type ProcessIdentity } from "./proc.js";

export interface FileLock {
  /** Takes the file away if it is still this one's; a second call does nothing. */
  release(): void;
}

interface LockRecord extends ProcessIdentity {
  /** Where it was taken: a copied folder's lock is not held by whoever runs the original. */
  readonly path: string;
}

let counter = 0;

/** The holder when a living process has it (this one too), else the lock. `path` is absolute. */
export function acquireLock(path: string): { readonly lock: FileLock } | { readonly holder: ProcessIdentity } {
  const self = identify(process.pid);
  if (self === null) throw new Error("this process is not visible under /proc");
  const own = `${path}.${self.pid}.${counter++}`;
  writeFileSync(own, JSON.stringify({ ...self, path } satisfies LockRecord), { mode: 0o600 });
  try {
    for (;;) {
      if (tryLink(own, path)) return { lock: createLock(path, self) };
      const holder = readHolder(path, path);
      if (holder) return { holder };
      removeStale(path, own);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

function createLock(path: string, self: ProcessIdentity): FileLock {
  let released = false;
  const release = (): void => {
    if (released) return;
    released = true;
    const holder = readHolder(path, path);
    if (holder?.pid === self.pid && holder.startTicks === self.startTicks) rmSync(path, { force: true });
  };
  return { release };
}

function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Who holds the lock `path`, by what `file` says; null when nobody alive does. */
function readHolder(file: string, path: string): ProcessIdentity | null {
  try {
    const record = JSON.parse(readFileSync(file, "utf8")) as Partial<LockRecord>;
    if (typeof record.pid !== "number" || record.path !== path) return null;
    return isAlive(record as LockRecord) ? (record as LockRecord) : null;
  } catch {
    // Gone meanwhile, or torn by a crash: either way nobody holds it.
    return null;
  }
}

/** Takes the stale file away. If another process renewed the lock in between, its file is put back. */
function removeStale(path: string, own: string): void {
  const aside = `${own}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (readHolder(aside, path)) tryLink(aside, path);
  rmSync(aside, { force: true });
}
