// The last lines of a file, read from its end, so that a large file costs no more than a small one.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const blockBytes = 64 * 1024;
/** A file of one endless line must not fill the memory. */
const maxBytes = 64 * 1024 * 1024;

export interface Tail {
  readonly lines: readonly string[];
  /** Where the file ended: the next to read from. An unfinished last line is among the lines. */
  readonly end: number;
}

/** An absent file has no lines. */
export function readTail(path: string, lines: number): Tail {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { lines: [], end: 0 };
    throw error;
  }
  try {
    const end = fstatSync(descriptor).size;
    return { lines: lines === 0 ? [] : lastLines(readBack(descriptor, end, lines), lines), end };
  } finally {
    closeSync(descriptor);
  }
}

/** Whole blocks from the end until they hold more line ends than wanted lines. */
function readBack(descriptor: number, end: number, lines: number): string {
  const blocks: Buffer[] = [];
  let start = end;
  let ends = 0;
  while (start > 0 && ends <= lines && end - start < maxBytes) {
    const size = Math.min(blockBytes, start);
    const block = Buffer.alloc(size);
    start -= size;
    readSync(descriptor, block, 0, size, start);
    for (const byte of block) if (byte === 10) ends++;
    blocks.unshift(block);
  }
  return Buffer.concat(blocks).toString("utf8");
}

function lastLines(text: string, lines: number): string[] {
  const all = text.split("\n");
  if (all.at(-1) === "") all.pop();
  return lines === Number.POSITIVE_INFINITY ? all : all.slice(-lines);
}
