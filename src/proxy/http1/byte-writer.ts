// Writes to a socket with as few system calls as possible: text and small chunks are collected and leave together,
// a large chunk goes as it is, behind what was collected. Text is Latin-1: one character, one byte.

import type { Socket } from "node:net";
import { latin1 } from "./bytes.js";
import { isShared } from "./read-buffers.js";

/** Up to this size copying is cheaper than a write of its own. Also node:net's mark for "wait for drain". */
const smallBytes = 16 * 1024;

export class ByteWriter {
  readonly #socket: Socket;
  #text = "";

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
      if (this.#text.length > smallBytes) this.flush();
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

  /** False: blocked. */
  flush(): boolean {
    if (this.#text !== "") {
      const text = this.#text;
      this.#text = "";
      this.#socket.write(text, "latin1");
    }
    return !this.blocked;
  }

  /** Forgets what was collected. */
  drop(): void {
    this.#text = "";
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
