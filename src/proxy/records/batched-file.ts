// Appends lines to a file in batches, in the background: whoever appends never waits. What cannot be written in time is
// dropped and counted, and the file says how much. Rotated by renaming; opened anew for each batch, so that two workers,
// one of which drains, may write to the same file.
import { appendFileSync } from "node:fs";
import { appendFile, rename, stat } from "node:fs/promises";
import type { Clock, Timer } from "../../base/clock.js";
import { messageOf } from "../../base/errors.js";
import { defaultRotation, type RotationLimits } from "../../system/log-rotation.js";

export interface BatchedFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Said once until it works again. */
  readonly onProblem: (message: string) => void;
  /** Characters that may wait. Default 4 Mi. */
  readonly mostWaiting?: number;
  readonly limits?: RotationLimits;
  /** For tests. Default: appends to the file. */
  readonly append?: (path: string, text: string) => Promise<void>;
}

/** Longest time for which a line waits on purpose. */
const everyMs = 200;
/** So much is written at once. */
const batchChars = 64 * 1024;

export class BatchedFile {
  readonly #options: BatchedFileOptions;
  readonly #mostWaiting: number;
  readonly #append: (path: string, text: string) => Promise<void>;
  #waiting = "";
  #dropped = 0;
  #writing: Promise<void> | null = null;
  #timer: Timer | null = null;
  #failing = false;

  constructor(options: BatchedFileOptions) {
    this.#options = options;
    this.#mostWaiting = options.mostWaiting ?? 4 * 1024 * 1024;
    this.#append = options.append ?? ((path, text) => appendFile(path, text, { mode: 0o600 }));
  }

  /** Lines that were dropped and of which the file does not say so yet. */
  get dropped(): number {
    return this.#dropped;
  }

  /** One line with its end. */
  append(line: string): void {
    if (this.#waiting.length + line.length > this.#mostWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting += line;
    if (this.#writing !== null) return;
    if (this.#waiting.length >= batchChars) void this.flush();
    else this.#timer ??= this.#options.clock.setTimer(everyMs, () => void this.flush());
  }

  /** Resolves when all that waits is written. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#writing ??= this.#write();
    return this.#writing;
  }

  /** For the end of the process. */
  flushSync(): void {
    const text = this.#take();
    if (text === "") return;
    try {
      appendFileSync(this.#options.path, text, { mode: 0o600 });
    } catch (error) {
      this.#options.onProblem(messageOf(error));
    }
  }

  async #write(): Promise<void> {
    for (let text = this.#take(); text !== ""; text = this.#take()) {
      try {
        await this.#rotate(text.length);
        await this.#append(this.#options.path, text);
        this.#failing = false;
      } catch (error) {
        this.#dropped += text.split("\n").length - 1;
        if (!this.#failing) this.#options.onProblem(messageOf(error));
        this.#failing = true;
        break;
      }
    }
    this.#writing = null;
    if (this.#waiting !== "") this.#timer ??= this.#options.clock.setTimer(everyMs, () => void this.flush());
  }

  /** What waits; first, what is missing. */
  #take(): string {
    const text = this.#waiting;
    this.#waiting = "";
    if (text === "" || this.#dropped === 0) return text;
    const time = new Date(this.#options.clock.now()).toISOString();
    const said = `${JSON.stringify({ time, dropped: this.#dropped })}\n`;
    this.#dropped = 0;
    return said + text;
  }

  async #rotate(more: number): Promise<void> {
    const { path, limits = defaultRotation } = this.#options;
    const size = await sizeOf(path);
    if (size === 0 || size + more <= limits.maxBytes) return;
    for (let number = limits.files - 2; number >= 1; number--) {
      if ((await sizeOf(`${path}.${number}`)) > 0) await rename(`${path}.${number}`, `${path}.${number + 1}`);
    }
    await rename(path, `${path}.1`);
  }
}

/** 0: it is not there. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
