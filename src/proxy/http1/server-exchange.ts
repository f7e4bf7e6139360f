// One request on a client's connection, and its answer. Decides the framing of the answer by the request (RFC 9112,
// 6.3) and by what the client understands; the connection does the rest.
import type { AnswerListener, AnswerSink, BodyReader, BodySource, Exchange, RawHeaders } from "../exchange.js";
import { headerKind } from "../header-kinds.js";
import type { ByteWriter } from "./byte-writer.js";
import { httpDate } from "./http-date.js";
import type { BodyFraming } from "./message-parser.js";
import { fieldLine, fieldText, OutgoingBody } from "./outgoing-body.js";
import { statusLine } from "./status-lines.js";

/** What an exchange needs of its connection. */
export interface ExchangeConnection {
  readonly listener: string;
  readonly peerAddress: string;
  readonly tls: Exchange["tls"];
  readonly writer: ByteWriter;
  /** The answer that begins now is the last one. */
  readonly isLast: boolean;
  /** From here on it is a tunnel, for whatever comes; closed when it is silent for so long. Null: the usual time; 0: never. */
  switchProtocols(idleMs: number | null): void;
  startBody(reader: BodyReader): void;
  pauseBody(): void;
  resumeBody(): void;
  /** A 100 (Continue) is on its way: the client is waited for from now on. */
  onContinue(): void;
  /** What was written the client has not taken yet. */
  onBlocked(): void;
  /** A part of the answer has left. */
  onProgress(): void;
  /** False: blocked. */
  onAnswerEnd(): boolean;
  destroy(): void;
}

export interface RequestFacts {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  readonly minorVersion: number;
  readonly bodyLength: number | null;
  /** The client lets the connection be used again. */
  readonly keepsAlive: boolean;
  /** The client waits for 100 (Continue). */
  readonly expectsContinue: boolean;
}

export class ServerExchange implements Exchange, BodySource, AnswerSink {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  readonly length: number | null;
  readonly #connection: ExchangeConnection;
  readonly #minorVersion: number;
  #listener: AnswerListener | null = null;
  #answer: OutgoingBody | null = null;
  #ended = false;
  #continues: boolean;
  #isLast: boolean;
  #tunnelIdleMs: number | null = null;

  constructor(connection: ExchangeConnection, request: RequestFacts) {
    this.#connection = connection;
    this.method = request.method;
    this.target = request.target;
    this.headers = request.headers;
    this.length = request.bodyLength;
    this.#minorVersion = request.minorVersion;
    this.#isLast = !request.keepsAlive;
    this.#continues = !request.expectsContinue;
  }

  get listener(): string {
    return this.#connection.listener;
  }

  get peerAddress(): string {
    return this.#connection.peerAddress;
  }

  get tls(): Exchange["tls"] {
    return this.#connection.tls;
  }

  get switches(): boolean {
    return this.#minorVersion === 1 && this.length === 0;
  }

  get body(): BodySource {
    return this;
  }

  get sink(): AnswerSink {
    return this;
  }

  /** A byte of the answer may have left. */
  get started(): boolean {
    return this.#answer !== null;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** No further request may follow on the connection. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** The client was not yet told to send its body. */
  get awaitsContinue(): boolean {
    return !this.#continues;
  }

  limitTunnel(idleMs: number): void {
    this.#tunnelIdleMs = idleMs;
  }

  start(reader: BodyReader): void {
    if (!this.#ended) this.#connection.startBody(reader);
  }

  pause(): void {
    if (!this.#ended) this.#connection.pauseBody();
  }

  resume(): void {
    if (!this.#ended) this.#connection.resumeBody();
  }

  listen(listener: AnswerListener): void {
    this.#listener = listener;
  }

  interim(status: number, headers: RawHeaders): void {
    if (this.#ended || this.#answer !== null || this.#minorVersion === 0) return;
    if (status === 100) {
      if (this.#continues) return;
      this.#continues = true;
      this.#connection.onContinue();
    }
    this.#connection.writer.add(`${statusLine(status)}${fieldText(headers)}\r\n`);
    this.#connection.writer.flush();
  }

  head(status: number, headers: RawHeaders): void {
    if (this.#ended || this.#answer !== null) return;
    const { writer } = this.#connection;
    // Whether the client will send a body that it was not invited to is not known: nothing can follow.
    if (this.#connection.isLast || this.awaitsContinue) this.#isLast = true;
    let text = statusLine(status);
    let length = -1;
    let hasDate = false;
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const name = headers[index] as string;
      const kind = headerKind(name);
      if (kind === "content-length") length = Number(headers[index + 1]);
      else if (kind === "date") hasDate = true;
      text += fieldLine(headers, index);
    }
    if (!hasDate) text += httpDate();
    const framing = this.#framingFor(status, length);
    if (status === 101) {
      text += "connection: upgrade\r\n";
      this.#connection.switchProtocols(this.#tunnelIdleMs);
    }
    if (framing === "chunked") text += "transfer-encoding: chunked\r\n";
    if (framing === "until-close") this.#isLast = true;
    if (this.#isLast && status !== 101) text += "connection: close\r\n";
    else if (this.#minorVersion === 0) text += "connection: keep-alive\r\n";
    writer.add(`${text}\r\n`);
    this.#answer = new OutgoingBody(writer, framing);
  }

  write(chunk: Uint8Array): void {
    if (!this.#ended) this.#answer?.write(chunk);
  }

  flush(): boolean {
    if (this.#ended) return true;
    const free = this.#connection.writer.flush();
    if (free) this.#connection.onProgress();
    else this.#connection.onBlocked();
    return free;
  }

  end(trailers: RawHeaders = []): boolean {
    if (this.#ended || this.#answer === null) return true;
    const isWhole = this.#answer.end(trailers);
    this.#ended = true;
    this.#listener = null;
    // Shorter than its length: the client must not wait for the rest on a connection that goes on.
    if (isWhole) return this.#connection.onAnswerEnd();
    this.#connection.destroy();
    return false;
  }

  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#listener = null;
    this.#connection.destroy();
  }

  /** From the connection: what was written has left. */
  drained(): void {
    this.#listener?.onDrain();
  }

  /** From the connection: the client left. */
  gone(): void {
    this.#ended = true;
    const listener = this.#listener;
    this.#listener = null;
    listener?.onGone();
  }

  #framingFor(status: number, length: number): BodyFraming | "none" {
    if (status === 101) return "until-close";
    if (this.method === "HEAD" || status === 204 || status === 304) return "none";
    if (length >= 0) return length;
    return this.#minorVersion === 1 ? "chunked" : "until-close";
  }
}
