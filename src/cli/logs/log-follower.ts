// Reads what is new in one log file, line by line. Polled by its owner: files are looked at, not watched, which works on
// every file system.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { type FollowState, follow, type Read, type Sighting } from "./follow-state.js";

const blockBytes = 64 * 1024;
/** Longer lines are shown in pieces. */
const maxLineChars = 64 * 1024;

export class LogFollower {
  readonly #path: string;
  #state: FollowState;
  #decoder = new StringDecoder("utf8");
  #rest = "";

  /** From `offset` on; default: from the beginning. */
  constructor(path: string, offset = 0) {
    this.#path = path;
    this.#state = { offset, copyStamp: stampOf(`${path}.1`) };
  }

  /** The whole lines that came since the last call. */
  read(): string[] {
    const { state, reads } = follow(this.#state, look(this.#path));
    this.#state = state;
    const lines: string[] = [];
    for (const read of reads) this.#collect(read, lines);
    return lines;
  }

  #collect({ from, start, end }: Read, lines: string[]): void {
    for (const block of readBlocks(from === "log" ? this.#path : `${this.#path}.1`, start, end)) {
      const parts = (this.#rest + this.#decoder.write(block)).split("\n");
      this.#rest = parts.pop() ?? "";
      lines.push(...parts);
      if (this.#rest.length > maxLineChars) {
        lines.push(this.#rest);
        this.#rest = "";
      }
    }
  }
}

function look(path: string): Sighting {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const copy = statSync(`${path}.1`, { throwIfNoEntry: false });
  return { size, copyStamp: stampOf(`${path}.1`), copySize: copy?.size ?? 0 };
}

function stampOf(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.mtimeMs}` : null;
}

function* readBlocks(path: string, start: number, end: number): Generator<Buffer> {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    // Rotated away between the look and the read.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    for (let at = start; at < end; ) {
      const block = Buffer.alloc(Math.min(blockBytes, end - at));
      const length = readSync(descriptor, block, 0, block.length, at);
      if (length === 0) return;
      at += length;
      yield block.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}
