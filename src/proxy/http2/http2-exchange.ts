// One stream of an HTTP/2 connection as an exchange. Framing is node:http2's; here its headers become those of the seam
// and back (RFC 9113, 8.3).
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { AnswerListener, AnswerSink, BodyReader, BodySource, Exchange, RawHeaders } from "../exchange.js";
import { headerValue } from "../request-head.js";

/** Error codes of RFC 9113, section 7. */
const internalError = 2;
const cancelled = 8;

export interface StreamFacts {
  readonly listener: string;
  readonly peerAddress: string;
  readonly serverName: string;
  /** As node:http2 hands them out: pseudo headers included. */
  readonly rawHeaders: readonly string[];
  /** The stream ended with its headers. */
  readonly bodiless: boolean;
  /** Without a byte from a client that should send, or that should take what was written. */
  readonly stallMs: number;
}

export class Http2Exchange implements Exchange, BodySource, AnswerSink {
  readonly listener: string;
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  readonly peerAddress: string;
  readonly tls: { readonly serverName: string };
  readonly switches = false;
  readonly length: number | null;
  readonly #stream: ServerHttp2Stream;
  readonly #stallMs: number;
  readonly #takesTrailers: boolean;
  #listener: AnswerListener | null = null;
  #ended = false;
  #trailers: RawHeaders = [];
  #answerTrailers: RawHeaders = [];

  constructor(stream: ServerHttp2Stream, facts: StreamFacts) {
    this.#stream = stream;
    this.#stallMs = facts.stallMs;
    this.listener = facts.listener;
    this.peerAddress = facts.peerAddress;
    this.tls = { serverName: facts.serverName };
    this.method = headerValue(facts.rawHeaders, ":method") ?? "";
    this.target = headerValue(facts.rawHeaders, ":path") ?? "";
    this.headers = toFields(facts.rawHeaders);
    this.length = facts.bodiless ? 0 : lengthOf(this.headers);
    this.#takesTrailers = /\btrailers\b/i.test(headerValue(facts.rawHeaders, "te") ?? "");
    this.#watch();
  }

  get body(): BodySource {
    return this;
  }

  get sink(): AnswerSink {
    return this;
  }

  start(reader: BodyReader): void {
    const stream = this.#stream;
    stream.on("data", (chunk: Buffer) => {
      reader.onBody(chunk);
      if (!reader.onBodyPause()) this.pause();
    });
    stream.on("end", () => {
      stream.setTimeout(0);
      reader.onBodyEnd(this.#trailers);
    });
    stream.setTimeout(this.#stallMs);
  }

  // While nobody takes the body, the client is not the one that is late.
  pause(): void {
    this.#stream.pause();
    this.#stream.setTimeout(0);
  }

  resume(): void {
    this.#stream.resume();
    if (!this.#stream.readableEnded) this.#stream.setTimeout(this.#stallMs);
  }

  listen(listener: AnswerListener): void {
    this.#listener = listener;
  }

  interim(status: number, headers: RawHeaders): void {
    if (this.#isOver() || this.#stream.headersSent || status === 101) return;
    this.#stream.additionalHeaders({ ":status": status, ...toObject(headers) });
  }

  head(status: number, headers: RawHeaders): void {
    if (this.#isOver()) return;
    const endStream = this.method === "HEAD" || status === 204 || status === 304;
    const waitForTrailers = this.#takesTrailers && !endStream;
    if (waitForTrailers) this.#stream.once("wantTrailers", () => this.#sendTrailers());
    this.#stream.respond({ ":status": status, ...toObject(headers) }, { endStream, waitForTrailers });
  }

  write(chunk: Uint8Array): void {
    // Lent to us, and the stream keeps it until its window opens: so copied.
    if (!this.#isOver() && this.#stream.writable) this.#stream.write(Buffer.from(chunk));
  }

  flush(): boolean {
    if (this.#isOver() || !this.#stream.writableNeedDrain) return true;
    this.#stream.setTimeout(this.#stallMs);
    return false;
  }

  end(trailers: RawHeaders = []): boolean {
    if (this.#isOver()) return true;
    this.#ended = true;
    this.#answerTrailers = trailers;
    if (this.#stream.writable) this.#stream.end();
    return true;
  }

  abort(): void {
    if (this.#isOver()) return;
    this.#ended = true;
    this.#stream.close(internalError);
  }

  #watch(): void {
    const stream = this.#stream;
    // `close` follows.
    stream.on("error", () => {});
    stream.on("trailers", (_headers: IncomingHttpHeaders, _flags: number, raw: unknown) => {
      this.#trailers = Array.isArray(raw) ? (raw as string[]) : [];
    });
    stream.on("timeout", () => stream.close(cancelled));
    stream.on("drain", () => {
      stream.setTimeout(0);
      if (!this.#ended) this.#listener?.onDrain();
    });
    stream.on("close", () => {
      if (!this.#ended) this.#listener?.onGone();
      this.#ended = true;
    });
  }

  #isOver(): boolean {
    return this.#ended || this.#stream.destroyed || this.#stream.closed;
  }

  #sendTrailers(): void {
    if (!this.#stream.destroyed) this.#stream.sendTrailers(toObject(this.#answerTrailers));
  }
}

/** Host from the authority; a Host header that says something else stays beside it, and is refused as a second one. */
function toFields(raw: readonly string[]): string[] {
  const authority = headerValue(raw, ":authority");
  const fields = authority === undefined ? [] : ["host", authority];
  const cookies: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    if (name.startsWith(":")) continue;
    if (name === "cookie") cookies.push(value);
    else if (name !== "host" || value !== authority) fields.push(name, value);
  }
  // Split for compression; other protocols have one (RFC 9113, 8.2.3).
  if (cookies.length > 0) fields.push("cookie", cookies.join("; "));
  return fields;
}

function lengthOf(fields: RawHeaders): number | null {
  const said = headerValue(fields, "content-length");
  return said === undefined || !/^\d{1,15}$/.test(said) ? null : Number(said);
}

/** What HTTP/2 does not have was left out before (forward-headers). */
function toObject(headers: RawHeaders): OutgoingHttpHeaders {
  const object: Record<string, string | string[]> = Object.create(null);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] as string).toLowerCase();
    const value = headers[index + 1] as string;
    const present = object[name];
    object[name] = present === undefined ? value : [...(Array.isArray(present) ? present : [present]), value];
  }
  return object;
}
