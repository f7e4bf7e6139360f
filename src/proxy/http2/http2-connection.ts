// One client's HTTP/2 connection on node:http2: its streams become exchanges. Bounds what a client may open, and ends
// one that opens streams only to reset them.
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { Exchange } from "../exchange.js";
import { loadHttp2 } from "../tls/lazy-builtins.js";
import { Http2Exchange } from "./http2-exchange.js";

export interface Http2Host {
  readonly name: string;
  readonly limits: { readonly keepAliveMs: number; readonly stallMs: number; readonly headerBytes: number };
  onExchange(exchange: Exchange): void;
  onClosed(connection: Http2Connection): void;
}

const maxStreams = 100;
/** Streams that the client reset before they were answered, more than were answered. */
const maxResets = 200;

export class Http2Connection {
  readonly #host: Http2Host;
  readonly #session: ServerHttp2Session;
  readonly #peerAddress: string;
  readonly #serverName: string;
  #open = 0;
  #resets = 0;

  constructor(socket: TLSSocket, serverName: string, host: Http2Host) {
    this.#host = host;
    this.#serverName = serverName;
    this.#peerAddress = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    this.#session = loadHttp2().performServerHandshake(socket, {
      settings: { maxConcurrentStreams: maxStreams, maxHeaderListSize: host.limits.headerBytes },
      maxSessionInvalidFrames: 100,
    });
    this.#listen();
  }

  /** Streams that are not answered yet. */
  get inFlight(): number {
    return this.#open;
  }

  /** No new stream; ends when those that are open have ended. */
  drain(): void {
    if (!this.#session.closed) this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
  }

  #listen(): void {
    const session = this.#session;
    // `close` follows.
    session.on("error", () => {});
    session.on("stream", (stream: ServerHttp2Stream, _headers: IncomingHttpHeaders, flags: number, raw: unknown) => {
      this.#onStream(stream, flags, raw as string[]);
    });
    session.on("close", () => this.#host.onClosed(this));
    session.setTimeout(this.#host.limits.keepAliveMs, () => {
      if (this.#open === 0) session.close();
    });
  }

  #onStream(stream: ServerHttp2Stream, flags: number, rawHeaders: readonly string[]): void {
    this.#open++;
    stream.once("close", () => this.#onStreamClosed(stream));
    const exchange = new Http2Exchange(stream, {
      listener: this.#host.name,
      peerAddress: this.#peerAddress,
      serverName: this.#serverName,
      rawHeaders,
      bodiless: (flags & loadHttp2().constants.NGHTTP2_FLAG_END_STREAM) !== 0,
      stallMs: this.#host.limits.stallMs,
    });
    this.#host.onExchange(exchange);
  }

  #onStreamClosed(stream: ServerHttp2Stream): void {
    const { constants } = loadHttp2();
    this.#open--;
    if (stream.rstCode === constants.NGHTTP2_NO_ERROR) this.#resets = Math.max(0, this.#resets - 1);
    else if (++this.#resets > maxResets) this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
