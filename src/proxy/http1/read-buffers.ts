// Where the network's bytes are read into. All connections of a worker share one buffer, because what is in it is
// used up before the next read; a connection in the middle of a large body has one of its own for that time, so that
// parts of the body are passed on without a copy. Idle connections hold no memory.

/** Of one read. */
const sharedBytes = 64 * 1024;
/** Of one read within a large body. Fits one of 64 KiB with its head. */
const ownBytes = 128 * 1024;
/** Own buffers that are kept for the next large body. */
const maxSpare = 64;

const shared = Buffer.allocUnsafeSlow(sharedBytes);
const spare: Buffer[] = [];

/** Whether the bytes will be overwritten by the next read of any connection. */
export function isShared(bytes: Uint8Array): boolean {
  return bytes.buffer === shared.buffer;
}

export class ReadBuffer {
  #own: Buffer | null = null;
  #current: Buffer | null = null;

  /** For node:net, before the first read and after each: undefined leaves the buffer as it is. */
  next(): Buffer | undefined {
    const wanted = this.#own ?? shared;
    if (wanted === this.#current) return undefined;
    this.#current = wanted;
    return wanted;
  }

  /** A large body comes. */
  takeOwn(): void {
    this.#own ??= spare.pop() ?? Buffer.allocUnsafeSlow(ownBytes);
  }

  /** `lent`: somebody may still be sending from it, so it is not given to another connection. */
  giveBack(lent: boolean): void {
    const own = this.#own;
    if (own === null) return;
    this.#own = null;
    if (!lent && spare.length < maxSpare) spare.push(own);
  }
}
