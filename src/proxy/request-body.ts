// A node:http request's body as something to pull from. Nothing is read before the first pull, so that a request
// that is refused is never invited to send its body, and a slow upstream slows the client down.
import type { IncomingMessage } from "node:http";
import type { BodySource } from "./exchange.js";

export interface RequestBodyOptions {
  /** Without a byte while a read waits: the connection is cut. */
  readonly stallMs: number;
  /** Answers Expect: 100-continue. */
  readonly onFirstRead?: (() => void) | undefined;
}

interface Waiting {
  readonly resolve: (chunk: Uint8Array | null) => void;
  readonly reject: (error: Error) => void;
}

/** For what a client still sends after its answer is complete. */
const discardMs = 5_000;

export class RequestBody implements BodySource {
  readonly length: number | null;
  readonly #request: IncomingMessage;
  readonly #options: RequestBodyOptions;
  readonly #queue: Uint8Array[] = [];
  #waiting: Waiting | null = null;
  #started = false;
  #ended = false;
  #failure: Error | null = null;

  constructor(request: IncomingMessage, options: RequestBodyOptions) {
    this.#request = request;
    this.#options = options;
    this.length = lengthOf(request);
    // Reported through the response, which knows of it in any case.
    request.on("error", () => {});
  }

  read(): Promise<Uint8Array | null> {
    if (!this.#started) this.#start();
    const next = this.#queue.shift();
    if (next !== undefined) {
      if (this.#queue.length === 0) this.#request.resume();
      return Promise.resolve(next);
    }
    if (this.#ended) return Promise.resolve(null);
    if (this.#failure) return Promise.reject(this.#failure);
    this.#request.resume();
    this.#request.socket.setTimeout(this.#options.stallMs);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** The client is gone. */
  fail(error: Error): void {
    this.#failure = error;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }

  /** The answer is complete: what is left is read away, so that the next request on the connection is found. */
  discard(): void {
    if (this.#request.complete) return;
    this.#queue.length = 0;
    this.#ended = true;
    const { socket } = this.#request;
    const timer = setTimeout(() => socket.destroy(), discardMs).unref();
    this.#request.once("close", () => clearTimeout(timer));
    this.#request.resume();
  }

  #start(): void {
    this.#started = true;
    if (this.length !== 0) this.#options.onFirstRead?.();
    this.#request.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.#request.on("end", () => this.#onEnd());
  }

  #onData(chunk: Buffer): void {
    const waiting = this.#waiting;
    if (waiting) {
      this.#waiting = null;
      this.#request.socket.setTimeout(0);
      waiting.resolve(chunk);
    } else if (!this.#ended) {
      this.#queue.push(chunk);
      this.#request.pause();
    }
  }

  #onEnd(): void {
    this.#ended = true;
    this.#request.socket.setTimeout(0);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(null);
  }
}

function lengthOf(request: IncomingMessage): number | null {
  if (request.headers["transfer-encoding"] !== undefined) return null;
  return Number(request.headers["content-length"] ?? 0);
}
