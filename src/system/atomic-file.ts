// Files that are whole or not there: written beside their place, flushed, then renamed over it.
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

export interface WriteOptions {
  /** Permissions. Default 0644. */
  readonly mode?: number;
  /** Flushed to the disk before it takes its place. Default true. */
  readonly durable?: boolean;
  /** Makes the folders above it that are missing. Default true; false: it throws ENOENT. A controller whose state folder
   *  was taken away must not make another. */
  readonly makeFolders?: boolean;
}

let counter = 0;

/** Survives kill -9 at any point; survives power loss too when `durable`. A failure leaves the file as it was. */
export function writeFileAtomic(path: string, text: string, options: WriteOptions = {}): void {
  const temporary = writeBeside(path, text, options);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** False when the file is there already: of two who create it at once, one does. */
export function createFileAtomic(path: string, text: string, options: WriteOptions = {}): boolean {
  const temporary = writeBeside(path, text, options);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeBeside(path: string, text: string, options: WriteOptions): string {
  const { mode = 0o644, durable = true, makeFolders = true } = options;
  if (makeFolders) mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.${counter++}.tmp`;
  const descriptor = openSync(temporary, "wx", mode);
  try {
    writeFileSync(descriptor, text);
    if (durable) fsyncSync(descriptor);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return temporary;
}

export function writeJsonAtomic(path: string, value: unknown, options: WriteOptions = {}): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`, options);
}

/** Undefined when the file is not there; throws SyntaxError when it is not JSON. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return JSON.parse(text);
}

/** Moves a damaged file out of the way, for a person to look at; returns where to. Earlier ones are kept. */
export function setAside(path: string): string {
  for (let count = 1; ; count++) {
    const aside = `${path}.damaged-${count}`;
    if (existsSync(aside)) continue;
    renameSync(path, aside);
    return aside;
  }
}
