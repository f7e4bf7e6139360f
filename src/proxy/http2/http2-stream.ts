// What a stream is on either side of the proxy (RFC 9113, 5.1 and 5.2): what it may send, what waits for the peer's
// window, and what has come and is not taken yet. Memory: at most one window of each direction, and one read.
import { Deadline, type DeadlineOwner } from "../deadlines.js";
import type { RawHeaders } from "../exchange.js";
import type { Http2Connection } from "./http2-connection.js";
import { errorCode } from "./http2-error.js";

const noFields: RawHeaders = [];

export abstract class Http2Stream implements DeadlineOwner {
  readonly id: number;
  protected readonly connection: Http2Connection;
  /** What the peer takes; below 0 after a change of its settings. */
  sendWindow: number;
  /** What the peer may send before it is told to go on. */
  receiveLeft: number;
  /** Nothing is sent any more. */
  localEnded = false;
  /** Nothing comes any more. */
  remoteEnded = false;
  closed = false;
  /** Its reader is told at the end of this read. */
  touched = false;
  /** Of the body that comes; -1: not said. */
  protected expected = -1;
  protected received = 0;
  #receivedBefore = 0;
  #unacknowledged = 0;
  #waiting: Uint8Array[] = [];
  #waitingFrom = 0;
  #endsAfter: RawHeaders | null = null;
  #wantsDrain = false;
  #queue: Buffer[] = [];
  #queued = 0;
  #reading = false;
  #paused = false;
  #delivering = false;
  #endDelivered = false;
  #trailers: RawHeaders = noFields;
  #readDeadline: Deadline | null = null;
  #writeDeadline: Deadline | null = null;

  constructor(connection: Http2Connection, id: number) {
    this.connection = connection;
    this.id = id;
    this.sendWindow = connection.initialSendWindow;
    this.receiveLeft = connection.limits.streamWindow;
  }

  protected abstract deliver(chunk: Uint8Array): void;
  /** False: it cannot take more now. */
  protected abstract deliverPause(): boolean;
  protected abstract deliverEnd(trailers: RawHeaders): void;
  /** What was written has left. */
  protected abstract onDrain(): void;
  /** The peer has ended it, or the connection is gone. */
  protected abstract onLost(code: number, isUnprocessed: boolean, message: string): void;
  /** What came is not what was said. */
  protected abstract onMalformed(message: string): void;
  /** 0: no limit. */
  protected abstract readonly stallMs: number;
  protected abstract onReadStall(): void;

  // Sending.

  /** Something of what was written waits for the peer. */
  get blocked(): boolean {
    return this.#waiting.length > 0;
  }

  protected sendData(chunk: Uint8Array): void {
    if (this.closed || this.localEnded || chunk.length === 0) return;
    const sent = this.#waiting.length > 0 ? 0 : this.connection.sendData(this, chunk, 0);
    if (sent === chunk.length) return;
    // Lent to us, so copied.
    this.#waiting.push(Uint8Array.prototype.slice.call(chunk, sent));
    this.connection.waitForWindow(this);
  }

  /** Trailers: null for none. */
  protected sendEnd(trailers: RawHeaders | null): void {
    if (this.closed || this.localEnded) return;
    if (this.#waiting.length > 0) {
      this.#endsAfter = trailers ?? noFields;
      return;
    }
    const { writer } = this.connection;
    if (trailers !== null && trailers.length > 0) writer.headers(this.id, noFields, trailers, true);
    else writer.endStream(this.id);
    this.endLocal();
  }

  protected endLocal(): void {
    this.localEnded = true;
    this.#liftDeadline(this.#writeDeadline);
    this.onLocalEnd();
    if (this.remoteEnded) this.connection.forgetStream(this);
  }

  protected onLocalEnd(): void {}

