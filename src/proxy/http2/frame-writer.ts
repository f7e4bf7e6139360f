// Writes frames to a socket: all that one turn of the event loop brings is collected in one buffer, which a connection
// has only while something is in it.
import type { Socket } from "node:net";
import type { RawHeaders } from "../exchange.js";
import { fieldBound, HpackEncoder } from "./hpack-encoder.js";
import { defaultFrameSize, frameFlag, frameType } from "./http2-error.js";
import { atTurnEnd, type TurnEnd } from "./turn-end.js";

const headBytes = 9;
const bufferBytes = 64 * 1024;
const maxSpare = 16;
const spare: Buffer[] = [];

export class FrameWriter implements TurnEnd {
  readonly encoder = new HpackEncoder();
  readonly #socket: Socket;
  #out: Buffer | null = null;
  #at = 0;
  #scheduled = false;
  #closed = false;
  /** Of the last frame, where its end may still be marked: stream and place of the flags. 0: none. */
  #openStream = 0;
  #openFlags = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The kernel has not taken all. `drain` of the socket follows. */
  get blocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Bytes that are not with the kernel yet. */
  get pending(): number {
    return this.#socket.writableLength + this.#at;
  }

  onTurnEnd(): void {
    this.#scheduled = false;
    this.flush();
  }

  flush(): void {
    const out = this.#out;
    if (out === null) return;
    this.#out = null;
    this.#openStream = 0;
    const length = this.#at;
    this.#at = 0;
    if (this.#closed) return;
    this.#socket.write(out.subarray(0, length));
    // Taken at once, as nearly always: nobody looks at the bytes any more.
    if (this.#socket.writableLength === 0 && out.length === bufferBytes && spare.length < maxSpare) spare.push(out);
  }

  /** Nothing leaves any more. */
  close(): void {
    this.#closed = true;
    this.#out = null;
    this.#at = 0;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length).set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** At most one frame's worth of data. */
  data(stream: number, chunk: Uint8Array, from: number, to: number): void {
    const length = to - from;
    const out = this.#head(length, frameType.data, 0, stream);
    this.#openStream = stream;
    this.#openFlags = this.#at - 5;
    if (length < 64) for (let index = 0; index < length; index++) out[this.#at + index] = chunk[from + index] as number;
    else out.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.#at);
    this.#at += length;
  }

  /** The last frame of the stream is the last one: marks it, where it has not left yet. */
  endStream(stream: number): void {
    if (this.#openStream === stream && this.#out !== null) {
      this.#out[this.#openFlags] = (this.#out[this.#openFlags] as number) | frameFlag.endStream;
      this.#openStream = 0;
    } else this.#head(0, frameType.data, frameFlag.endStream, stream);
  }

  /** `pseudo` first; names and values in pairs, in any spelling. */
  headers(stream: number, pseudo: RawHeaders, fields: RawHeaders, endStream: boolean): void {
    const bound = boundOf(pseudo) + boundOf(fields) + 16;
    const flags = endStream ? frameFlag.endStream : 0;
    if (bound > defaultFrameSize) {
      this.#longHeaders(stream, this.#encode(Buffer.allocUnsafe(bound), 0, pseudo, fields), flags);
      return;
    }
    const out = this.#room(headBytes + bound);
    const start = this.#at;
    const length = this.#encode(out, start + headBytes, pseudo, fields).length;
    this.#head(length, frameType.headers, flags | frameFlag.endHeaders, stream);
    this.#openStream = endStream ? 0 : stream;
    this.#openFlags = start + 4;
    this.#at += length;
  }

  reset(stream: number, code: number): void {
    this.#uint32(this.#head(4, frameType.reset, 0, stream), code);
  }

  windowUpdate(stream: number, increment: number): void {
    this.#uint32(this.#head(4, frameType.windowUpdate, 0, stream), increment);
  }

  /** Id, value, id, value … */
  settings(pairs: readonly number[]): void {
    const out = this.#head((pairs.length / 2) * 6, frameType.settings, 0, 0);
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      this.#at = out.writeUInt16BE(pairs[index] as number, this.#at);
      this.#uint32(out, pairs[index + 1] as number);
    }
  }

  settingsAck(): void {
    this.#head(0, frameType.settings, frameFlag.ack, 0);
  }

  ping(bytes: Uint8Array, from: number, isAck: boolean): void {
    const out = this.#head(8, frameType.ping, isAck ? frameFlag.ack : 0, 0);
    for (let index = 0; index < 8; index++) out[this.#at++] = bytes[from + index] as number;
  }

  goaway(lastStream: number, code: number, message = ""): void {
    const out = this.#head(8 + message.length, frameType.goaway, 0, 0);
    this.#uint32(out, lastStream);
    this.#uint32(out, code);
    this.#at += out.write(message, this.#at, "latin1");
  }

  #encode(out: Buffer, at: number, pseudo: RawHeaders, fields: RawHeaders): Buffer {
    const { encoder } = this;
    encoder.begin(out, at);
    for (let index = 0; index + 1 < pseudo.length; index += 2)
      encoder.field(pseudo[index] as string, pseudo[index + 1] as string);
    for (let index = 0; index + 1 < fields.length; index += 2)
      encoder.field(fields[index] as string, fields[index + 1] as string);
    return out.subarray(at, encoder.end());
  }

  #longHeaders(stream: number, block: Buffer, flags: number): void {
    let from = 0;
    do {
      const to = Math.min(block.length, from + defaultFrameSize);
      const isLast = to === block.length ? frameFlag.endHeaders : 0;
      const type = from === 0 ? frameType.headers : frameType.continuation;
      const out = this.#head(to - from, type, isLast | (from === 0 ? flags : 0), stream);
      out.set(block.subarray(from, to), this.#at);
      this.#at += to - from;
      from = to;
    } while (from < block.length);
  }

  /** Its body is written by the caller, and has its room. */
  #head(length: number, type: number, flags: number, stream: number): Buffer {
    const out = this.#room(headBytes + length);
    const at = this.#at;
    this.#openStream = 0;
    out[at] = length >>> 16;
    out[at + 1] = length >>> 8;
    out[at + 2] = length;
    out[at + 3] = type;
    out[at + 4] = flags;
    out[at + 5] = stream >>> 24;
    out[at + 6] = stream >>> 16;
    out[at + 7] = stream >>> 8;
    out[at + 8] = stream;
    this.#at = at + headBytes;
    return out;
  }

  #uint32(out: Buffer, value: number): void {
    this.#at = out.writeUInt32BE(value, this.#at);
  }

  /** A buffer with so many bytes free. */
  #room(bytes: number): Buffer {
    if (this.#out !== null && this.#at + bytes > this.#out.length) this.flush();
    if (!this.#scheduled && !this.#closed) {
      this.#scheduled = true;
      atTurnEnd(this);
    }
    this.#out ??= spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
    return this.#out;
  }
}

function boundOf(fields: RawHeaders): number {
  let bound = 0;
  for (let index = 0; index + 1 < fields.length; index += 2)
    bound += fieldBound(fields[index] as string, fields[index + 1] as string);
  return bound;
}
