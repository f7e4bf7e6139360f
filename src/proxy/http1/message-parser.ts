// Reads one HTTP/1.1 message after the other from whatever pieces the network makes of them. What requests and
// answers have in common is here: lines, fields, the three kinds of body. Strict, and no byte is read twice.
// Nothing is kept of the bytes but an unfinished line; body parts are valid only during the call.
import { headerKind } from "../header-kinds.js";
import { COLON, CR, hexDigits, latin1, lineEnd, parseDecimal, SEMICOLON, SPACE, TAB, tokenBytes } from "./bytes.js";
import { MessageError } from "./message-error.js";
import { nameOf } from "./name-cache.js";

/** Bytes, 0 for none; or by chunks; or until the connection ends. */
export type BodyFraming = number | "chunked" | "until-close";

export interface MessageLimits {
  /** Of the first line alone. */
  readonly startLineBytes: number;
  /** First line and fields; and the trailer fields, counted anew. */
  readonly headBytes: number;
  /** Fields; and trailer fields, counted anew. */
  readonly fields: number;
  readonly bodyBytes: number;
}

type State =
  | "start-line"
  | "fields"
  | "fixed"
  | "chunk-size"
  | "chunk-data"
  | "chunk-end"
  | "trailers"
  | "until-close"
  /** Nothing more is read before `next`. */
  | "complete";

/** Of a line that says the size of a chunk: far more than any real extension needs. */
const chunkLineBytes = 512;
/** Where there are none, and never will be. Not written to. */
const nothing: string[] = [];

export abstract class MessageParser {
  /** Reads nothing until it is false again. */
  paused = false;
  /** 0 or 1. */
  minorVersion = 1;
  headers: string[] = [];
  readonly #limits: MessageLimits;
  #state: State = "start-line";
  /** The beginning of a line whose end has not come. */
  #carry: Buffer | null = null;
  /** Of the line at hand, already looked at. */
  #scanned = 0;
  #headBytes = 0;
  #left = 0;
  #bodyBytes = 0;
  #trailers: string[] = nothing;
  // What the fields say about the message as a whole.
  #contentLength = -1;
  #isChunked = false;
  #saysClose = false;
  #saysKeepAlive = false;
  #expectation: string | null = null;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  protected abstract onStartLine(bytes: Buffer, from: number, to: number): void;
  /** All fields are there. Says how the body is framed. */
  protected abstract onFields(): BodyFraming;
  /** The head is read and valid. */
  protected abstract onHead(): void;
  protected abstract onBody(chunk: Buffer): void;
  protected abstract onComplete(trailers: readonly string[]): void;

  /** A part of a message was read. */
  get begun(): boolean {
    return this.#state !== "start-line" || this.#carry !== null;
  }

  get complete(): boolean {
    return this.#state === "complete";
  }

  /** Reads until the message is complete at most; returns where it stopped. Throws MessageError. */
  feed(bytes: Buffer, from: number, to: number): number {
    const carry = this.#carry;
    if (carry === null) return this.#read(bytes, from, to);
    this.#carry = null;
    const joined = Buffer.concat([carry, bytes.subarray(from, to)]);
    return from + this.#read(joined, 0, joined.length) - carry.length;
  }

