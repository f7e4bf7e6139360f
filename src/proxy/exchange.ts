// The seam between the codecs and the proxy's decisions: what a server codec hands in, what a client codec offers.
// No type of a library appears here, so that either codec is replaced without a change behind the seam.
// Bytes are lent: a chunk may be on its way out until the next answer of `true`, or until `resume` after `false`. Whoever
// keeps one for longer copies it.
import type { SecureContext } from "node:tls";
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
  /** Undefined: not encrypted. */
  readonly tls?: { readonly serverName: string } | undefined;
  /** The client's connection can become a tunnel: after `head(101)` its body is what it sends from then on. */
  readonly switches: boolean;
  /** Before `head(101)`: how long a tunnel may be silent, 0: for ever. Absent: this codec makes none. */
  limitTunnel?(idleMs: number): void;
  readonly body: BodySource;
  readonly sink: AnswerSink;
}

/** A body on its way. Nothing of it is asked for before `start`. */
export interface BodySource {
  /** Bytes; 0: no body; null: unknown until the end (chunked). */
  readonly length: number | null;
  /** Once. */
  start(reader: BodyReader): void;
  pause(): void;
  resume(): void;
}

export interface BodyReader {
  onBody(chunk: Uint8Array): void;
  /** All that has arrived so far was handed over. False: pause until `resume`. */
  onBodyPause(): boolean;
  /** False: it has not left yet. */
  onBodyEnd(trailers: RawHeaders): boolean;
}

/**
 * Where the answer goes: `interim` any number of times, `head` once, `write` any number of times, `end`; or `abort` at
 * any time. What is small is collected until `flush` or `end`, so that it leaves in one packet.
 */
export interface AnswerSink {
  listen(listener: AnswerListener): void;
  /** 1xx. */
  interim(status: number, headers: RawHeaders): void;
  head(status: number, headers: RawHeaders): void;
  write(chunk: Uint8Array): void;
  /** False: wait for `onDrain` before writing more. */
  flush(): boolean;
  /** False: it has not left yet; what was lent stays lent. */
  end(trailers?: RawHeaders): boolean;
  /** Breaks the connection, so that the client cannot take a part for the whole. */
  abort(): void;
}

export interface AnswerListener {
  /** What was written has left. */
  onDrain(): void;
  /** The client left before the answer's end. Nothing is called after it. */
  onGone(): void;
}

export interface UpstreamTarget {
  /** Tells one life of an endpoint from the next: connections are kept by it. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
  /** Undefined: http1. http2 without TLS: with prior knowledge. */
  readonly protocol?: "http1" | "http2" | undefined;
  /** Undefined: plain. The same object as long as nothing of it changes. */
  readonly tls?: UpstreamTls | undefined;
}

/** How an endpoint is verified. */
export interface UpstreamTls {
  readonly serverName: string;
  /** Of node:tls, with the authorities to trust and the certificate to show. */
  readonly context: SecureContext;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Origin-form. */
  readonly path: string;
  /** Ready to be sent, Host included, framing excluded. */
  readonly headers: RawHeaders;
  /** Length 0: no body. Started when there is a connection. */
  readonly body: BodySource;
  readonly connectTimeoutMs: number;
  /** Protocol that it asks to switch to. After an answer of 101 the body is started, and is what follows the request. */
  readonly upgrade?: string | undefined;
}

/** Called in this order; `onFailure` may come at any point, and is the last then. Never called within `send`. */
export interface UpstreamListener {
  /** 1xx. */
  onInterim(status: number, headers: RawHeaders): void;
  onHead(status: number, headers: RawHeaders): void;
  onData(chunk: Uint8Array): void;
  /** All that has arrived so far was handed over. False: pause until `resume`. */
  onPause(): boolean;
  /** False: it has not left yet. */
  onEnd(trailers: RawHeaders): boolean;
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
