// One connection to an endpoint: one request at a time, and between requests kept in the pool. Whatever is not a
// clean, complete answer ends it, so that nothing of it can reach another client.
import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { AttemptFailure } from "../../resilience/retry-policy.js";
import { Deadline, type DeadlineOwner, type Deadlines } from "../deadlines.js";
import type { RawHeaders, UpstreamTarget } from "../exchange.js";
import { loadTls } from "../tls/lazy-builtins.js";
import { ByteWriter } from "./byte-writer.js";
import { MessageError } from "./message-error.js";
import type { MessageLimits } from "./message-parser.js";
import { ReadBuffer } from "./read-buffers.js";
import { ResponseParser } from "./response-parser.js";
import type { SendingRequest } from "./sending-request.js";

export interface ConnectionOwner {
  readonly deadlines: Deadlines;
  /** How long a connection may wait for its next request. */
  readonly idleMs: number;
  /** Of the last TLS connection, to make the next handshake a short one. */
  tlsSession: Buffer | undefined;
  /** It may take another request. */
  onFree(connection: UpstreamConnection): void;
  /** The endpoint has ended one that waited for so long. */
  onEndedIdle(idleMs: number): void;
  onClosed(connection: UpstreamConnection): void;
}

/** A body chunk of this size says that more of the kind will come. */
const largeChunk = 16 * 1024;

const limits: MessageLimits = {
  startLineBytes: 8 * 1024,
  headBytes: 64 * 1024,
  fields: 1_000,
  bodyBytes: Number.MAX_SAFE_INTEGER,
};

export class UpstreamConnection implements DeadlineOwner {
  readonly writer: ByteWriter;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  readonly #buffer = new ReadBuffer();
  readonly #deadline = new Deadline(this);
  readonly #connectTimeoutMs: number;
  #request: SendingRequest | null;
  #connected = false;
  #handshaking = false;
  #paused = false;
  #closed = false;
  #restedAt = 0;
  /** The answer is complete, with these trailers. */
  #trailers: RawHeaders | null = null;

