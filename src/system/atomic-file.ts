// Files that are whole or not there: written beside their place, flushed, then renamed over it.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

let counter = 0;

/** Survives kill -9 at any point; survives power loss too when `durable` (default true). */
export function writeFileAtomic(path: string, text: string, options: { mode?: number; durable?: boolean } = {}): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.${counter++}.tmp`;
  const descriptor = openSync(temporary, "wx", options.mode ?? 0o644);
  try {
    writeSync(descriptor, text);
    if (options.durable !== false) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

export function writeJsonAtomic(
  path: string,
  value: unknown,
  options: { mode?: number; durable?: boolean } = {},
): void {
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