  /** False: `onDrain` follows. */
  protected canSendMore(): boolean {
    if (this.closed || (this.#waiting.length === 0 && !this.connection.writer.blocked)) return true;
    if (!this.#wantsDrain) {
      this.#wantsDrain = true;
      this.connection.waitForDrain(this);
      this.#writeDeadline ??= new Deadline(this);
      this.connection.deadlines.set(this.#writeDeadline, this.connection.limits.stallMs);
    }
    return false;
  }

  /** From the connection: the window has opened. False: it still waits. */
  sendWaiting(): boolean {
    while (this.#waiting.length > 0) {
      const chunk = this.#waiting[0] as Uint8Array;
      const sent = this.connection.sendData(this, chunk, this.#waitingFrom);
      if (sent > this.#waitingFrom && this.#writeDeadline !== null && this.#wantsDrain)
        this.connection.deadlines.set(this.#writeDeadline, this.connection.limits.stallMs);
      this.#waitingFrom = sent;
      if (sent < chunk.length) return false;
      this.#waiting.shift();
      this.#waitingFrom = 0;
    }
    if (this.#endsAfter === null) return true;
    const trailers = this.#endsAfter;
    this.#endsAfter = null;
    this.sendEnd(trailers);
    return true;
  }

  /** From the connection: the kernel takes more. */
  tryDrain(): boolean {
    if (this.#waiting.length > 0) return false;
    this.#wantsDrain = false;
    this.#liftDeadline(this.#writeDeadline);
    if (!this.closed && !this.localEnded) this.onDrain();
    return true;
  }

  // Receiving.

  receive(chunk: Buffer): void {
    if (this.closed) return;
    this.received += chunk.length;
    if (this.expected !== -1 && this.received > this.expected) {
      this.onMalformed("the body is longer than its content-length");
      return;
    }
    if (this.#reading && !this.#paused && this.#queue.length === 0) {
      this.deliver(chunk);
      this.#consumed(chunk.length);
      return;
    }
    this.#queue.push(Buffer.from(chunk));
    this.#queued += chunk.length;
  }

  /** Since it was asked last, no data came: the frame was empty. */
  isEmptyFrame(): boolean {
    const isEmpty = this.received === this.#receivedBefore;
    this.#receivedBefore = this.received;
    return isEmpty;
  }

  /** Padding, which nobody reads. */
  skip(bytes: number): void {
    if (bytes > 0 && !this.closed) this.#consumed(bytes);
  }

  endRemote(trailers: RawHeaders): void {
    if (this.closed || this.remoteEnded) return;
    if (this.expected !== -1 && this.received !== this.expected) {
      this.onMalformed("the body is shorter than its content-length");
      return;
    }
    this.remoteEnded = true;
    this.#liftDeadline(this.#readDeadline);
    this.#trailers = trailers;
    this.#tryDeliverEnd();
    if (this.localEnded) this.connection.forgetStream(this);
  }

  /** From the connection: all that was read is handed out. */
  afterRead(): void {
    this.touched = false;
    if (!this.#reading || this.#paused || this.remoteEnded || this.closed) return;
    if (!this.deliverPause()) this.pauseReading();
    else this.#awaitMore();
  }

  protected startReading(): void {
    this.#reading = true;
    this.resumeReading();
  }

  protected pauseReading(): void {
    this.#paused = true;
    this.#liftDeadline(this.#readDeadline);
  }

  protected resumeReading(): void {
    this.#paused = false;
    if (!this.#reading || this.#delivering) return;
    this.#deliverQueue();
    if (!this.#paused && !this.remoteEnded && !this.closed) this.#awaitMore();
  }

  #awaitMore(): void {
    if (this.stallMs === 0) return;
    this.#readDeadline ??= new Deadline(this);
    this.connection.deadlines.set(this.#readDeadline, this.stallMs);
  }

  #deliverQueue(): void {
    if (this.#queue.length > 0) {
      this.#delivering = true;
      while (this.#queue.length > 0 && !this.#paused && !this.closed) {
        const chunk = this.#queue.shift() as Buffer;
        this.#queued -= chunk.length;
        this.deliver(chunk);
        this.#consumed(chunk.length);
        if (!this.deliverPause()) this.#paused = true;
      }
      this.#delivering = false;
    }
    this.#tryDeliverEnd();
  }

  #tryDeliverEnd(): void {
    if (!this.remoteEnded || !this.#reading || this.#paused || this.#endDelivered || this.#queue.length > 0) return;
    this.#endDelivered = true;
    this.deliverEnd(this.#trailers);
  }

  #consumed(bytes: number): void {
    this.connection.onConsumed(bytes);
    this.#unacknowledged += bytes;
    if (this.#unacknowledged * 2 < this.connection.limits.streamWindow || this.remoteEnded || this.closed) return;
    this.connection.writer.windowUpdate(this.id, this.#unacknowledged);
    this.receiveLeft += this.#unacknowledged;
    this.#unacknowledged = 0;
  }

  // The end.

  /** Ends it towards the peer, too. */
  protected resetWith(code: number): void {
    if (!this.closed) this.connection.resetStream(this.id, code);
  }

  /** From the connection: both sides have ended it. What has come and is not taken can still be handed out. */
  onForgotten(): void {}

  /** Nothing of it is sent or read any more. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#liftDeadline(this.#readDeadline);
    this.#liftDeadline(this.#writeDeadline);
    this.#waiting = [];
    this.#queue = [];
    this.connection.onConsumed(this.#queued);
    this.#queued = 0;
  }

  lose(code: number, isUnprocessed: boolean, message: string): void {
    this.close();
    this.onLost(code, isUnprocessed, message);
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#readDeadline) {
      this.onReadStall();
      return;
    }
    this.connection.resetStream(this.id, errorCode.cancel);
    this.onLost(errorCode.cancel, false, "what was sent was not taken in time");
  }

  #liftDeadline(deadline: Deadline | null): void {
    if (deadline !== null) this.connection.deadlines.lift(deadline);
  }
}
