// What both sides of the proxy have in common of a connection (RFC 9113): frames in and out, settings, both windows,
// pings, and its end. Streams are kept by their number; what a new one means is the subclass's.
import type { Socket } from "node:net";
import { Deadline, type DeadlineOwner, type Deadlines } from "../deadlines.js";
import type { ReadBuffer } from "../http1/read-buffers.js";
import type { BlockLimits, FieldBlock } from "./field-block.js";
import { FloodGuard } from "./flood-guard.js";
import { FrameReader, type FrameSink } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { HpackDecoder } from "./hpack-decoder.js";
import { defaultFrameSize, defaultWindow, errorCode, Http2Error, maxWindow, settingId } from "./http2-error.js";
import type { Http2Stream } from "./http2-stream.js";

export interface ConnectionLimits {
  /** What the peer may send of one stream before somebody takes it. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** A stream that waits for somebody slow takes nothing from the others; memory is the streams' windows then. */
  readonly creditAtOnce: boolean;
  readonly block: BlockLimits;
  /** For a peer to take what was sent to it. */
  readonly stallMs: number;
}

/** Streams that we have reset, of which something may still be on its way. */
const rememberedResets = 512;
const lingerMs = 1_000;
const continuations = 16;
/** A change of a window that is smaller than this is counted. */
const tinyWindow = 1_024;
/** A frame with less than this is not worth a wait: another one will bring more. */
const largeChunk = 16 * 1024;

export abstract class Http2Connection implements FrameSink, DeadlineOwner {
  readonly writer: FrameWriter;
  readonly deadlines: Deadlines;
  readonly limits: ConnectionLimits;
  /** Of a new stream. */
  initialSendWindow = defaultWindow;
  protected readonly socket: Socket;
  protected readonly streams = new Map<number, Http2Stream>();
  protected readonly decoder = new HpackDecoder();
  protected readonly reader: FrameReader;
  /** The highest that the peer has opened. */
  protected lastPeerStream = 0;
  protected closed = false;
  /** Ended by us: what still comes is read away. */
  protected closing = false;
  readonly #guard: FloodGuard;
  readonly #buffer: ReadBuffer;
  #sendWindow = defaultWindow;
  #receiveLeft: number;
  #unacknowledged = 0;
  #touched: Http2Stream[] = [];
  readonly #windowWaits = new Set<Http2Stream>();
  readonly #drainWaits = new Set<Http2Stream>();
  readonly #resets = new Set<number>();
  readonly #closeDeadline = new Deadline(this);

  constructor(socket: Socket, options: { limits: ConnectionLimits; deadlines: Deadlines; buffer: ReadBuffer }) {
    this.socket = socket;
    this.limits = options.limits;
    this.deadlines = options.deadlines;
    this.#buffer = options.buffer;
    this.#receiveLeft = Math.max(defaultWindow, options.limits.connectionWindow);
    this.writer = new FrameWriter(socket);
    this.#guard = new FloodGuard(() => options.deadlines.now());
    this.reader = new FrameReader(this, { blockBytes: options.limits.block.bytes + 4_096, continuations });
    socket.on("drain", () => this.#onDrain());
    socket.on("end", () => this.onPeerEnd());
  }

  /** The setting that the subclass adds: id and value. */
  protected sendPreface(settings: readonly number[]): void {
    const { streamWindow, block } = this.limits;
    this.writer.settings([
      settingId.initialWindowSize,
      streamWindow,
      settingId.maxHeaderListSize,
      block.bytes,
      ...settings,
    ]);
    const more = this.#receiveLeft - defaultWindow;
    if (more > 0) this.writer.windowUpdate(0, more);
  }

  abstract onHeaders(stream: number, bytes: Buffer, from: number, to: number, endStream: boolean): void;
  abstract onGoaway(lastStream: number, code: number): void;
  /** After a stream has ended, in whatever way. */
  protected abstract onStreamGone(): void;
  /** The peer has changed how many streams it takes. */
  protected onMaxStreams(_count: number): void {}
  protected onPingAck(_bytes: Buffer, _from: number): void {}
  protected abstract onReleased(): void;
  /** Whether a stream of this number was ever opened. */
  protected abstract wasOpened(stream: number): boolean;
  protected abstract onConnectionDeadline(deadline: Deadline): void;

  // Reading.

  onRead(bytes: Buffer, from: number, to: number): void {
    if (this.closing) return;
    try {
      this.reader.feed(bytes, from, to);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.fail(error);
      return;
    }
    this.#afterRead();
  }

  #afterRead(): void {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    this.#touched = [];
    for (const stream of touched) stream.afterRead();
  }

  protected decode(bytes: Buffer, from: number, to: number, block: FieldBlock): void {
    block.begin(this.limits.block);
    this.decoder.decode(bytes, from, to, block);
  }

