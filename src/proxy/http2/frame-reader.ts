// Reads frames (RFC 9113, 4 and 6) from whatever pieces the network makes of them. Knows the form of each frame and
// which may follow which, not the streams. Data is handed on as it comes; every other frame is read when it is whole.
import { defaultFrameSize, errorCode, frameFlag, frameType, Http2Error } from "./http2-error.js";

export interface FrameSink {
  /** A whole header block. Valid during the call. */
  onHeaders(stream: number, bytes: Buffer, from: number, to: number, endStream: boolean): void;
  /** A frame of data begins; `length` with its padding. */
  onDataFrame(stream: number, length: number): void;
  /** Valid during the call. */
  onData(stream: number, chunk: Buffer): void;
  /** The frame is whole; `padding` bytes of it were no data. */
  onDataEnd(stream: number, padding: number, endStream: boolean): void;
  onReset(stream: number, code: number): void;
  onSettings(bytes: Buffer, from: number, to: number): void;
  onSettingsAck(): void;
  onPing(bytes: Buffer, from: number, isAck: boolean): void;
  onGoaway(lastStream: number, code: number): void;
  /** Of the connection: stream 0. */
  onWindowUpdate(stream: number, increment: number): void;
  /** Breaks the rules for this stream alone. */
  onStreamError(stream: number, code: number): void;
  /** A frame without effect: priority, or of a type that nobody knows. */
  onIdleFrame(): void;
}

export interface FrameLimits {
  /** Of a header block, compressed. */
  readonly blockBytes: number;
  /** CONTINUATION frames of one block. */
  readonly continuations: number;
}