  /** Connects, and sends `request` then. */
  constructor(target: UpstreamTarget, request: SendingRequest, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#request = request;
    request.connection = this;
    this.#connectTimeoutMs = request.connectTimeoutMs;
    this.#parser = new ResponseParser(limits, this);
    this.#socket = this.#connect(target);
    this.writer = new ByteWriter(this.#socket);
    this.#listen(target.tls !== undefined);
    if (this.#connectTimeoutMs > 0) owner.deadlines.set(this.#deadline, this.#connectTimeoutMs);
  }

  #connect({ address, port, tls }: UpstreamTarget): Socket {
    const options: NetConnectOpts = {
      host: address,
      port,
      noDelay: true,
      keepAlive: true,
      onread: {
        // node:net takes undefined for "as it is".
        buffer: (() => this.#buffer.next()) as () => Uint8Array,
        callback: (length, bytes) => this.#onRead(length, bytes as Buffer),
      },
    };
    if (tls === undefined) return connect(options);
    const { serverName, context } = tls;
    const session = this.#owner.tlsSession;
    const secure = { secureContext: context, servername: serverName, rejectUnauthorized: true };
    const alpn = { ALPNProtocols: ["http/1.1"] };
    return loadTls().connect({ ...options, ...secure, ...alpn, ...(session ? { session } : {}) });
  }

  #listen(encrypted: boolean): void {
    const socket = this.#socket;
    let failure: NodeJS.ErrnoException | null = null;
    if (encrypted) {
      socket.on("connect", () => {
        this.#handshaking = true;
      });
      socket.on("session", (session: Buffer) => {
        this.#owner.tlsSession = session;
      });
    }
    socket.on(encrypted ? "secureConnect" : "connect", () => this.#onConnect());
    socket.on("drain", () => this.#request?.drained());
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => this.#onClose(failure));
  }

  /** Takes the connection out of the pool for one request. */
  start(request: SendingRequest): void {
    this.#request = request;
    request.connection = this;
    this.#parser.expect(request.method, request.switches);
    request.sendOn(this.writer);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Of a tunnel: the client has nothing more to say. */
  endWriting(): void {
    this.writer.send();
    this.#socket.end();
  }

  /** Without a word to the request. */
  destroy(): void {
    // Of an answer that breaks off, a part may still be on its way out.
    this.#destroy(this.#request !== null);
  }

  #destroy(lent: boolean): void {
    this.#request = null;
    this.#socket.destroy();
    this.#release(lent);
  }

  onInterim(status: number, headers: RawHeaders): void {
    this.#request?.listener.onInterim(status, headers);
  }

  onResponseHead(status: number, headers: RawHeaders): void {
    const request = this.#request;
    request?.listener.onHead(status, headers);
    if (status === 101 && this.#request === request) request?.startTunnel();
  }

  onResponseBody(chunk: Buffer): void {
    if (chunk.length > largeChunk) this.#buffer.takeOwn();
    this.#request?.listener.onData(chunk);
  }

  // What it means for the connection is known when all that was read is used up.
  onResponseEnd(trailers: RawHeaders): void {
    this.#trailers = trailers;
  }

  onDeadline(): void {
    if (!this.#connected) {
      this.#fail({ kind: "connect", refused: false, message: `no connection within ${this.#connectTimeoutMs} ms` });
    } else if (this.#request === null) this.destroy();
  }

  #onConnect(): void {
    this.#connected = true;
    this.#handshaking = false;
    this.#owner.deadlines.lift(this.#deadline);
    if (this.#request !== null) this.start(this.#request);
  }

  #onRead(length: number, bytes: Buffer): boolean {
    const request = this.#request;
    if (request === null) {
      // Nobody asked: whatever it is, the next request shall not get it for an answer.
      this.destroy();
      return true;
    }
    try {
      const read = this.#parser.feed(bytes, 0, length);
      if (this.#request !== request) return true;
      if (this.#trailers !== null) this.#complete(request, this.#trailers, read === length);
      else if (!request.listener.onPause()) this.#pause();
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.#fail({ kind: "malformed", message: error.message });
    }
    return true;
  }

  #pause(): void {
    if (this.#closed || this.#request === null) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #complete(request: SendingRequest, trailers: RawHeaders, nothingFollows: boolean): void {
    this.#trailers = null;
    this.#request = null;
    this.writer.send();
    const reusable = nothingFollows && this.#parser.reusable && request.sent && this.#socket.writableLength === 0;
    if (reusable) this.#rest();
    else this.#destroy(true);
    // Not yet given back: who has answered at length once will do so again, and no connection is idle for long.
    if (!request.complete(trailers)) this.#buffer.giveBack(true);
  }

  #rest(): void {
    this.#restedAt = this.#owner.deadlines.now();
    this.#owner.deadlines.set(this.#deadline, this.#owner.idleMs);
    this.#parser.rest();
    this.#owner.onFree(this);
  }

  #onEnd(): void {
    const request = this.#request;
    if (request === null) {
      if (!this.#closed) this.#owner.onEndedIdle(this.#owner.deadlines.now() - this.#restedAt);
      this.destroy();
      return;
    }
    if (this.#parser.begun && this.#parser.end()) this.#complete(request, this.#trailers ?? [], true);
    else this.#fail({ kind: "reset", requestSent: request.requestSent, message: "the connection ended" });
  }

  #onClose(error: NodeJS.ErrnoException | null): void {
    const { code, message = "the connection ended" } = error ?? {};
    const refused = code === "ECONNREFUSED";
    const tls = this.#handshaking ? ({ tls: true } as const) : {};
    if (!this.#connected)
      this.#fail({ kind: "connect", refused, message: refused ? "connection refused" : message, ...tls });
    else this.#fail({ kind: "reset", requestSent: this.#request?.requestSent ?? true, message });
  }

  #fail(failure: AttemptFailure): void {
    const request = this.#request;
    this.destroy();
    request?.fail(failure);
  }

  #release(lent: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parser.stop();
    this.#owner.deadlines.lift(this.#deadline);
    this.#buffer.giveBack(lent);
    this.#owner.onClosed(this);
  }
}
