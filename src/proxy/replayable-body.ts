// A request body that can be sent more than once, as long as what was read of it fits into the memory set aside.
// What does not fit streams through once, and then nothing may be sent again.
import type { BodySource } from "./exchange.js";

export class ReplayableBody {
  readonly #source: BodySource;
  readonly #limit: number;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #overflowed = false;
  #ended = false;
  #pending: Promise<Uint8Array | null> | null = null;
  #bytesRead = 0;

  /** `limit`: bytes kept for another attempt; 0 keeps none. */
  constructor(source: BodySource, limit: number) {
    this.#source = source;
    this.#limit = limit;
  }

  get replayable(): boolean {
    return !this.#overflowed;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Null when the request has no body. From the beginning each time; only the newest reader goes on reading. */
  open(): AsyncIterable<Uint8Array> | null {
    return this.#source.length === 0 ? null : this.#iterate();
  }

  /** Throws what the source throws: the client is gone. */
  async *#iterate(): AsyncGenerator<Uint8Array> {
    for (let index = 0; ; index++) {
      const kept = this.#kept[index];
      const chunk = kept ?? (this.#ended ? null : await this.#pull());
      if (chunk === null) return;
      yield chunk;
    }
  }

  // An attempt that was given up may still wait for a chunk: whoever asks next shares that wait, so none is lost.
  #pull(): Promise<Uint8Array | null> {
    this.#pending ??= this.#source.read().then((chunk) => {
      this.#pending = null;
      this.#keep(chunk);
      return chunk;
    });
    return this.#pending;
  }

  #keep(chunk: Uint8Array | null): void {
    if (chunk === null) {
      this.#ended = true;
      return;
    }
    this.#bytesRead += chunk.length;
    if (this.#overflowed) return;
    if (this.#keptBytes + chunk.length > this.#limit) {
      this.#overflowed = true;
      this.#kept = [];
      return;
    }
    this.#kept.push(chunk);
    this.#keptBytes += chunk.length;
  }
}