const headBytes = 9;
/** The fixed sizes of whole frames, by type; 0: others. */
const fixedSizes: readonly number[] = [0, 0, 5, 4, 0, 0, 8, 0, 4, 0];

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #limits: FrameLimits;
  /** The beginning of a frame whose end has not come. */
  #carry: Buffer | null = null;
  #stopped = false;
  /** The first frame has come, which must be SETTINGS (section 3.4). */
  #begun = false;
  // Of the data frame at hand.
  #inData = false;
  #stream = 0;
  #endStream = false;
  #dataLeft = 0;
  #padding = 0;
  #paddingLeft = 0;
  // Of the header block at hand: parts, until its end comes.
  #blockStream = 0;
  #blockEndsStream = false;
  #block: Buffer[] = [];
  #blockBytes = 0;

  constructor(sink: FrameSink, limits: FrameLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** In the middle of a frame that is no data, or of a header block. */
  get inHead(): boolean {
    return this.#carry !== null || this.#blockStream !== 0;
  }

  /** Reads nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#carry = null;
    this.#block = [];
  }

  /** Throws Http2Error. */
  feed(bytes: Buffer, from: number, to: number): void {
    const carry = this.#carry;
    if (carry === null) {
      this.#read(bytes, from, to);
      return;
    }
    this.#carry = null;
    const joined = Buffer.concat([carry, bytes.subarray(from, to)]);
    this.#read(joined, 0, joined.length);
  }

  #read(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && !this.#stopped) {
      const next = this.#inData ? this.#readData(bytes, at, to) : this.#readFrame(bytes, at, to);
      if (next === at) break;
      at = next;
    }
    if (at < to && !this.#stopped) this.#carry = Buffer.from(bytes.subarray(at, to));
  }

  /** Returns where it stopped: `at`, when the frame is not whole. */
  #readFrame(bytes: Buffer, at: number, to: number): number {
    if (to - at < headBytes) return at;
    const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    const type = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    const stream = readUint31(bytes, at + 5);
    this.#checkHead(length, type, flags, stream);
    const body = at + headBytes;
    if (type === frameType.data) return this.#beginData(bytes, body, { length, flags, stream, to }) ?? at;
    if (to - body < length) return at;
    this.#onFrame(type, flags, stream, bytes, body, body + length);
    return body + length;
  }

  // Before the frame is whole, so that none is waited for that will be refused.
  #checkHead(length: number, type: number, flags: number, stream: number): void {
    if (length > defaultFrameSize) throw new Http2Error(errorCode.frameSize, `a frame has ${length} bytes`);
    if (!this.#begun && (type !== frameType.settings || (flags & frameFlag.ack) !== 0))
      throw new Http2Error(errorCode.protocol, "the first frame is not SETTINGS");
    this.#begun = true;
    const continues = type === frameType.continuation;
    if (this.#blockStream !== 0 && !(continues && stream === this.#blockStream))
      throw new Http2Error(errorCode.protocol, "a header block is interrupted by another frame");
    if (continues && this.#blockStream === 0)
      throw new Http2Error(errorCode.protocol, "a CONTINUATION follows no header block");
    if (type > frameType.continuation) return;
    checkStream(type, stream);
    const fixed = fixedSizes[type] as number;
    // Of PRIORITY it is the stream's error, see below.
    if (fixed !== 0 && length !== fixed && type !== frameType.priority)
      throw new Http2Error(errorCode.frameSize, `a frame of type ${type} has ${length} bytes`);
    if (type === frameType.settings) checkSettings(length, flags);
    if (type === frameType.goaway && length < 8) throw new Http2Error(errorCode.frameSize, "a GOAWAY is too short");
  }

  /** Undefined: its first byte is wanted and not there. */
  #beginData(
    bytes: Buffer,
    body: number,
    { length, flags, stream, to }: { length: number; flags: number; stream: number; to: number },
  ): number | undefined {
    const isPadded = (flags & frameFlag.padded) !== 0;
    if (isPadded && length === 0) throw new Http2Error(errorCode.frameSize, "a padded frame is empty");
    if (isPadded && body === to) return undefined;
    const padding = isPadded ? (bytes[body] as number) + 1 : 0;
    if (padding > length) throw new Http2Error(errorCode.protocol, "the padding is longer than the frame");
    this.#inData = true;
    this.#stream = stream;
    this.#endStream = (flags & frameFlag.endStream) !== 0;
    this.#dataLeft = length - padding;
    this.#padding = padding;
    this.#paddingLeft = isPadded ? padding - 1 : 0;
    this.#sink.onDataFrame(stream, length);
    if (this.#dataLeft + this.#paddingLeft === 0) this.#endData();
    return isPadded ? body + 1 : body;
  }

  #readData(bytes: Buffer, from: number, to: number): number {
    let at = from;
    if (this.#dataLeft > 0) {
      const part = Math.min(this.#dataLeft, to - at);
      this.#dataLeft -= part;
      this.#sink.onData(this.#stream, bytes.subarray(at, at + part));
      at += part;
    }
    const skipped = Math.min(this.#paddingLeft, to - at);
    this.#paddingLeft -= skipped;
    if (this.#dataLeft + this.#paddingLeft === 0) this.#endData();
    return at + skipped;
  }

  #endData(): void {
    this.#inData = false;
    this.#sink.onDataEnd(this.#stream, this.#padding, this.#endStream);
  }

  #onFrame(type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number): void {
    switch (type) {
      case frameType.headers:
        this.#onHeaders(flags, stream, bytes, from, to);
        break;
      case frameType.continuation:
        this.#onFragment(flags, bytes, from, to);
        break;
      case frameType.reset:
        this.#sink.onReset(stream, bytes.readUInt32BE(from));
        break;
      case frameType.settings:
        if ((flags & frameFlag.ack) !== 0) this.#sink.onSettingsAck();
        else this.#sink.onSettings(bytes, from, to);
        break;
      case frameType.ping:
        this.#sink.onPing(bytes, from, (flags & frameFlag.ack) !== 0);
        break;
      case frameType.goaway:
        this.#sink.onGoaway(readUint31(bytes, from), bytes.readUInt32BE(from + 4));
        break;
      case frameType.windowUpdate:
        this.#sink.onWindowUpdate(stream, readUint31(bytes, from));
        break;
      case frameType.pushPromise:
        // Clients may not push, and servers were told not to.
        throw new Http2Error(errorCode.protocol, "a PUSH_PROMISE was not asked for");
      case frameType.priority:
        this.#onPriority(stream, bytes, from, to);
        break;
      default:
        this.#sink.onIdleFrame();
    }
  }

  #onPriority(stream: number, bytes: Buffer, from: number, to: number): void {
    if (to - from !== 5) this.#sink.onStreamError(stream, errorCode.frameSize);
    else if (readUint31(bytes, from) === stream) this.#sink.onStreamError(stream, errorCode.protocol);
    else this.#sink.onIdleFrame();
  }

  #onHeaders(flags: number, stream: number, bytes: Buffer, from: number, end: number): void {
    let at = from;
    let to = end;
    if ((flags & frameFlag.padded) !== 0) {
      if (at === to) throw new Http2Error(errorCode.frameSize, "a padded frame is empty");
      to -= bytes[at++] as number;
      if (to < at) throw new Http2Error(errorCode.protocol, "the padding is longer than the frame");
    }
    if ((flags & frameFlag.priority) !== 0) {
      if (to - at < 5) throw new Http2Error(errorCode.frameSize, "a HEADERS frame is too short for its priority");
      // Refused as a whole, and read all the same: the peer's table has changed.
      if (readUint31(bytes, at) === stream) this.#sink.onStreamError(stream, errorCode.protocol);
      at += 5;
    }
    const endStream = (flags & frameFlag.endStream) !== 0;
    if ((flags & frameFlag.endHeaders) !== 0) {
      this.#sink.onHeaders(stream, bytes, at, to, endStream);
      return;
    }
    this.#blockStream = stream;
    this.#blockEndsStream = endStream;
    this.#blockBytes = 0;
    this.#onFragment(flags, bytes, at, to);
  }

  #onFragment(flags: number, bytes: Buffer, from: number, to: number): void {
    const { blockBytes, continuations } = this.#limits;
    this.#blockBytes += to - from;
    this.#block.push(Buffer.from(bytes.subarray(from, to)));
    if (this.#blockBytes > blockBytes || this.#block.length > continuations + 1)
      throw new Http2Error(errorCode.enhanceYourCalm, "a header block is larger than the limit");
    if ((flags & frameFlag.endHeaders) === 0) return;
    const block = Buffer.concat(this.#block);
    const stream = this.#blockStream;
    this.#block = [];
    this.#blockStream = 0;
    this.#sink.onHeaders(stream, block, 0, block.length, this.#blockEndsStream);
  }
}

/** Without the bit that is reserved. */
function readUint31(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) & 127) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function checkStream(type: number, stream: number): void {
  const ofConnection = type === frameType.settings || type === frameType.ping || type === frameType.goaway;
  if (type === frameType.windowUpdate || ofConnection === (stream === 0)) return;
  throw new Http2Error(errorCode.protocol, `a frame of type ${type} is sent on stream ${stream}`);
}

function checkSettings(length: number, flags: number): void {
  const isAck = (flags & frameFlag.ack) !== 0;
  if (isAck ? length !== 0 : length % 6 !== 0)
    throw new Http2Error(errorCode.frameSize, `a SETTINGS frame has ${length} bytes`);
}
