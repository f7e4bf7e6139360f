// The append-only record of everything that somebody may ask "why?" about. Kept as JSON lines in the state folder,
// newest ones in memory. A torn last line (the controller was killed while writing) is skipped, never fatal.
import { appendFileSync, closeSync, fstatSync, openSync, readFileSync, readSync, renameSync } from "node:fs";
import { messageOf } from "../base/errors.js";
import type { EventDraft, TuskEvent } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import { uuidv7 } from "../system/clock.js";
import type { EventQuery } from "./control-plane.js";

const kept = 2_000;
const rotateBytes = 16 * 1024 * 1024;
const tailBytes = 1024 * 1024;

export class EventLog {
  readonly #file: string;
  readonly #now: () => number;
  #events: TuskEvent[];
  #bytes = 0;
  readonly #listeners = new Set<(event: TuskEvent) => void>();

  constructor(file: string, now: () => number) {
    this.#file = file;
    this.#now = now;
    const { events, bytes } = readTail(file);
    this.#events = events.slice(-kept);
    this.#bytes = bytes;
  }

  readonly emit = (draft: EventDraft): TuskEvent => {
    const now = this.#now();
    const event: TuskEvent = { id: uuidv7(now), at: new Date(now).toISOString(), ...draft };
    this.#events.push(event);
    if (this.#events.length > kept * 2) this.#events = this.#events.slice(-kept);
    this.#append(event);
    for (const listener of [...this.#listeners]) listener(event);
    return event;
  };

  /** Oldest first. */
  query(query: EventQuery): readonly TuskEvent[] {
    const { service, after } = query;
    const chosen = this.#events.filter(
      (event) => (service === undefined || event.service === service) && (after === undefined || event.id > after),
    );
    return chosen.slice(-(query.limit ?? 100));
  }

  watch(listener: (event: TuskEvent) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #append(event: TuskEvent): void {
    const line = `${JSON.stringify(event)}\n`;
    try {
      if (this.#bytes > rotateBytes) {
        renameSync(this.#file, `${this.#file}.1`);
        this.#bytes = 0;
      }
      appendFileSync(this.#file, line, { mode: 0o600 });
      this.#bytes += Buffer.byteLength(line);
    } catch (error) {
      // A full disk must not stop supervision; standard error is the controller's own log file.
      process.stderr.write(`event not stored: ${messageOf(error)}: ${line}`);
    }
  }
}

function readTail(file: string): { events: TuskEvent[]; bytes: number } {
  let text: string;
  let bytes: number;
  try {
    const descriptor = openSync(file, "r");
    try {
      bytes = fstatSync(descriptor).size;
      const start = Math.max(0, bytes - tailBytes);
      const buffer = Buffer.alloc(bytes - start);
      readSync(descriptor, buffer, 0, buffer.length, start);
      text = buffer.toString("utf8");
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { events: [], bytes: 0 };
    throw error;
  }
  if (text !== "" && !text.endsWith("\n")) endTornLine(file);
  return { events: text.split("\n").flatMap(parseLine), bytes };
}

/** So that the next event begins on a line of its own. */
function endTornLine(file: string): void {
  appendFileSync(file, "\n");
}

function parseLine(line: string): TuskEvent[] {
  if (!line.startsWith("{")) return [];
  try {
    const value = JSON.parse(line) as TuskEvent;
    return typeof value.id === "string" && typeof value.kind === "string" ? [value] : [];
  } catch {
    // Cut off by a kill or by the start of the tail: the lines around it are whole.
    return [];
  }
}

/** For the command line, when no controller runs. */
export function readEvents(file: string): readonly TuskEvent[] {
  try {
    return readFileSync(file, "utf8").split("\n").flatMap(parseLine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
