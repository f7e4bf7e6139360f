// The seam between the codecs and the proxy's decisions: what a server codec hands in, what a client codec offers.
// No type of a library appears here, so that either codec is replaced without a change behind the seam.
import type { AttemptFailure } from "../resilience/retry-policy.js";

/** Name, value, name, value … in the order and spelling of the wire. */
export type RawHeaders = readonly string[];

/** One request with the way to answer it. */
export interface Exchange {
  /** Name of the listener that accepted the connection. */
  readonly listener: string;
  readonly method: string;
  /** As received: origin-form or absolute-form; anything else is refused. */
  readonly target: string;
  readonly headers: RawHeaders;
  readonly peerAddress: string;
  readonly body: BodySource;
  readonly sink: AnswerSink;
}

/** The request's body, pulled: nothing is read from the client before it is asked for. */
export interface BodySource {
  /** Bytes; 0: no body; null: unknown until the end (chunked). */
  readonly length: number | null;
  /** The next part, null at the end. At most one call at a time. Rejects when the client is gone. */
  read(): Promise<Uint8Array | null>;
}

/** Where the answer goes. `head` once, then `write` any number of times, then `end`; or `abort` at any time. */
export interface AnswerSink {
  head(status: number, headers: RawHeaders): void;
  /** False: call back on drain before writing more. */
  write(chunk: Uint8Array): boolean;
  end(trailers?: RawHeaders): void;
  /** Breaks the connection, so that the client cannot take a part for the whole. */
  abort(): void;
  onDrain(listener: () => void): void;
  /** Once: the answer was handed over whole (`true`) or the client is gone (`false`). */
  onClose(listener: (complete: boolean) => void): void;
}

export interface UpstreamTarget {
  /** Tells one life of an endpoint from the next: connections are kept by it. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Origin-form. */
  readonly path: string;
  /** Ready to be sent, Host included, framing excluded. */
  readonly headers: RawHeaders;
  readonly bodyLength: number | null;
  /** Null: no body. */
  readonly body: AsyncIterable<Uint8Array> | null;
  readonly connectTimeoutMs: number;
}

/** Called in this order; `onFailure` may come at any point, and is the last then. */
export interface UpstreamListener {
  onHead(status: number, headers: RawHeaders): void;
  /** False: pause until `resume`. */
  onData(chunk: Uint8Array): boolean;
  onEnd(trailers: RawHeaders): void;
  onFailure(failure: AttemptFailure): void;
}

export interface UpstreamAttempt {
  /** Whether a byte of the request may have been sent. */
  readonly requestSent: boolean;
  resume(): void;
  /** Ends it without a further call to its listener. */
  abort(): void;
}

export interface Upstream {
  send(target: UpstreamTarget, request: UpstreamRequest, listener: UpstreamListener): UpstreamAttempt;
  /** Closes idle connections to it, and busy ones when they are done. */
  forget(key: string): void;
  close(): Promise<void>;
}
