// The server side of the parser: request lines, and which framing a request has (RFC 9112, 3 and 6.3).
import { latin1, minorVersionAt, SPACE, targetBytes, tokenBytes } from "./bytes.js";
import { MessageError } from "./message-error.js";
import { type BodyFraming, type MessageLimits, MessageParser } from "./message-parser.js";
import { nameOf } from "./name-cache.js";

/** Called in this order; the parser holds the head until the next request begins. */
export interface RequestHandler {
  onRequestHead(): void;
  /** Valid only during the call. */
  onRequestBody(chunk: Buffer): void;
  onRequestEnd(trailers: readonly string[]): void;
}

/** `HTTP/` and a major version, a dot, a minor version. */
const versionBytes = 8;

export class RequestParser extends MessageParser {
  method = "";
  target = "";
  /** Bytes, 0 for none, null for chunks. */
  bodyLength: number | null = 0;
  readonly #handler: RequestHandler;
  #skippedLine = false;

  constructor(limits: MessageLimits, handler: RequestHandler) {
    super(limits);
    this.#handler = handler;
  }

  override get keepsAlive(): boolean {
    return super.keepsAlive;
  }

  /** In lower case; null: none, or from a client of HTTP/1.0, which cannot mean it (RFC 9110, 10.1.1). */
  get expects(): string | null {
    return this.minorVersion === 0 ? null : this.expectation;
  }

  override next(): void {
    super.next();
    this.#skippedLine = false;
  }

  protected override onStartLine(bytes: Buffer, from: number, to: number): void {
    if (from === to) this.#skipLine();
    else this.#readRequestLine(bytes, from, to);
  }

  // One is allowed for clients that end a body with a line too many (RFC 9112, 2.2).
  #skipLine(): void {
    if (this.#skippedLine) throw new MessageError("malformed", "empty lines stand before the request line");
    this.#skippedLine = true;
  }

  #readRequestLine(bytes: Buffer, from: number, to: number): void {
    let at = from;
    let hash = 0;
    for (; at < to; at++) {
      const byte = bytes[at] as number;
      if (tokenBytes[byte] === 0) break;
      hash = (hash * 31 + byte) | 0;
    }
    if (at === from || bytes[at] !== SPACE)
      throw new MessageError("malformed", "the request line does not begin with a method");
    this.method = nameOf(bytes, from, at, hash);
    const targetFrom = at + 1;
    const targetTo = to - versionBytes - 1;
    this.#readVersion(bytes, Math.max(targetFrom, targetTo + 1), to);
    at = targetFrom;
    while (at < targetTo && targetBytes[bytes[at] as number] === 1) at++;
    if (at !== targetTo || at === targetFrom || bytes[targetTo] !== SPACE) {
      throw new MessageError("malformed", "the request target is not a URL without spaces");
    }
    this.target = latin1(bytes, targetFrom, targetTo);
    this.startFields();
  }

  #readVersion(bytes: Buffer, from: number, to: number): void {
    const minor = minorVersionAt(bytes, from);
    if (minor === -1) throw badVersion(latin1(bytes, from, to));
    this.minorVersion = minor;
  }

  protected override onFields(): BodyFraming {
    if (this.isChunked && this.minorVersion === 0)
      throw new MessageError("malformed", "HTTP/1.0 has no transfer codings");
    this.bodyLength = this.isChunked ? null : (this.contentLength ?? 0);
    return this.bodyLength ?? "chunked";
  }

  protected override onHead(): void {
    this.#handler.onRequestHead();
  }

  protected override onBody(chunk: Buffer): void {
    this.#handler.onRequestBody(chunk);
  }

  protected override onComplete(trailers: readonly string[]): void {
    this.#handler.onRequestEnd(trailers);
  }
}

function badVersion(text: string): MessageError {
  if (/^HTTP\/[0-9]\.[0-9]$/.test(text))
    return new MessageError("version", `this connection speaks HTTP/1.1 and HTTP/1.0, not ${text}`);
  return new MessageError("malformed", "the request line does not end with an HTTP version");
}