  /** The connection has ended. False: in the middle of a message. */
  end(): boolean {
    if (this.#state !== "until-close") return !this.begun || this.complete;
    this.#finish();
    return true;
  }

  /** Ready for the next message. */
  next(): void {
    this.#state = "start-line";
    this.#carry = null;
    this.#scanned = 0;
    this.#headBytes = 0;
    this.#bodyBytes = 0;
    this.headers = [];
    this.#contentLength = -1;
    this.#isChunked = false;
    this.#saysClose = false;
    this.#saysKeepAlive = false;
    this.#expectation = null;
  }

  /** Forgets the message: the parser of an idle connection must not keep it alive. */
  rest(): void {
    this.headers = nothing;
    this.#trailers = nothing;
  }

  /** Reads nothing any more. */
  stop(): void {
    this.#state = "complete";
    this.#carry = null;
  }

  /** Null: no Content-Length. */
  protected get contentLength(): number | null {
    return this.#contentLength === -1 ? null : this.#contentLength;
  }

  protected get isChunked(): boolean {
    return this.#isChunked;
  }

  /** In lower case; null: none. */
  protected get expectation(): string | null {
    return this.#expectation;
  }

  /** Whether the sender lets the connection be used again (RFC 9112, 9.3). */
  protected get keepsAlive(): boolean {
    return !this.#saysClose && (this.minorVersion === 1 || this.#saysKeepAlive);
  }

  #read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && !this.paused && this.#state !== "complete") {
      switch (this.#state) {
        case "fixed":
        case "chunk-data":
          at = this.#readBody(bytes, at, to);
          break;
        case "until-close":
          this.#emitBody(bytes, at, to);
          return to;
        default: {
          if (this.#state === "chunk-end" && bytes[at] !== CR) throw overlongChunk();
          const end = lineEnd(bytes, at + this.#scanned, to);
          if (end === -1) return this.#keep(bytes, at, to);
          this.#scanned = 0;
          this.#onLine(bytes, at, end);
          at = end + 2;
        }
      }
    }
    return at;
  }

  // The last byte is looked at again: it may be a CR.
  #keep(bytes: Buffer, from: number, to: number): number {
    const length = to - from;
    this.#checkLine(length);
    this.#carry = Buffer.from(bytes.subarray(from, to));
    this.#scanned = length - 1;
    return to;
  }

