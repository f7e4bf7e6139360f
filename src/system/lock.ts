// One lock file that names its holder by identity, so that a lock left by a killed process is seen to be stale.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { identify, isAlive, type ProcessIdentity } from "./proc.js";

export interface FileLock {
  release(): void;
}

/** The holder when another living process has it, else the lock. */
export function acquireLock(path: string): { readonly lock: FileLock } | { readonly holder: ProcessIdentity } {
  const self = identify(process.pid);
  if (self === null) throw new Error("this process is not visible under /proc");
  const own = `${path}.${self.pid}`;
  writeFileSync(own, JSON.stringify(self), { mode: 0o600 });
  try {
    for (;;) {
      if (tryLink(own, path)) return { lock: { release: () => releaseIfOwn(path, self) } };
      const holder = readHolder(path);
      if (holder && isAlive(holder) && holder.pid !== self.pid) return { holder };
      removeStale(path, own);
    }
  } finally {
    rmSync(own, { force: true });
  }
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

function readHolder(path: string): ProcessIdentity | null {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Partial<ProcessIdentity>;
    return typeof value.pid === "number" ? (value as ProcessIdentity) : null;
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
  const holder = readHolder(aside);
  if (holder && isAlive(holder) && holder.pid !== process.pid) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function releaseIfOwn(path: string, self: ProcessIdentity): void {
  const holder = readHolder(path);
  if (holder?.pid === self.pid && holder.startTicks === self.startTicks) rmSync(path, { force: true });
}