  onDataFrame(id: number, length: number): void {
    this.#receiveLeft -= length;
    if (this.#receiveLeft < 0) throw new Http2Error(errorCode.flowControl, "more was sent than the window allows");
    const stream = this.streams.get(id);
    if (stream === undefined) {
      this.checkClosed(id);
      return;
    }
    if (stream.remoteEnded) {
      this.breakStream(stream, errorCode.streamClosed, "data came behind its end");
      return;
    }
    stream.receiveLeft -= length;
    if (stream.receiveLeft < 0) this.breakStream(stream, errorCode.flowControl, "more was sent than the window allows");
  }

  onData(id: number, chunk: Buffer): void {
    if (chunk.length > largeChunk) this.#buffer.takeOwn();
    if (this.limits.creditAtOnce) this.#credit(chunk.length);
    const stream = this.streams.get(id);
    if (stream === undefined) {
      this.onConsumed(chunk.length);
      return;
    }
    if (!stream.touched) {
      stream.touched = true;
      this.#touched.push(stream);
    }
    stream.receive(chunk);
  }

  onDataEnd(id: number, padding: number, endStream: boolean): void {
    const stream = this.streams.get(id);
    if (padding > 0 && (stream === undefined || this.limits.creditAtOnce)) this.#credit(padding);
    stream?.skip(padding);
    if (endStream) stream?.endRemote([]);
    else if (stream?.isEmptyFrame()) this.spend();
  }

  /** From a stream: somebody has taken so much. */
  onConsumed(bytes: number): void {
    if (!this.limits.creditAtOnce) this.#credit(bytes);
  }

  #credit(bytes: number): void {
    this.#unacknowledged += bytes;
    if (this.#unacknowledged * 2 < this.limits.connectionWindow || this.closing || this.closed) return;
    this.writer.windowUpdate(0, this.#unacknowledged);
    this.#receiveLeft += this.#unacknowledged;
    this.#unacknowledged = 0;
  }

  onReset(id: number, code: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (!this.wasOpened(id)) throw idle(id);
      this.spend();
      return;
    }
    this.#drop(stream);
    stream.lose(code, code === errorCode.refusedStream, `the stream was reset (code ${code})`);
    this.onStreamGone();
    this.onPeerReset();
  }

  /** The peer has reset a stream that was not over. Throws where it does so too often. */
  protected onPeerReset(): void {}

  onWindowUpdate(id: number, increment: number): void {
    if (increment < tinyWindow) this.spend(2);
    if (id === 0) {
      this.#onConnectionWindow(increment);
      return;
    }
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (!this.wasOpened(id)) throw idle(id);
      return;
    }
    if (increment === 0) {
      this.breakStream(stream, errorCode.protocol, "a window grows by nothing");
      return;
    }
    stream.sendWindow += increment;
    if (stream.sendWindow > maxWindow) this.breakStream(stream, errorCode.flowControl, "a window is too large");
    else if (stream.blocked) this.#sendWaiting(stream);
  }

  #onConnectionWindow(increment: number): void {
    if (increment === 0) throw new Http2Error(errorCode.protocol, "a window grows by nothing");
    this.#sendWindow += increment;
    if (this.#sendWindow > maxWindow) throw new Http2Error(errorCode.flowControl, "a window is too large");
    for (const stream of this.#windowWaits) {
      if (this.#sendWindow === 0) return;
      this.#sendWaiting(stream);
    }
  }

  onSettings(bytes: Buffer, from: number, to: number): void {
    this.spend();
    for (let at = from; at < to; at += 6) this.#onSetting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    this.writer.settingsAck();
  }

  #onSetting(id: number, value: number): void {
    switch (id) {
      case settingId.headerTableSize:
        this.writer.encoder.setCapacity(value);
        break;
      case settingId.enablePush:
        if (value > 1) throw new Http2Error(errorCode.protocol, "ENABLE_PUSH is neither 0 nor 1");
        break;
      case settingId.maxConcurrentStreams:
        this.onMaxStreams(value);
        break;
      case settingId.initialWindowSize:
        this.#onInitialWindow(value);
        break;
      case settingId.maxFrameSize:
        // Ours are never larger than what every peer takes.
        if (value < defaultFrameSize || value > 0xffffff)
          throw new Http2Error(errorCode.protocol, "MAX_FRAME_SIZE is out of range");
        break;
      default:
    }
  }