  #onLine(bytes: Buffer, from: number, to: number): void {
    this.#checkLine(to - from);
    switch (this.#state) {
      case "start-line":
        this.#headBytes += to - from + 2;
        this.onStartLine(bytes, from, to);
        break;
      case "fields":
        if (from === to) this.#beginBody();
        else this.#onField(bytes, from, to, this.headers);
        break;
      case "chunk-size":
        this.#onChunkSize(bytes, from, to);
        break;
      case "chunk-end":
        this.#state = "chunk-size";
        break;
      default:
        if (from === to) this.#finish();
        else this.#onField(bytes, from, to, this.#trailers);
    }
  }

  // Also of a line that has not ended: an endless one is refused as soon as it is too long.
  #checkLine(length: number): void {
    switch (this.#state) {
      case "start-line":
        if (length > this.#limits.startLineBytes)
          throw new MessageError("start-line-too-long", "its first line is too long");
        break;
      case "chunk-size":
        if (length > chunkLineBytes)
          throw new MessageError("malformed", "the line with the size of a chunk is too long");
        break;
      case "chunk-end":
        break;
      default:
        if (this.#headBytes + length + 2 > this.#limits.headBytes)
          throw new MessageError("head-too-large", "its fields are too large");
    }
  }

  protected startFields(): void {
    this.#state = "fields";
  }

  #onField(bytes: Buffer, from: number, to: number, into: string[]): void {
    this.#headBytes += to - from + 2;
    if (into.length >= 2 * this.#limits.fields) throw new MessageError("head-too-large", "it has too many fields");
    let at = from;
    let hash = 0;
    for (; at < to; at++) {
      const byte = bytes[at] as number;
      if (tokenBytes[byte] === 0) break;
      hash = (hash * 31 + byte) | 0;
    }
    if (at === to || bytes[at] !== COLON || at === from)
      throw new MessageError("malformed", badField(bytes, from, at, to));
    const name = nameOf(bytes, from, at, hash);
    const value = fieldValue(bytes, at + 1, to);
    into.push(name, value);
    if (into === this.headers) this.#note(name, value, bytes[to - 1] === TAB);
  }

  #note(name: string, value: string, endsWithTab: boolean): void {
    switch (headerKind(name)) {
      case "content-length":
        if (this.#contentLength !== -1) throw new MessageError("malformed", "Content-Length stands there twice");
        this.#contentLength = parseDecimal(value, Number.MAX_SAFE_INTEGER);
        if (this.#contentLength === -1) throw new MessageError("malformed", "Content-Length is not a plain number");
        break;
      case "transfer-encoding":
        // A tab behind it is white space (RFC 9110, 5.6.3), and to llhttp a part of another coding.
        if (this.#isChunked || value.toLowerCase() !== "chunked" || endsWithTab)
          throw new MessageError("malformed", "the only transfer coding that is supported is chunked, said once");
        this.#isChunked = true;
        break;
      case "connection":
        this.#noteConnection(value.toLowerCase());
        break;
      case "expect":
        this.#expectation =
          this.#expectation === null ? value.toLowerCase() : `${this.#expectation}, ${value.toLowerCase()}`;
        break;
      default:
    }
  }

  #noteConnection(value: string): void {
    if (value === "keep-alive") this.#saysKeepAlive = true;
    else if (value === "close") this.#saysClose = true;
    else {
      for (const option of value.split(",")) {
        if (option.trim() === "close") this.#saysClose = true;
        else if (option.trim() === "keep-alive") this.#saysKeepAlive = true;
      }
    }
  }

  #beginBody(): void {
    if (this.#isChunked && this.#contentLength !== -1)
      throw new MessageError("malformed", "Content-Length and Transfer-Encoding exclude one another");
    const framing = this.onFields();
    if (typeof framing === "number" && framing > this.#limits.bodyBytes) throw tooLarge();
    // Set first: whoever gets the head may stop the parser.
    this.#state = framing === "chunked" ? "chunk-size" : framing === "until-close" ? "until-close" : "fixed";
    this.#left = typeof framing === "number" ? framing : 0;
    this.#trailers = framing === "chunked" ? [] : nothing;
    this.onHead();
    if (framing === 0 && !this.complete) this.#finish();
  }

  #readBody(bytes: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.#left);
    this.#left -= end - from;
    const wasFixed = this.#state === "fixed";
    this.#emitBody(bytes, from, end);
    if (this.#left > 0 || this.complete) return end;
    if (wasFixed) this.#finish();
    else this.#state = "chunk-end";
    return end;
  }

  #emitBody(bytes: Buffer, from: number, to: number): void {
    this.#bodyBytes += to - from;
    if (this.#bodyBytes > this.#limits.bodyBytes) throw tooLarge();
    this.onBody(bytes.subarray(from, to));
  }

  // Extensions are ignored, as RFC 9112, 7.1.1 demands of whoever does not know them.
  #onChunkSize(bytes: Buffer, from: number, to: number): void {
    let size = 0;
    let at = from;
    for (; at < to; at++) {
      const digit = hexDigits[bytes[at] as number] as number;
      if (digit === 255) break;
      size = size * 16 + digit;
      if (size > this.#limits.bodyBytes) throw tooLarge();
    }
    if (at === from) throw new MessageError("malformed", "the size of a chunk is not a hexadecimal number");
    if (at < to && !isExtension(bytes, at, to))
      throw new MessageError("malformed", "the size of a chunk is not a hexadecimal number");
    this.#left = size;
    this.#state = size === 0 ? "trailers" : "chunk-data";
    if (size === 0) this.#headBytes = 0;
  }

  #finish(): void {
    this.#state = "complete";
    this.onComplete(this.#trailers);
  }
}

function isExtension(bytes: Buffer, from: number, to: number): boolean {
  let at = from;
  while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at < to && bytes[at] === SEMICOLON;
}

const overlongChunk = (): MessageError => new MessageError("malformed", "a chunk is longer than its size");
const tooLarge = (): MessageError => new MessageError("body-too-large", "its body is too large");

function fieldValue(bytes: Buffer, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && (bytes[start] === SPACE || bytes[start] === TAB)) start++;
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
  return start === end ? "" : latin1(bytes, start, end);
}

function badField(bytes: Buffer, from: number, at: number, to: number): string {
  if (at === to) return "a field has no colon";
  const byte = bytes[at];
  if (byte !== SPACE && byte !== TAB) return at === from ? "a field has no name" : "the name of a field is not a token";
  return at === from ? "a field is folded over two lines" : "white space stands before the colon of a field";
}
