// Writes to a socket with as few system calls as possible: text and small chunks are collected and leave together,
// a large chunk goes as it is, behind what was collected. Text is Latin-1: one character, one byte.
// What is flushed leaves when everything that has arrived at this worker was looked at, all of it in one go: whoever
// waits for the first of many writes is awake for the others then, and to wake somebody costs more than the write.

import type { Socket } from "node:net";
import { latin1 } from "./bytes.js";
import { isShared } from "./read-buffers.js";

/** Up to this size copying is cheaper than a write of its own. Also node:net's mark for "wait for drain". */
const smallBytes = 16 * 1024;

/** Those with something to send in this turn of the event loop. */
const flushed: ByteWriter[] = [];

export class ByteWriter {
  readonly #socket: Socket;
  #text = "";
  #isFlushed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Something was written that the kernel has not taken. `drain` follows. */
  get blocked(): boolean {
    return this.#socket.writableLength > 0 && this.#socket.writableNeedDrain;
  }

  add(text: string): void {
    this.#text += text;
  }

  /** `chunk`, with `before` and `after` around it. Lent until this writer is not blocked. */
  addChunk(chunk: Uint8Array, before: string, after: string): void {
    const bytes = asBuffer(chunk);
    if (bytes.length <= smallBytes) {
      this.#text += `${before}${latin1(bytes, 0, bytes.length)}${after}`;
      if (this.#text.length > smallBytes) this.send();
      return;
    }
    const socket = this.#socket;
    const text = this.#text + before;
    this.#text = "";
    socket.cork();
    if (text !== "") socket.write(text, "latin1");
    socket.write(isShared(bytes) ? Buffer.from(bytes) : bytes);
    if (after !== "") socket.write(after, "latin1");
    socket.uncork();
  }

  /** What was collected leaves in this turn of the event loop. False: blocked. */
  flush(): boolean {
    if (this.#text !== "" && !this.#isFlushed) {
      this.#isFlushed = true;
      if (flushed.push(this) === 1) setImmediate(sendFlushed);
    }
    return !this.blocked;
  }

  /** What was flushed leaves now, because the socket is about to be destroyed. */
  settle(): void {
    if (this.#isFlushed) this.send();
  }

  /** What was collected leaves now, because the socket's end comes next. */
  send(): void {
    this.#isFlushed = false;
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#socket.write(text, "latin1");
  }
}

function sendFlushed(): void {
  // By index: sending may make others ready.
  for (let index = 0; index < flushed.length; index++) (flushed[index] as ByteWriter).send();
  flushed.length = 0;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
