// A request body that can be sent more than once, as long as what was read of it fits into the memory set aside.
// What does not fit streams through once, and then nothing may be sent again.
import type { BodyReader, BodySource, RawHeaders } from "./exchange.js";

export class ReplayableBody implements BodySource, BodyReader {
  readonly length: number | null;
  readonly #source: BodySource;
  readonly #limit: number;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #overflowed = false;
  #trailers: RawHeaders | null = null;
  #started = false;
  /** Of the attempt that is under way. */
  #reader: BodyReader | null = null;
  #bytesRead = 0;

  /** `limit`: bytes kept for another attempt; 0 keeps none. */
  constructor(source: BodySource, limit: number) {
    this.#source = source;
    this.length = source.length;
    this.#limit = limit;
  }

  get replayable(): boolean {
    return !this.#overflowed;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** From the beginning each time; the reader before gets nothing more. */
  start(reader: BodyReader): void {
    this.#reader = reader;
    for (const chunk of this.#kept) reader.onBody(chunk);
    if (this.#trailers !== null) reader.onBodyEnd(this.#trailers);
    else if (this.#started) this.#goOn(reader);
    else {
      this.#started = true;
      this.#source.start(this);
    }
  }

  /** The attempt is over: the source waits for the next one. */
  detach(): void {
    if (this.#reader === null) return;
    this.#reader = null;
    if (this.#trailers === null) this.#source.pause();
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  onBody(chunk: Uint8Array): void {
    this.#bytesRead += chunk.length;
    this.#keep(chunk);
    this.#reader?.onBody(chunk);
  }

  onBodyPause(): boolean {
    return this.#reader?.onBodyPause() ?? false;
  }

  onBodyEnd(trailers: RawHeaders): boolean {
    this.#trailers = trailers;
    return this.#reader?.onBodyEnd(trailers) ?? true;
  }

  // What was kept has to leave first.
  #goOn(reader: BodyReader): void {
    if (reader.onBodyPause()) this.#source.resume();
  }

  #keep(chunk: Uint8Array): void {
    if (this.#overflowed) return;
    if (this.#keptBytes + chunk.length > this.#limit) {
      this.#overflowed = true;
      this.#kept = [];
      return;
    }
    // Lent to us, so copied.
    this.#kept.push(Uint8Array.prototype.slice.call(chunk));
    this.#keptBytes += chunk.length;
  }
}
