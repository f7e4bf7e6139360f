// The server codec of the first stage: node:http on a socket that the keeper bound. Turns requests into exchanges and
// answers what is no valid request. Takes no decision about where a request goes.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Exchange } from "./exchange.js";
import { type Refusal, type RefusalCode, refusal } from "./refusals.js";
import { RequestBody } from "./request-body.js";
import { ResponseSink, rawAnswer } from "./response-sink.js";

export interface HttpLimits {
  /** Request line and headers together. Default 16 KiB. */
  readonly headerBytes: number;
  /** For the whole head of a request, from its first byte. Default 10 s. */
  readonly headerMs: number;
  /** Between two requests on a connection. Default 72 s. */
  readonly keepAliveMs: number;
  /** Without a byte moving while we wait for the client, to send its body or to take the answer. Default 60 s. */
  readonly stallMs: number;
}

export const defaultLimits: HttpLimits = {
  headerBytes: 16 * 1024,
  headerMs: 10_000,
  keepAliveMs: 72_000,
  stallMs: 60_000,
};

export interface HttpServerOptions {
  /** Name of the listener. */
  readonly name: string;
  readonly limits?: Partial<HttpLimits>;
  readonly onExchange: (exchange: Exchange) => void;
  /** Something came that is no request; it was answered already. */
  readonly onRefused: (listener: string, code: RefusalCode) => void;
}

/** How often Node looks for connections whose head is overdue; each listener does, so not too often. */
const headerCheckMs = 5_000;
/** For a client to read the answer to its malformed request before the connection is cut. */
const lingerMs = 1_000;
/** When the listener drains: a request on an idle connection is answered within this time, as its last. */
const graceMs = 500;

export class HttpServer {
  readonly name: string;
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #server: Server;
  readonly #open = new Map<Duplex, ResponseSink>();
  readonly #sockets = new Set<Duplex>();
  readonly #condemned = new WeakSet<Duplex>();
  #draining = false;

  constructor(options: HttpServerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#server = this.#createServer();
  }

  /** Requests without a complete answer. */
  get inFlight(): number {
    return this.#open.size;
  }

  /** What node:net puts into `_handle`: where a successor of the keeper gets the descriptor from. */
  get descriptor(): number {
    const handle = (this.#server as unknown as { _handle?: { fd?: number } | null })._handle;
    return handle?.fd ?? -1;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Accepts on a bound handle, or binds itself (tests). Rejects with the system's error, EADDRINUSE among them. */
  listen(where: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(where, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** Stops accepting at once; every answer is the last of its connection. Resolves when no connection is left. */
  drain(): Promise<void> {
    this.#draining = true;
    setTimeout(() => this.#closeIdle(), graceMs).unref();
    return new Promise((resolve) => {
      this.#server.once("close", resolve);
      // Of node:net, not of node:http, which would cut idle connections now, with the next request perhaps on its way.
      NetServer.prototype.close.call(this.#server);
    });
  }

  /** Cuts every connection. */
  destroy(): void {
    this.#draining = true;
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #closeIdle(): void {
    this.#server.close();
    // Node takes a connection that has not asked yet for busy.
    for (const socket of this.#sockets) if (!this.#open.has(socket)) socket.destroy();
  }

  #createServer(): Server {
    const { headerBytes, headerMs, keepAliveMs } = this.#limits;
    const server = createServer({
      maxHeaderSize: headerBytes,
      headersTimeout: headerMs,
      requestTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(headerCheckMs, headerMs),
      // Ours is the better answer.
      requireHostHeader: false,
      noDelay: true,
    });
    // Above its limit Node drops headers silently; the limit in bytes is enough.
    server.maxHeadersCount = 0;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", (request, response) => this.#onRequest(request, response, false));
    server.on("checkContinue", (request, response) => this.#onRequest(request, response, true));
    server.on("checkExpectation", (request, response) => this.#onExpectation(request, response));
    server.on("connect", (_request, socket) => {
      this.#refuse(socket, refusal("METHOD_NOT_SUPPORTED", "CONNECT asks for a tunnel, and this proxy makes none"));
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => this.#onClientError(error, socket));
    return server;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const { socket } = request;
    const body = new RequestBody(request, {
      stallMs: this.#limits.stallMs,
      onFirstRead: expectsContinue ? () => response.writeContinue() : undefined,
    });
    const sink = new ResponseSink(response, {
      stallMs: this.#limits.stallMs,
      isLast: () => this.#draining,
      body,
      onClose: () => void this.#open.delete(socket),
    });
    this.#open.set(socket, sink);
    this.#options.onExchange({
      listener: this.name,
      method: request.method ?? "",
      target: request.url ?? "",
      headers: request.rawHeaders,
      peerAddress: plainAddress(socket.remoteAddress ?? ""),
      body,
      sink,
    });
  }

  #onExpectation(request: IncomingMessage, response: ServerResponse): void {
    const detail = `the expectation "${request.headers.expect ?? ""}" is not known`;
    response.shouldKeepAlive = false;
    this.#refuse(request.socket, refusal("EXPECTATION_FAILED", detail));
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const open = this.#open.get(socket);
    if (this.#condemned.has(socket) || open?.started || !socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    open?.giveUp();
    this.#refuse(socket, refusalOf(error));
  }

  // Written past node:http, which has no request to answer here.
  #refuse(socket: Duplex, refused: Refusal): void {
    this.#condemned.add(socket);
    this.#options.onRefused(this.name, refused.code);
    socket.on("error", () => socket.destroy());
    socket.end(rawAnswer(refused));
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }
}

function refusalOf(error: NodeJS.ErrnoException): Refusal {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return refusal("HEADERS_TOO_LARGE", "the request line and headers are larger than the limit");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusal("REQUEST_TIMEOUT", "the head of the request did not arrive in time");
    default:
      return refusal("REQUEST_INVALID", error.message.replace(/^Parse Error: /, "the parser stopped: "));
  }
}

/** An IPv4 client of a dual-stack socket as IPv4. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
