// A client's HTTP/2 connection: its streams become exchanges. Bounds what a client may open, and ends one that opens
// streams only to have them reset.
//
//   open ──drain──▶ told (GOAWAY without a last stream) ──ack or time──▶ ending (GOAWAY with it) ──no stream──▶ closed
import type { Socket } from "node:net";
import { Deadline, type Deadlines } from "../deadlines.js";
import type { Exchange } from "../exchange.js";
import type { HttpLimits } from "../http1/limits.js";
import { ReadBuffer } from "../http1/read-buffers.js";
import { type RefusalCode, refusal } from "../refusals.js";
import { clientPreface } from "./client-preface.js";
import { type BlockVerdict, FieldBlock } from "./field-block.js";
import { Http2Connection } from "./http2-connection.js";
import { errorCode, Http2Error, maxWindow, settingId } from "./http2-error.js";
import { ServerStream } from "./server-stream.js";

export interface ServerHost {
  readonly name: string;
  readonly limits: HttpLimits;
  readonly deadlines: Deadlines;
  readonly draining: boolean;
  onExchange(exchange: Exchange): void;
  onRefused(code: RefusalCode): void;
  onClosed(connection: ServerConnection): void;
}

const maxStreams = 100;
/** Streams that were reset before they were answered, more than were answered. */
const maxResets = 200;
const streamWindow = 256 * 1024;
const connectionWindow = 1024 * 1024;
/** From the word that no stream shall be opened to the word which was the last. */
const graceMs = 500;
const drainPing = Buffer.from("tuskdrai", "latin1");

/** Of the block at hand; taken over before the next is read. */
const block = new FieldBlock();

export class ServerConnection extends Http2Connection {
  readonly host: ServerHost;
  readonly peerAddress: string;
  readonly tls: Exchange["tls"];
  /** Of the preface: what has come. */
  #prefaceRead = 0;
  #resets = 0;
  #draining: "no" | "told" | "ending" = "no";
  readonly #idleDeadline = new Deadline(this);
  readonly #headDeadline = new Deadline(this);
  readonly #drainDeadline = new Deadline(this);
  #awaitsHead = false;

