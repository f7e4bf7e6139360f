// One client's connection: its requests one after the other, each answered before the next is read. Owns the socket,
// the parser and the time limits. What is no valid request is answered here and ends the connection.
import type { Socket } from "node:net";
import { Deadline, type DeadlineOwner, type Deadlines } from "../deadlines.js";
import type { BodyReader, Exchange } from "../exchange.js";
import { clientPreface } from "../http2/client-preface.js";
import type { ServerConnection } from "../http2/server-connection.js";
import { type Refusal, type RefusalCode, refusal } from "../refusals.js";
import type { OpenSocket } from "./accepted-socket.js";
import { ByteWriter } from "./byte-writer.js";
import type { HttpLimits } from "./limits.js";
import { MessageError } from "./message-error.js";
import { rawAnswer } from "./raw-answer.js";
import { ReadBuffer } from "./read-buffers.js";
import { RequestParser } from "./request-parser.js";
import { type ExchangeConnection, ServerExchange } from "./server-exchange.js";

export interface ConnectionHost {
  readonly name: string;
  readonly limits: HttpLimits;
  readonly deadlines: Deadlines;
  /** Every answer is the last of its connection. */
  readonly draining: boolean;
  onExchange(exchange: Exchange): void;
  onRefused(code: RefusalCode): void;
  onClosed(connection: ClientConnection): void;
  /** The client speaks HTTP/2 from the first byte on: another connection takes the socket over. */
  onHttp2(before: ClientConnection, socket: Socket, buffer: ReadBuffer): ServerConnection;
}

/** What the deadline of the reading side is for. */
type Waiting = "tunnel" | "request" | "head" | "body" | "rest" | "next answer part" | "close";

/** For what a client still sends after its answer is complete. */
const discardMs = 5_000;
/** For a client to read its last answer before the connection is cut. */
const lingerMs = 1_000;
/** Of what a client sends ahead, while its request is answered. */
const backlogBytes = 64 * 1024;
/** A body chunk of this size says that more of the kind will come. */
const largeChunk = 16 * 1024;

export class ClientConnection implements ExchangeConnection, DeadlineOwner {
  readonly peerAddress: string;
  readonly tls: Exchange["tls"];
  readonly writer: ByteWriter;
  readonly #host: ConnectionHost;
  readonly #socket: Socket;
  readonly #parser: RequestParser;
  readonly #buffer = new ReadBuffer();
  readonly #readDeadline = new Deadline(this);
  readonly #writeDeadline = new Deadline(this);
  #waiting: Waiting = "request";
  #exchange: ServerExchange | null = null;
  #reader: BodyReader | null = null;
  #requestEnded = false;
  /** Nothing is parsed any more: what comes is passed on. */
  #tunnel = false;
  #tunnelIdleMs = 0;
  #backlog: Buffer | null = null;
  /** Within `#consume`: what becomes possible is done by its loop. */
  #consuming = false;
  /** The answer is complete, and the client has not taken it yet. */
  #awaitsDrain = false;
  #halfClosed = false;
  #socketPaused = false;
  /** Nothing is read as a request any more. */
  #closing = false;
  #closed = false;
  /** Of the preface of HTTP/2: how much of what came first is it. -1: the client speaks HTTP/1. */
  #prefaceRead = 0;
  #http2: ServerConnection | null = null;

