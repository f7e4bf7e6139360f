// A node:http response as the sink of an exchange.
import type { ServerResponse } from "node:http";
import type { AnswerSink, RawHeaders } from "./exchange.js";
import { problemBody, type Refusal, refusalKinds } from "./refusals.js";
import type { RequestBody } from "./request-body.js";

export interface ResponseSinkOptions {
  /** Without a byte taken by the client while we wait for it: the connection is cut. */
  readonly stallMs: number;
  /** No further request on this connection. */
  readonly isLast: () => boolean;
  readonly body: RequestBody;
  readonly onClose: () => void;
}

export class ResponseSink implements AnswerSink {
  readonly #response: ServerResponse;
  readonly #options: ResponseSinkOptions;
  #onCloseListener: ((complete: boolean) => void) | null = null;
  #onDrainListener: (() => void) | null = null;
  #closed = false;
  #bodyBegan = false;

  constructor(response: ServerResponse, options: ResponseSinkOptions) {
    this.#response = response;
    this.#options = options;
    // A write to a client that is gone: `close` follows and says so.
    response.on("error", () => {});
    response.on("close", () => this.#close(response.writableFinished));
    response.on("drain", () => {
      response.socket?.setTimeout(0);
      this.#onDrainListener?.();
    });
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  onClose(listener: (complete: boolean) => void): void {
    this.#onCloseListener = listener;
  }

  onDrain(listener: () => void): void {
    this.#onDrainListener = listener;
  }

  head(status: number, headers: RawHeaders): void {
    if (this.#options.isLast()) this.#response.shouldKeepAlive = false;
    this.#response.writeHead(status, headers as string[]);
    // In one packet with the beginning of the body where that is at hand; alone where it is not, as in a stream.
    queueMicrotask(() => {
      if (!this.#bodyBegan) this.#response.flushHeaders();
    });
  }

  write(chunk: Uint8Array): boolean {
    this.#bodyBegan = true;
    const more = this.#response.write(chunk);
    if (!more) this.#response.socket?.setTimeout(this.#options.stallMs);
    return more;
  }

  end(trailers?: RawHeaders): void {
    this.#bodyBegan = true;
    if (trailers && trailers.length > 0) this.#response.addTrailers(toPairs(trailers));
    this.#response.end();
    this.#options.body.discard();
  }

  abort(): void {
    this.#response.destroy();
  }

  /** The connection is taken away from this exchange. */
  giveUp(): void {
    this.#close(false);
  }

  #close(complete: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onCloseListener?.(complete);
    if (!complete) this.#options.body.fail(new Error("the client is gone"));
    this.#options.onClose();
  }
}

/** A whole answer as bytes, after which the connection ends. */
export function rawAnswer(refused: Refusal): string {
  const { status } = refusalKinds[refused.code];
  const body = problemBody(refused, {});
  return [
    `HTTP/1.1 ${status} ${reasonPhrases[status] ?? "Error"}`,
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "connection: close",
    "",
    body,
  ].join("\r\n");
}

const reasonPhrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
};

function toPairs(headers: RawHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2)
    pairs.push([headers[index] ?? "", headers[index + 1] ?? ""]);
  return pairs;
}
