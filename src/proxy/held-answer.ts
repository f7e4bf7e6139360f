// Passes an answer on, and holds a short one back until it is whole as long as the request could still be repeated:
// an instance that dies between the head and the body of its answer then costs the client nothing.
import type { AnswerSink, RawHeaders } from "./exchange.js";
import { headerValue } from "./request-head.js";

/** Longest answer that is held, by its Content-Length. Streams have none and are never held. */
const holdLimit = 16 * 1024;

/** Most answers are whole when they are first looked at, and nothing of them is ever copied. */
class Held {
  readonly headers: RawHeaders;
  readonly chunks: Uint8Array[] = [];
  #copied = 0;

  constructor(headers: RawHeaders) {
    this.headers = headers;
  }

  /** What was lent is about to be taken back. */
  keep(): void {
    for (; this.#copied < this.chunks.length; this.#copied++) {
      this.chunks[this.#copied] = Uint8Array.prototype.slice.call(this.chunks[this.#copied]);
    }
  }
}

export class HeldAnswer {
  readonly #sink: AnswerSink;
  #held: Held | null = null;
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
    if (mayHold && isShort(headers)) this.#held = new Held(headers);
    else this.#start(headers);
  }

  write(chunk: Uint8Array): void {
    if (this.#held === null) this.#sink.write(chunk);
    else this.#held.chunks.push(chunk);
  }

  /** False: wait for drain. */
  flush(): boolean {
    if (this.#held === null) return this.#sink.flush();
    this.#held.keep();
    return true;
  }

  end(trailers: RawHeaders): boolean {
    const held = this.#held;
    this.#held = null;
    if (held !== null) {
      this.#start(held.headers);
      for (const chunk of held.chunks) this.#sink.write(chunk);
    }
    return this.#sink.end(trailers);
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
