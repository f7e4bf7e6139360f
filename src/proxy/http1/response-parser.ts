// The client side of the parser: status lines, interim answers, and which framing an answer has (RFC 9112, 4 and 6.3).
import { minorVersionAt, SPACE } from "./bytes.js";
import { MessageError } from "./message-error.js";
import { type BodyFraming, type MessageLimits, MessageParser } from "./message-parser.js";

/** Called in this order, `onInterim` any number of times before the rest. */
export interface ResponseHandler {
  /** 1xx. */
  onInterim(status: number, headers: readonly string[]): void;
  onResponseHead(status: number, headers: readonly string[]): void;
  /** Valid only during the call. */
  onResponseBody(chunk: Buffer): void;
  onResponseEnd(trailers: readonly string[]): void;
}

/** Before one answer: far more than anybody has a use for. */
const maxInterim = 16;

export class ResponseParser extends MessageParser {
  status = 0;
  readonly #handler: ResponseHandler;
  #isHead = false;
  #switches = false;
  #interim = 0;
  #untilClose = false;

  constructor(limits: MessageLimits, handler: ResponseHandler) {
    super(limits);
    this.#handler = handler;
  }

  /** For the answer to a request with this method. `switches`: it asked for another protocol. */
  expect(method: string, switches = false): void {
    this.next();
    this.#switches = switches;
    this.#isHead = method === "HEAD";
    this.#interim = 0;
  }

  /** Whether the connection may be used again after this answer. */
  get reusable(): boolean {
    return this.keepsAlive && !this.#untilClose;
  }

  protected override onStartLine(bytes: Buffer, from: number, to: number): void {
    const minor = minorVersionAt(bytes, from);
    if (to - from < 12 || minor === -1) {
      throw new MessageError("malformed", "the status line does not begin with HTTP/1.1");
    }
    this.minorVersion = minor;
    this.status = statusAt(bytes, from + 9);
    // Without a reason phrase the space before it is often left out.
    const isAlone = to - from === 12 || bytes[from + 12] === SPACE;
    if (bytes[from + 8] !== SPACE || this.status === -1 || !isAlone) {
      throw new MessageError("malformed", "the status line has no status of three digits");
    }
    this.startFields();
  }

  protected override onFields(): BodyFraming {
    const { status } = this;
    this.#untilClose = false;
    if (status === 101) return this.#onSwitch();
    if (this.#isHead || status < 200 || status === 204 || status === 304) return 0;
    if (this.isChunked) {
      if (this.minorVersion === 0) throw new MessageError("malformed", "HTTP/1.0 has no transfer codings");
      return "chunked";
    }
    if (this.contentLength !== null) return this.contentLength;
    this.#untilClose = true;
    return "until-close";
  }

  /** What follows is no HTTP. */
  #onSwitch(): BodyFraming {
    if (!this.#switches) throw new MessageError("malformed", "it switches protocols unasked");
    this.#untilClose = true;
    return "until-close";
  }

  get #isFinal(): boolean {
    return this.status >= 200 || this.status === 101;
  }

  protected override onHead(): void {
    if (this.#isFinal) this.#handler.onResponseHead(this.status, this.headers);
    else this.#onInterim();
  }

  protected override onBody(chunk: Buffer): void {
    this.#handler.onResponseBody(chunk);
  }

  protected override onComplete(trailers: readonly string[]): void {
    if (this.#isFinal) this.#handler.onResponseEnd(trailers);
    else this.next();
  }

  #onInterim(): void {
    if (++this.#interim > maxInterim) throw new MessageError("malformed", "it sends interim answers without end");
    this.#handler.onInterim(this.status, this.headers);
  }
}

/** -1: not a status from 100 to 999. */
function statusAt(bytes: Buffer, at: number): number {
  let status = 0;
  for (let index = at; index < at + 3; index++) {
    const digit = (bytes[index] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    status = status * 10 + digit;
  }
  return status >= 100 ? status : -1;
}