  constructor(open: OpenSocket, host: ConnectionHost, tls?: Exchange["tls"]) {
    this.#host = host;
    this.tls = tls;
    const { limits } = host;
    const messageLimits = {
      startLineBytes: limits.requestLineBytes,
      headBytes: limits.headerBytes,
      fields: limits.headers,
      bodyBytes: limits.bodyBytes,
    };
    this.#parser = new RequestParser(messageLimits, this);
    this.#socket = open({
      buffer: () => this.#buffer.next(),
      callback: (length, bytes) => this.#onRead(length, bytes),
    });
    this.writer = new ByteWriter(this.#socket);
    this.peerAddress = plainAddress(this.#socket.remoteAddress ?? "");
    this.#listen();
    this.#wait("request", limits.keepAliveMs);
  }

  get listener(): string {
    return this.#host.name;
  }

  get isLast(): boolean {
    return this.#host.draining || (this.#halfClosed && this.#backlog === null);
  }

  /** No request is under way, nor begun. */
  get idle(): boolean {
    return this.#exchange === null && !this.#parser.begun && this.#backlog === null && !this.#closing;
  }

  get inFlight(): number {
    return this.#exchange === null ? 0 : 1;
  }

  #listen(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("drain", () => this.#onDrain());
    socket.on("end", () => this.#onEnd());
    // `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#onClose());
  }

  // The client sends.

  #onRead(length: number, bytes: Buffer): boolean {
    if (this.#http2 !== null) this.#http2.onRead(bytes, 0, length);
    else if (this.#prefaceRead === -1) this.#onBytes(length, bytes);
    else this.#onFirstBytes(length, bytes);
    return true;
  }

  /** As long as it may be either protocol. */
  #onFirstBytes(length: number, bytes: Buffer): void {
    const known = this.#prefaceRead;
    const until = Math.min(length, clientPreface.length - known);
    let at = 0;
    while (at < until && bytes[at] === clientPreface[known + at]) at++;
    if (at === until && this.tls === undefined) {
      this.#prefaceRead += at;
      if (this.#prefaceRead === clientPreface.length) this.#becomeHttp2(bytes, at, length);
      else this.#wait("head", this.#host.limits.headerMs);
      return;
    }
    this.#prefaceRead = -1;
    if (known > 0) this.#onBytes(known, Buffer.from(clientPreface.subarray(0, known)));
    this.#onBytes(length, bytes);
  }

  #becomeHttp2(bytes: Buffer, from: number, to: number): void {
    const socket = this.#socket;
    for (const event of ["drain", "end", "error", "close"]) socket.removeAllListeners(event);
    this.#closed = true;
    this.#stopWaiting();
    const connection = this.#host.onHttp2(this, socket, this.#buffer);
    this.#http2 = connection;
    connection.onRead(clientPreface, 0, clientPreface.length);
    connection.onRead(bytes, from, to);
  }

  #onBytes(length: number, bytes: Buffer): boolean {
    if (this.#closing) return true;
    if (this.#tunnel && this.#reader !== null && this.#backlog === null) this.#tunnelOn(bytes.subarray(0, length));
    else if (this.#wantsBytes) this.#consume(bytes, 0, length);
    else this.#keep(bytes, 0, length);
    return true;
  }

  #tunnelOn(bytes: Buffer): void {
    const reader = this.#reader;
    if (reader === null) return;
    reader.onBody(bytes);
    this.#waitInTunnel();
    if (!reader.onBodyPause()) this.#pauseSocket();
  }

  get #wantsBytes(): boolean {
    if (this.#tunnel || this.#awaitsDrain || this.#parser.paused) return false;
    return this.#exchange === null || !this.#requestEnded;
  }

  #consume(bytes: Buffer, from: number, to: number): void {
    this.#consuming = true;
    let at = from;
    try {
      while (at < to && !this.#closing && this.#wantsBytes) at = this.#parser.feed(bytes, at, to);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.#refuse(refusalOf(error));
    } finally {
      this.#consuming = false;
    }
    if (this.#closing) return;
    this.#pauseReader();
    if (at < to) this.#keep(bytes, at, to);
    else if (this.#exchange === null && this.#parser.begun && this.#waiting !== "head")
      this.#wait("head", this.#host.limits.headerMs);
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const part = bytes.subarray(from, to);
    this.#backlog = this.#backlog === null ? Buffer.from(part) : Buffer.concat([this.#backlog, part]);
    if (this.#backlog.length >= backlogBytes) this.#pauseSocket();
  }

  /** Reads on where it stopped. */
  #readOn(): void {
    if (this.#consuming || this.#closing) return;
    const backlog = this.#backlog;
    this.#backlog = null;
    if (backlog !== null) this.#consume(backlog, 0, backlog.length);
    if (this.#closing || this.#closed || !this.#wantsBytes) return;
    if (this.#halfClosed) this.#onNothingMore();
    else this.#resumeSocket();
  }

  #pauseSocket(): void {
    if (this.#socketPaused) return;
    this.#socketPaused = true;
    this.#socket.pause();
  }

  #resumeSocket(): void {
    if (!this.#socketPaused) return;
    this.#socketPaused = false;
    this.#socket.resume();
  }

  onRequestHead(): void {
    const parser = this.#parser;
    const { method, expects } = parser;
    if (method === "CONNECT") {
      this.#refuse(refusal("METHOD_NOT_SUPPORTED", "CONNECT asks for a tunnel, and this proxy makes none"));
      return;
    }
    if (expects !== null && expects !== "100-continue") {
      this.#refuse(refusal("EXPECTATION_FAILED", `the expectation "${expects}" is not known`));
      return;
    }
    const exchange = new ServerExchange(this, {
      method,
      target: parser.target,
      headers: parser.headers,
      minorVersion: parser.minorVersion,
      bodyLength: parser.bodyLength,
      keepsAlive: parser.keepsAlive,
      expectsContinue: expects !== null && parser.bodyLength !== 0,
    });
    this.#exchange = exchange;
    this.#requestEnded = false;
    this.#waiting = "request";
    this.#host.onExchange(exchange);
    // Kept back until somebody wants it.
    if (parser.bodyLength !== 0 && this.#reader === null && !exchange.ended) parser.paused = true;
  }

  onRequestBody(chunk: Buffer): void {
    if (this.#reader === null) return;
    if (chunk.length > largeChunk) this.#buffer.takeOwn();
    this.#reader.onBody(chunk);
  }

  onRequestEnd(trailers: readonly string[]): void {
    this.#requestEnded = true;
    const reader = this.#reader;
    if (reader !== null) {
      this.#stopWaiting();
      this.#buffer.giveBack(!reader.onBodyEnd(trailers));
      this.#resumeSocket();
    }
    if (this.#exchange?.ended) this.#finish();
  }

  /** Hands on what was read of the body, and slows the client down where it is not taken. */
  #pauseReader(): void {
    const reader = this.#reader;
    if (reader === null || this.#requestEnded) return;
    if (!reader.onBodyPause()) this.pauseBody();
    else if (!this.#exchange?.awaitsContinue) this.#wait("body", this.#host.limits.stallMs);
  }

  // What the exchange asks for.

  switchProtocols(idleMs: number | null): void {
    this.#tunnel = true;
    this.#tunnelIdleMs = idleMs ?? this.#host.limits.tunnelMs;
    this.#socket.setKeepAlive(true);
    this.#waitInTunnel();
  }

  /** From the last word of either side. */
  #waitInTunnel(): void {
    if (this.#tunnelIdleMs > 0) this.#wait("tunnel", this.#tunnelIdleMs);
    else this.#stopWaiting();
  }

  startBody(reader: BodyReader): void {
    this.#reader = reader;
    if (this.#tunnel) {
      this.#readTunnel();
      return;
    }
    this.resumeBody();
    if (!this.#consuming) this.#pauseReader();
  }

  /** What the client has sent ahead goes first. */
  #readTunnel(): void {
    const backlog = this.#backlog;
    this.#backlog = null;
    this.#resumeSocket();
    if (backlog !== null) this.#tunnelOn(backlog);
    if (this.#halfClosed) this.#endTunnel();
  }

  #endTunnel(): void {
    const reader = this.#reader;
    this.#reader = null;
    this.#requestEnded = true;
    reader?.onBodyEnd([]);
  }

  pauseBody(): void {
    if (this.#tunnel) this.#pauseSocket();
    if (this.#tunnel || this.#requestEnded) return;
    this.#parser.paused = true;
    this.#stopWaiting();
    this.#pauseSocket();
  }

  resumeBody(): void {
    if (this.#tunnel) this.#resumeSocket();
    if (this.#tunnel || this.#requestEnded) return;
    this.#parser.paused = false;
    // One that waits for an invitation is not late.
    if (!this.#exchange?.awaitsContinue) this.#wait("body", this.#host.limits.stallMs);
    this.#readOn();
  }

  onContinue(): void {
    if (this.#reader !== null && !this.#parser.paused) this.#wait("body", this.#host.limits.stallMs);
  }

  onBlocked(): void {
    if (this.#closed) return;
    this.#host.deadlines.set(this.#writeDeadline, this.#host.limits.stallMs);
  }

  onAnswerEnd(): boolean {
    const free = this.writer.flush();
    if (!free) this.onBlocked();
    if (this.#tunnel) this.#closeAfterAnswer();
    else if (this.#requestEnded) this.#finish();
    else if (this.#exchange?.awaitsContinue) this.#closeAfterAnswer();
    else this.#discardRest();
    return free;
  }

  destroy(): void {
    this.writer.settle();
    this.#socket.destroy();
    this.#onClose();
  }

  /** Ends it when no request is under way. */
  closeIdle(): void {
    if (this.idle) this.destroy();
  }

  // The end of a request.

  /** So that the next request on the connection is found. */
  #discardRest(): void {
    this.#reader = null;
    this.#parser.paused = false;
    this.#wait("rest", discardMs);
    this.#readOn();
  }

  #finish(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#exchange = null;
    this.#reader = null;
    this.#requestEnded = false;
    this.#parser.paused = false;
    if (exchange.isLast || this.#host.draining) {
      this.#closeAfterAnswer();
      return;
    }
    this.#awaitsDrain = this.writer.blocked;
    if (this.#awaitsDrain) this.#stopWaiting();
    else this.#nextRequest();
  }

  #nextRequest(): void {
    if (this.#halfClosed && this.#backlog === null) {
      this.#closeAfterAnswer();
      return;
    }
    this.#parser.next();
    this.#wait("request", this.#host.limits.keepAliveMs);
    if (this.#backlog !== null) this.#readOn();
  }

  #closeAfterAnswer(): void {
    this.#exchange = null;
    this.writer.send();
    this.#close();
    this.#socket.end();
  }

  #refuse(refused: Refusal): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.gone();
    if (exchange?.started) {
      this.destroy();
      return;
    }
    this.#host.onRefused(refused.code);
    this.writer.send();
    this.#close();
    this.#socket.end(rawAnswer(refused));
  }

  // What still comes is read away, so that it does not cut the answer off.
  #close(): void {
    this.#closing = true;
    this.#reader = null;
    this.#backlog = null;
    this.#parser.stop();
    if (this.#socket.writableLength > 0) this.onBlocked();
    this.#stopWaiting();
    this.#socket.once("finish", () => this.#wait("close", lingerMs));
    this.#resumeSocket();
  }

  // What happens to the connection.

  #onDrain(): void {
    this.#host.deadlines.lift(this.#writeDeadline);
    if (this.#closing) return;
    if (this.#awaitsDrain) {
      this.#awaitsDrain = false;
      this.#nextRequest();
    } else if (this.#exchange !== null) {
      this.onProgress();
      this.#exchange.drained();
    }
  }

  #onEnd(): void {
    if (this.#closing) return;
    this.#halfClosed = true;
    if (this.#tunnel) {
      if (this.#reader !== null) this.#endTunnel();
      return;
    }
    this.#onNothingMore();
  }

  /** The client has closed its side, and nothing that it sent is left, or is wanted now. */
  #onNothingMore(): void {
    if (this.#exchange !== null && this.#requestEnded) this.onProgress();
    else if (this.#backlog === null && !this.#awaitsDrain) this.destroy();
  }

  onProgress(): void {
    if (this.#tunnel) this.#waitInTunnel();
    else if (this.#halfClosed) this.#wait("next answer part", this.#host.limits.halfClosedMs);
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#writeDeadline) {
      this.destroy();
      return;
    }
    switch (this.#waiting) {
      case "head":
        this.#refuse(refusal("REQUEST_TIMEOUT", "the head of the request did not arrive in time"));
        break;
      case "body":
        this.#refuse(refusal("REQUEST_TIMEOUT", "the body of the request did not arrive in time"));
        break;
      case "request":
        // Not lifted when a request begins: that would cost each of them.
        if (this.#exchange === null) this.destroy();
        break;
      default:
        this.destroy();
    }
  }

  #wait(what: Waiting, delayMs: number): void {
    if (this.#closed) return;
    this.#waiting = what;
    this.#host.deadlines.set(this.#readDeadline, delayMs);
  }

  #stopWaiting(): void {
    this.#host.deadlines.lift(this.#readDeadline);
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing = true;
    this.#parser.stop();
    this.#host.deadlines.lift(this.#readDeadline);
    this.#host.deadlines.lift(this.#writeDeadline);
    this.#buffer.giveBack(true);
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#host.onClosed(this);
    exchange?.gone();
  }
}

function refusalOf(error: MessageError): Refusal {
  switch (error.problem) {
    case "version":
      return refusal("VERSION_NOT_SUPPORTED", error.message);
    case "start-line-too-long":
      return refusal("TARGET_TOO_LONG", "the request line is longer than the limit");
    case "head-too-large":
      return refusal("HEADERS_TOO_LARGE", "the headers are more, or larger, than the limit");
    case "body-too-large":
      return refusal("BODY_TOO_LARGE", "the body is larger than the limit");
    default:
      return refusal("REQUEST_INVALID", `the request is malformed: ${error.message}`);
  }
}

/** An IPv4 client of a dual-stack socket as IPv4. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
