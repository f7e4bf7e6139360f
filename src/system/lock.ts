// One lock file that names its holder by identity, so that a lock left by a killed process is seen to be stale.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { identify, isAlive, type ProcessIdentity } from "./proc.js";

/** `gone`: file or folder were removed, replaced or moved, and nobody holds the lock. `taken`: somebody else does. */
export type Holding = "held" | "gone" | "taken";

export interface FileLock {
  /** Whether it is still this one's: one look at the file. */
  holding(): Holding;
  /** Takes the file away if it is still this one's; a second call does nothing. */
  release(): void;
}

interface LockRecord extends ProcessIdentity {
  /** Where it was taken: a copied folder's lock is not held by whoever runs the original. */
  readonly path: string;
  /** Tells the locks of one process apart. */
  readonly turn: number;
}

let counter = 0;

/** The holder when a living process has it (this one too), else the lock. `path` is absolute. */
export function acquireLock(path: string): { readonly lock: FileLock } | { readonly holder: ProcessIdentity } {
  const self = identify(process.pid);
  if (self === null) throw new Error("this process is not visible under /proc");
  const record: LockRecord = { ...self, path, turn: counter++ };
  const own = `${path}.${self.pid}.${record.turn}`;
  writeFileSync(own, JSON.stringify(record), { mode: 0o600 });
  try {
    for (;;) {
      if (tryLink(own, path)) return { lock: createLock(record) };
      const holder = readHolder(path, path);
      if (holder) return { holder };
      removeStale(path, own);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Who holds the lock `path`; null when nobody alive does. */
export const lockHolder = (path: string): ProcessIdentity | null => readHolder(path, path);

/** Who wrote the file, if it lives: the lock of a moved folder is nobody's, and tells who had it. */
export const lockTaker = (file: string): ProcessIdentity | null => readHolder(file, null);

function createLock({ path, pid, startTicks, turn }: LockRecord): FileLock {
  let released = false;
  const holding = (): Holding => {
    const holder = readHolder(path, path);
    if (holder === null) return "gone";
    return holder.pid === pid && holder.startTicks === startTicks && holder.turn === turn ? "held" : "taken";
  };
  const release = (): void => {
    if (released) return;
    released = true;
    if (holding() === "held") rmSync(path, { force: true });
  };
  return { holding, release };
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

/** Who holds the lock `path` (null: one taken anywhere), by what `file` says; null when nobody alive does. */
function readHolder(file: string, path: string | null): LockRecord | null {
  try {
    const record = JSON.parse(readFileSync(file, "utf8")) as Partial<LockRecord>;
    if (typeof record.pid !== "number" || (path !== null && record.path !== path)) return null;
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
