// The framing of a body that goes out: by its length, in chunks, until the connection ends, or none at all. What it
// says it sends is what it sends: too much is a fault of ours and throws, too little is told by `end`.
import type { RawHeaders } from "../exchange.js";
import { headerKind } from "../header-kinds.js";
import type { ByteWriter } from "./byte-writer.js";
import type { BodyFraming } from "./message-parser.js";

export class OutgoingBody {
  readonly #writer: ByteWriter;
  readonly #framing: BodyFraming | "none";
  #left: number;

  /** `none`: what is written is left out (an answer to HEAD). */
  constructor(writer: ByteWriter, framing: BodyFraming | "none") {
    this.#writer = writer;
    this.#framing = framing;
    this.#left = typeof framing === "number" ? framing : 0;
  }

  write(chunk: Uint8Array): void {
    // An empty chunk would end the body.
    if (this.#framing === "none" || chunk.length === 0) return;
    if (this.#framing === "chunked") this.#writer.addChunk(chunk, `${chunk.length.toString(16)}\r\n`, "\r\n");
    else this.#writePlain(chunk);
  }

  /** False: it is shorter than was said. */
  end(trailers: RawHeaders): boolean {
    if (this.#framing === "chunked") this.#writer.add(`0\r\n${trailerText(trailers)}\r\n`);
    return this.#left === 0;
  }

  #writePlain(chunk: Uint8Array): void {
    if (this.#framing !== "until-close") {
      if (chunk.length > this.#left)
        throw new Error(`the body is longer than its length by ${chunk.length - this.#left} bytes`);
      this.#left -= chunk.length;
    }
    this.#writer.addChunk(chunk, "", "");
  }
}

export function fieldText(headers: RawHeaders): string {
  let text = "";
  for (let index = 0; index + 1 < headers.length; index += 2) text += fieldLine(headers, index);
  return text;
}

/** The field at `index`. */
export function fieldLine(headers: RawHeaders, index: number): string {
  return `${headers[index]}: ${headers[index + 1]}\r\n`;
}

/** What may not come after the fact: framing, routing, credentials (RFC 9110, 6.5.1). */
const notInTrailers = new Set([
  "authorization",
  "content-encoding",
  "content-type",
  "content-range",
  "set-cookie",
  "cookie",
  "cache-control",
  "location",
]);

/** Those that may follow a body. */
export function passedTrailers(trailers: RawHeaders): string[] {
  const passed: string[] = [];
  for (let index = 0; index + 1 < trailers.length; index += 2) {
    const name = trailers[index] ?? "";
    if (headerKind(name) === "other" && !notInTrailers.has(name.toLowerCase()))
      passed.push(name, trailers[index + 1] ?? "");
  }
  return passed;
}

function trailerText(trailers: RawHeaders): string {
  return trailers.length === 0 ? "" : fieldText(passedTrailers(trailers));
}