  constructor(socket: Socket, host: ServerHost, options: { tls?: Exchange["tls"]; buffer?: ReadBuffer } = {}) {
    const { deadlines, limits } = host;
    super(socket, {
      deadlines,
      buffer: options.buffer ?? new ReadBuffer(),
      limits: {
        streamWindow,
        connectionWindow,
        creditAtOnce: false,
        block: { bytes: limits.headerBytes, fields: limits.headers, targetBytes: limits.requestLineBytes },
        stallMs: limits.stallMs,
      },
    });
    this.host = host;
    this.tls = options.tls;
    this.peerAddress = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    // `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => this.release("the client left"));
    this.sendPreface([settingId.maxConcurrentStreams, maxStreams]);
    deadlines.set(this.#idleDeadline, limits.keepAliveMs);
  }

  /** Streams that are not answered yet. */
  get inFlight(): number {
    return this.streams.size;
  }

  override onRead(bytes: Buffer, from: number, to: number): void {
    let at = from;
    for (; this.#prefaceRead < clientPreface.length && at < to; at++) {
      if (bytes[at] !== clientPreface[this.#prefaceRead++]) {
        this.fail(new Http2Error(errorCode.protocol, "the connection preface is not that of HTTP/2"));
        return;
      }
    }
    super.onRead(bytes, at, to);
    this.#watchHead();
  }

  // A head that has begun must be whole in time; data has its own limit.
  #watchHead(): void {
    const awaits = !this.closing && this.reader.inHead;
    if (awaits === this.#awaitsHead) return;
    this.#awaitsHead = awaits;
    if (awaits) this.deadlines.set(this.#headDeadline, this.host.limits.headerMs);
    else this.deadlines.lift(this.#headDeadline);
  }

  onHeaders(id: number, bytes: Buffer, from: number, to: number, endStream: boolean): void {
    this.decode(bytes, from, to, block);
    const stream = this.streams.get(id);
    if (stream !== undefined) this.#onTrailers(stream as ServerStream, endStream);
    else if (id <= this.lastPeerStream) this.checkClosed(id);
    else this.#onRequest(id, endStream);
  }

  #onTrailers(stream: ServerStream, endStream: boolean): void {
    if (stream.remoteEnded) this.breakStream(stream, errorCode.streamClosed, "headers came behind its end");
    else if (!endStream || block.trailers() !== "valid")
      this.breakStream(stream, errorCode.protocol, "the trailers are malformed");
    else {
      stream.endRemote(block.headers);
      stream.afterRead();
    }
  }

  #onRequest(id: number, endStream: boolean): void {
    if (id % 2 === 0) throw new Http2Error(errorCode.protocol, "a client opens streams with odd numbers");
    // Told of the last one: what crosses that word on the wire is the client's to repeat.
    if (this.#draining === "ending") {
      this.spend();
      return;
    }
    this.lastPeerStream = id;
    if (this.streams.size >= maxStreams) {
      this.resetStream(id, errorCode.refusedStream);
      this.onPeerReset();
      return;
    }
    const verdict = block.request();
    const saysTooMuch = endStream && block.contentLength > 0;
    if (verdict === "malformed" || saysTooMuch) {
      this.host.onRefused("REQUEST_INVALID");
      this.resetStream(id, errorCode.protocol);
      this.onPeerReset();
      return;
    }
    this.#open(id, endStream, verdict);
  }

  #open(id: number, endStream: boolean, verdict: BlockVerdict): void {
    const { method = "GET", path = "", headers, contentLength, expects } = block;
    const length = endStream ? 0 : contentLength === -1 ? null : contentLength;
    const stream = new ServerStream(this, id, { method, target: path, headers, length });
    this.streams.set(id, stream);
    if (endStream) stream.endRemote([]);
    if (verdict === "target-too-long") stream.refuse(refusal("TARGET_TOO_LONG", "the path is longer than the limit"));
    else if (verdict === "too-large")
      stream.refuse(refusal("HEADERS_TOO_LARGE", "the headers are more, or larger, than the limit"));
    else if (method === "CONNECT")
      stream.refuse(refusal("METHOD_NOT_SUPPORTED", "CONNECT asks for a tunnel, and this proxy makes none"));
    else if (expects !== undefined && expects !== "100-continue")
      stream.refuse(refusal("EXPECTATION_FAILED", `the expectation "${expects}" is not known`));
    else if (length !== null && length > this.host.limits.bodyBytes)
      stream.refuse(refusal("BODY_TOO_LARGE", "the body is larger than the limit"));
    else this.host.onExchange(stream);
  }

  protected wasOpened(id: number): boolean {
    return id % 2 === 1 && id <= this.lastPeerStream;
  }

  protected override onPeerReset(): void {
    if (++this.#resets > maxResets) throw new Http2Error(errorCode.enhanceYourCalm, "too many streams were reset");
  }

  /** From a stream: it has its answer. */
  onAnswered(): void {
    if (this.#resets > 0) this.#resets--;
  }

  protected onStreamGone(): void {
    if (this.streams.size > 0 || this.closing) return;
    if (this.#draining === "ending") this.#endWhenIdle();
    else this.deadlines.set(this.#idleDeadline, this.host.limits.keepAliveMs);
  }

  /** The client opens no more. */
  onGoaway(): void {
    this.spend();
    this.#draining = "ending";
    this.deadlines.lift(this.#drainDeadline);
    this.#endWhenIdle();
  }

  /** No new stream; ends when those that are open have ended. */
  drain(): void {
    if (this.#draining !== "no" || this.closing) return;
    this.#draining = "told";
    this.writer.goaway(maxWindow, errorCode.none);
    this.writer.ping(drainPing, 0, false);
    this.deadlines.set(this.#drainDeadline, graceMs);
  }

  // All that the client sent before it knew has arrived.
  protected override onPingAck(bytes: Buffer, from: number): void {
    if (this.#draining === "told" && drainPing.equals(bytes.subarray(from, from + 8))) this.#endDrain();
  }

  #endDrain(): void {
    if (this.#draining !== "told") return;
    this.#draining = "ending";
    this.deadlines.lift(this.#drainDeadline);
    this.writer.goaway(this.lastPeerStream, errorCode.none);
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.streams.size === 0) this.endConnection("the connection is idle");
  }

  protected onConnectionDeadline(deadline: Deadline): void {
    if (deadline === this.#drainDeadline) this.#endDrain();
    else if (deadline === this.#headDeadline)
      this.fail(new Http2Error(errorCode.enhanceYourCalm, "the head of a request did not arrive in time"));
    else if (this.streams.size === 0) {
      this.writer.goaway(this.lastPeerStream, errorCode.none);
      this.endConnection("the connection is idle");
    }
  }

  protected onReleased(): void {
    this.deadlines.lift(this.#idleDeadline);
    this.deadlines.lift(this.#headDeadline);
    this.deadlines.lift(this.#drainDeadline);
    this.host.onClosed(this);
  }
}
