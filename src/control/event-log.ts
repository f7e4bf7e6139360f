// The append-only record of everything that somebody may ask "why?" about. Kept as JSON lines in the state folder,
// newest ones in memory. A torn last line (the controller was killed while writing) is skipped, never fatal.
import { appendFileSync, closeSync, fstatSync, openSync, readSync, renameSync } from "node:fs";
import { messageOf } from "../base/errors.js";
import type { EventDraft, TuskEvent } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import { uuidv7 } from "../system/clock.js";
import type { EventQuery } from "./control-plane.js";

/** In memory. */
const kept = 2_000;
const tailBytes = 1024 * 1024;

export interface EventLogOptions {
  /** A file that has grown beyond this is moved to `<file>.1`, over the one before. Default 16 MiB. */
  readonly rotateBytes?: number;
}

export class EventLog {
  readonly #file: string;
  readonly #now: () => number;
  readonly #rotateBytes: number;
  #events: TuskEvent[];
  #bytes: number;
  readonly #listeners = new Set<(event: TuskEvent) => void>();

  /** `now` is epoch milliseconds. Throws when there is a file that cannot be read. */
  constructor(file: string, now: () => number, { rotateBytes = 16 * 1024 * 1024 }: EventLogOptions = {}) {
    this.#file = file;
    this.#now = now;
    this.#rotateBytes = rotateBytes;
    this.#events = [...readEvents(file)];
    const { text, bytes } = readTail(file);
    this.#bytes = bytes;
    // So that the next event begins on a line of its own.
    if (text !== "" && !text.endsWith("\n")) this.#append("\n");
  }

  readonly emit = (draft: EventDraft): TuskEvent => {
    const now = this.#now();
    const event: TuskEvent = { id: uuidv7(now), at: new Date(now).toISOString(), ...draft };
    this.#events.push(event);
    if (this.#events.length > kept * 2) this.#events = this.#events.slice(-kept);
    this.#append(`${JSON.stringify(event)}\n`);
    for (const listener of [...this.#listeners]) tell(listener, event);
    return event;
  };

  /** Oldest first. */
  query({ service, after, limit = 100 }: EventQuery): readonly TuskEvent[] {
    const later = after === undefined ? this.#events : this.#since(after);
    const chosen = later.filter((event) => service === undefined || event.service === service);
    return limit > 0 ? chosen.slice(-limit) : [];
  }

  watch(listener: (event: TuskEvent) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** By place, because ids made in the same millisecond are in no order; by id when it is not in memory any more. */
  #since(id: string): readonly TuskEvent[] {
    const place = this.#events.findLastIndex((event) => event.id === id);
    return place === -1 ? this.#events.filter((event) => event.id > id) : this.#events.slice(place + 1);
  }

  #append(line: string): void {
    try {
      if (this.#bytes > this.#rotateBytes) this.#rotate();
      appendFileSync(this.#file, line, { mode: 0o600 });
      this.#bytes += Buffer.byteLength(line);
    } catch (error) {
      // A full disk must not stop supervision; standard error is the controller's own log file.
      process.stderr.write(`event not stored: ${messageOf(error)}: ${line}`);
    }
  }

  #rotate(): void {
    this.#bytes = 0;
    try {
      renameSync(this.#file, olderFile(this.#file));
    } catch (error) {
      // Somebody took the file away: a new one begins.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** One listener's failure is neither the emitter's, which supervises, nor the other listeners'. */
function tell(listener: (event: TuskEvent) => void, event: TuskEvent): void {
  try {
    listener(event);
  } catch (error) {
    process.stderr.write(`a listener failed on event ${event.id}: ${messageOf(error)}\n`);
  }
}

const olderFile = (file: string): string => `${file}.1`;

/** The newest events on disk, oldest first; changes nothing. For the command line when no controller runs. */
export function readEvents(file: string): readonly TuskEvent[] {
  const lines = [olderFile(file), file].flatMap((path) => readTail(path).text.split("\n"));
  return lines.flatMap(parseLine).slice(-kept);
}

function readTail(file: string): { readonly text: string; readonly bytes: number } {
  const descriptor = openIfThere(file);
  if (descriptor === null) return { text: "", bytes: 0 };
  try {
    const bytes = fstatSync(descriptor).size;
    const buffer = Buffer.alloc(Math.min(bytes, tailBytes));
    const length = readSync(descriptor, buffer, 0, buffer.length, bytes - buffer.length);
    return { text: buffer.toString("utf8", 0, length), bytes };
  } finally {
    closeSync(descriptor);
  }
}

function openIfThere(file: string): number | null {
  try {
    return openSync(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function parseLine(line: string): TuskEvent[] {
  if (!line.startsWith("{")) return [];
  try {
    const event = JSON.parse(line) as TuskEvent;
    const whole = [event.id, event.at, event.kind, event.level, event.message].every(
      (text) => typeof text === "string",
    );
    return whole ? [event] : [];
  } catch {
    // Cut off by a kill or by the start of the tail: the lines around it are whole.
    return [];
  }
}