  #onInitialWindow(value: number): void {
    if (value > maxWindow) throw new Http2Error(errorCode.flowControl, "INITIAL_WINDOW_SIZE is out of range");
    const change = value - this.initialSendWindow;
    this.initialSendWindow = value;
    for (const stream of [...this.streams.values()]) {
      stream.sendWindow += change;
      if (stream.sendWindow > maxWindow) throw new Http2Error(errorCode.flowControl, "a window is too large");
      if (change > 0 && stream.blocked) this.#sendWaiting(stream);
    }
  }

  onSettingsAck(): void {
    this.spend();
  }

  onPing(bytes: Buffer, from: number, isAck: boolean): void {
    this.spend();
    if (isAck) this.onPingAck(bytes, from);
    else this.writer.ping(bytes, from, true);
  }

  onIdleFrame(): void {
    this.spend();
  }

  onStreamError(id: number, code: number): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) this.breakStream(stream, code, "a frame breaks the rules");
    else {
      this.spend();
      this.resetStream(id, code);
    }
  }

  /** Throws where frames without effect come too often. */
  protected spend(cost?: number): void {
    this.#guard.spend(cost);
  }

  /** A frame for a stream that is not open: an error, unless it was on its way when we reset it. */
  protected checkClosed(id: number): void {
    if (!this.wasOpened(id)) throw idle(id);
    if (!this.#resets.has(id)) throw new Http2Error(errorCode.streamClosed, `stream ${id} is closed`);
    this.spend();
  }

  // Writing.

  /** Sends of `chunk` from there what the windows allow; returns where it stopped. */
  sendData(stream: Http2Stream, chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length) {
      const size = Math.min(chunk.length - at, defaultFrameSize, stream.sendWindow, this.#sendWindow);
      if (size <= 0) break;
      this.writer.data(stream.id, chunk, at, at + size);
      this.#guard.earn();
      stream.sendWindow -= size;
      this.#sendWindow -= size;
      at += size;
    }
    return at;
  }

  waitForWindow(stream: Http2Stream): void {
    this.#windowWaits.add(stream);
  }

  waitForDrain(stream: Http2Stream): void {
    this.#drainWaits.add(stream);
  }

  #sendWaiting(stream: Http2Stream): void {
    if (!stream.sendWaiting()) return;
    this.#windowWaits.delete(stream);
    if (this.#drainWaits.has(stream) && !this.writer.blocked) this.#drain(stream);
  }

  #onDrain(): void {
    for (const stream of [...this.#drainWaits]) this.#drain(stream);
  }

  #drain(stream: Http2Stream): void {
    this.#drainWaits.delete(stream);
    if (!stream.tryDrain()) this.#drainWaits.add(stream);
  }

  // Ends.

  /** Both sides have ended it. */
  forgetStream(stream: Http2Stream): void {
    if (this.streams.get(stream.id) !== stream) return;
    this.#drop(stream);
    stream.onForgotten();
    this.onStreamGone();
  }

  /** Without a word to the stream, which knows. */
  resetStream(id: number, code: number): void {
    const stream = this.streams.get(id);
    this.#resets.add(id);
    if (this.#resets.size > rememberedResets) this.#resets.delete(this.#resets.values().next().value as number);
    this.writer.reset(id, code);
    if (stream === undefined) return;
    this.#drop(stream);
    stream.close();
    this.onStreamGone();
  }

  /** The peer breaks the rules for this stream alone. */
  breakStream(stream: Http2Stream, code: number, message: string): void {
    this.resetStream(stream.id, code);
    stream.lose(code, false, message);
    this.onPeerReset();
  }

  #drop(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    this.#windowWaits.delete(stream);
    this.#drainWaits.delete(stream);
  }

  /** Tells the peer why, and ends the connection with all its streams. */
  protected fail({ code, message }: Http2Error): void {
    if (this.closing) return;
    this.writer.goaway(this.lastPeerStream, code, message);
    this.endConnection(message);
  }

  /** What was written leaves; nothing more is read. */
  protected endConnection(message: string): void {
    if (this.closing) return;
    this.closing = true;
    this.reader.stop();
    this.writer.flush();
    this.socket.end();
    this.deadlines.set(this.#closeDeadline, lingerMs);
    this.#loseStreams(message);
  }

  /** Cuts it. */
  destroy(): void {
    this.socket.destroy();
    this.release("the connection was ended");
  }

  /** The peer sends nothing more: it could not even give us window. */
  protected onPeerEnd(): void {
    if (this.closing) this.socket.destroy();
    else this.destroy();
  }

  protected release(message: string): void {
    if (this.closed) return;
    this.closed = true;
    this.closing = true;
    this.reader.stop();
    this.writer.close();
    this.deadlines.lift(this.#closeDeadline);
    this.#buffer.giveBack(true);
    this.onReleased();
    this.#loseStreams(message);
  }

  #loseStreams(message: string): void {
    for (const stream of [...this.streams.values()]) {
      this.#drop(stream);
      stream.lose(errorCode.cancel, false, message);
    }
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#closeDeadline) this.destroy();
    else this.onConnectionDeadline(deadline);
  }
}

const idle = (id: number): Http2Error => new Http2Error(errorCode.protocol, `stream ${id} was never opened`);
