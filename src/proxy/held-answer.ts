// Passes an answer on, and holds a short one back until it is whole as long as the request could still be repeated:
// an instance that dies between the head and the body of its answer then costs the client nothing.
import type { AnswerSink, RawHeaders } from "./exchange.js";
import { headerValue } from "./request-head.js";

/** Longest answer that is held, by its Content-Length. Streams have none and are never held. */
const holdLimit = 16 * 1024;

export class HeldAnswer {
  readonly #sink: AnswerSink;
  #held: { readonly headers: RawHeaders; readonly chunks: Uint8Array[] } | null = null;
  #status = 0;
  #started = false;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** A byte of it may have reached the client. */
  get started(): boolean {
    return this.#started;
  }

  get status(): number {
    return this.#status;
  }

  head(status: number, headers: RawHeaders, mayHold: boolean): void {
    this.#status = status;
    if (mayHold && isShort(headers)) this.#held = { headers, chunks: [] };
    else this.#start(headers);
  }

  /** False: wait for drain. */
  write(chunk: Uint8Array): boolean {
    if (!this.#held) return this.#sink.write(chunk);
    this.#held.chunks.push(chunk);
    return true;
  }

  end(trailers: RawHeaders): void {
    const held = this.#held;
    this.#held = null;
    if (held) {
      this.#start(held.headers);
      for (const chunk of held.chunks) this.#sink.write(chunk);
    }
    this.#sink.end(trailers);
  }

  /** Forgets what is held, for another attempt. */
  drop(): void {
    this.#held = null;
    this.#status = 0;
  }

  #start(headers: RawHeaders): void {
    this.#sink.head(this.#status, headers);
    this.#started = true;
  }
}

function isShort(headers: RawHeaders): boolean {
  const length = headerValue(headers, "content-length");
  return length !== undefined && Number(length) <= holdLimit;
}
