// One listener: accepts connections on a socket that the keeper bound, and turns their requests into exchanges. Takes
// no decision about where a request goes.
import { createServer, type Server, type Socket } from "node:net";
import type { Deadlines } from "../deadlines.js";
import type { Exchange } from "../exchange.js";
import { ServerConnection, type ServerHost } from "../http2/server-connection.js";
import type { RefusalCode } from "../refusals.js";
import type { ListenerTls } from "../tls/listener-tls.js";
import { TlsAcceptor } from "../tls/tls-acceptor.js";
import { acceptSockets, type OpenSocket, withEvents } from "./accepted-socket.js";
import { ClientConnection, type ConnectionHost } from "./client-connection.js";
import { defaultLimits, type HttpLimits } from "./limits.js";
import type { ReadBuffer } from "./read-buffers.js";

export interface HttpServerOptions {
  /** Name of the listener. */
  readonly name: string;
  readonly deadlines: Deadlines;
  readonly limits?: Partial<HttpLimits>;
  /** Of the listener as the plan is now. Default: not encrypted. */
  readonly tls?: () => ListenerTls | null;
  readonly onExchange: (exchange: Exchange) => void;
  /** Something came that is no request; it was answered already. */
  readonly onRefused: (listener: string, code: RefusalCode) => void;
}

/** When the listener drains: a request on an idle connection is answered within this time, as its last. */
const graceMs = 500;

type Connection = ClientConnection | ServerConnection;

export class HttpServer implements ConnectionHost, ServerHost {
  readonly name: string;
  readonly limits: HttpLimits;
  readonly deadlines: Deadlines;
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #acceptor: TlsAcceptor | null = null;
  #draining = false;
  #onEmpty: (() => void) | null = null;

  constructor(options: HttpServerOptions) {
    this.name = options.name;
    this.limits = { ...defaultLimits, ...options.limits };
    this.deadlines = options.deadlines;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true });
  }

  /** Requests without a complete answer. */
  get inFlight(): number {
    let count = 0;
    for (const connection of this.#connections) count += connection.inFlight;
    return count;
  }

  get draining(): boolean {
    return this.#draining;
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
        acceptSockets(this.#server, (open) => this.#onAccept(open));
        resolve();
      });
    });
  }

  #onAccept(open: OpenSocket): void {
    const tls = this.#options.tls?.() ?? null;
    if (tls === null) this.#connections.add(new ClientConnection(open, this));
    else this.#acceptorFor(tls).accept(open());
  }

  /** Another one when the certificates have changed; handshakes that are under way end with those that they began with. */
  #acceptorFor(tls: ListenerTls): TlsAcceptor {
    if (this.#acceptor?.tls === tls) return this.#acceptor;
    this.#acceptor = new TlsAcceptor({
      tls,
      onHttp1: (socket, serverName) => {
        const open: OpenSocket = (hooks) => (hooks ? withEvents(socket, hooks) : socket);
        this.#add(new ClientConnection(open, this, { serverName }));
      },
      onHttp2: (socket, serverName) => this.#addHttp2(socket, serverName),
    });
    return this.#acceptor;
  }

  #addHttp2(socket: Socket, serverName: string): void {
    const connection = new ServerConnection(socket, this, { tls: { serverName } });
    socket.on("data", (chunk: Buffer) => connection.onRead(chunk, 0, chunk.length));
    this.#add(connection);
  }

  #add(connection: Connection): void {
    this.#connections.add(connection);
    if (this.#draining && connection instanceof ServerConnection) connection.drain();
  }

  /** A plain connection turned out to be HTTP/2. */
  onHttp2(before: ClientConnection, socket: Socket, buffer: ReadBuffer): ServerConnection {
    const connection = new ServerConnection(socket, this, { buffer });
    this.#connections.delete(before);
    this.#add(connection);
    return connection;
  }

  /** Stops accepting at once; every answer is the last of its connection. Resolves when no connection is left. */
  drain(): Promise<void> {
    this.#draining = true;
    this.#server.close();
    setTimeout(() => this.#closeIdle(), graceMs).unref();
    for (const connection of this.#connections) if (connection instanceof ServerConnection) connection.drain();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      this.#checkEmpty();
    });
  }

  /** Cuts every connection. */
  destroy(): void {
    this.#draining = true;
    this.#server.close();
    for (const connection of [...this.#connections]) connection.destroy();
  }

  onExchange(exchange: Exchange): void {
    this.#options.onExchange(exchange);
  }

  onRefused(code: RefusalCode): void {
    this.#options.onRefused(this.name, code);
  }

  onClosed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#checkEmpty();
  }

  #closeIdle(): void {
    for (const connection of [...this.#connections]) {
      if (connection instanceof ClientConnection) connection.closeIdle();
    }
  }

  #checkEmpty(): void {
    if (this.#connections.size === 0) this.#onEmpty?.();
  }
}
