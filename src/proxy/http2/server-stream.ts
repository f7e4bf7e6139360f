// One request of a client and its answer, as an exchange.
import { answerRefusal } from "../answer-refusal.js";
import type { AnswerListener, AnswerSink, BodyReader, BodySource, Exchange, RawHeaders } from "../exchange.js";
import { headerKind } from "../header-kinds.js";
import { httpDateValue } from "../http1/http-date.js";
import { passedTrailers } from "../http1/outgoing-body.js";
import { type Refusal, refusal } from "../refusals.js";
import { errorCode } from "./http2-error.js";
import { Http2Stream } from "./http2-stream.js";
import type { ServerConnection } from "./server-connection.js";

const statuses: readonly (readonly string[])[] = Array.from({ length: 1_000 }, (_, status) => [
  ":status",
  String(status),
]);

export interface RequestFacts {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  /** Bytes; null: not said. */
  readonly length: number | null;
}

export class ServerStream extends Http2Stream implements Exchange, BodySource, AnswerSink {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  readonly length: number | null;
  readonly switches = false;
  readonly #server: ServerConnection;
  #listener: AnswerListener | null = null;
  #reader: BodyReader | null = null;
  #started = false;
  #ended = false;
  #bodiless = false;
  /** Of the answer; -1: not said. */
  #left = -1;

  constructor(connection: ServerConnection, id: number, { method, target, headers, length }: RequestFacts) {
    super(connection, id);
    this.#server = connection;
    this.method = method;
    this.target = target;
    this.headers = headers;
    this.length = length;
    this.expected = length ?? -1;
  }

  get listener(): string {
    return this.#server.host.name;
  }

  get peerAddress(): string {
    return this.#server.peerAddress;
  }

  get tls(): Exchange["tls"] {
    return this.#server.tls;
  }

  get body(): BodySource {
    return this;
  }

  get sink(): AnswerSink {
    return this;
  }

  protected get stallMs(): number {
    return this.#server.limits.stallMs;
  }

  // The body that comes.

  start(reader: BodyReader): void {
    if (this.closed || this.#ended) return;
    this.#reader = reader;
    this.startReading();
  }

  pause(): void {
    this.pauseReading();
  }

  resume(): void {
    if (!this.closed && !this.#ended) this.resumeReading();
  }

  protected deliver(chunk: Uint8Array): void {
    this.#reader?.onBody(chunk);
  }

  protected deliverPause(): boolean {
    return this.#reader === null || this.#reader.onBodyPause();
  }

  protected deliverEnd(trailers: RawHeaders): void {
    this.#reader?.onBodyEnd(trailers);
  }

  protected onReadStall(): void {
    this.#refuseLate(refusal("REQUEST_TIMEOUT", "the body of the request did not arrive in time"));
  }

  protected onMalformed(message: string): void {
    this.connection.breakStream(this, errorCode.protocol, message);
  }

  // The answer that goes.

  listen(listener: AnswerListener): void {
    this.#listener = listener;
  }

  interim(status: number, headers: RawHeaders): void {
    // 101 does not exist here (RFC 9113, 8.6).
    if (this.#ended || this.#started || status === 101) return;
    this.connection.writer.headers(this.id, statuses[status] ?? [], headers, false);
  }

  head(status: number, headers: RawHeaders): void {
    if (this.#ended || this.#started) return;
    this.#started = true;
    let fields = headers;
    let hasDate = false;
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const kind = headerKind(headers[index] as string);
      if (kind === "date") hasDate = true;
      else if (kind === "content-length") this.#left = Number(headers[index + 1]);
    }
    if (!hasDate) fields = [...headers, "date", httpDateValue()];
    this.#bodiless = this.method === "HEAD" || status === 204 || status === 304;
    if (this.#bodiless) this.#left = -1;
    this.connection.writer.headers(this.id, statuses[status] ?? [], fields, false);
  }

  write(chunk: Uint8Array): void {
    if (this.#ended || this.#bodiless) return;
    if (this.#left !== -1) {
      if (chunk.length > this.#left) throw new Error(`the body is longer by ${chunk.length - this.#left} bytes`);
      this.#left -= chunk.length;
    }
    this.sendData(chunk);
  }

  flush(): boolean {
    return this.#ended || this.canSendMore();
  }

  end(trailers: RawHeaders = []): boolean {
    if (this.#ended || !this.#started) return true;
    if (this.#left > 0) {
      // The client must not wait for the rest.
      this.abort();
      return true;
    }
    this.#ended = true;
    this.#listener = null;
    this.sendEnd(trailers.length === 0 ? null : passedTrailers(trailers));
    return true;
  }

  abort(): void {
    if (this.#ended) return;
    this.#finish();
    this.resetWith(errorCode.internal);
  }

  /** Answers what cannot be passed on. */
  refuse(refused: Refusal): void {
    this.#server.host.onRefused(refused.code);
    answerRefusal(this, refused, {}, this.method);
  }

  #refuseLate(refused: Refusal): void {
    const listener = this.#listener;
    this.#listener = null;
    this.#reader = null;
    listener?.onGone();
    if (this.#started) this.abort();
    else this.refuse(refused);
  }

  #finish(): void {
    this.#ended = true;
    this.#listener = null;
    this.#reader = null;
  }

  protected override onLocalEnd(): void {
    this.#server.onAnswered();
    // What the client still sends nobody wants (RFC 9113, 8.1).
    if (!this.remoteEnded) this.resetWith(errorCode.none);
  }

  override onForgotten(): void {
    this.close();
  }

  protected onDrain(): void {
    this.#listener?.onDrain();
  }

  protected onLost(): void {
    const listener = this.#listener;
    this.#finish();
    listener?.onGone();
  }
}
