// The client codec of the first stage: undici's HTTP/1.1 client, one pool for each life of an endpoint, one request
// at a time on a connection. Knows nothing of routes and retries; turns undici's errors into attempt failures.
import { createRequire } from "node:module";
import { connect, type Socket } from "node:net";
import type { Dispatcher, Pool as UndiciPool } from "undici";
import { messageOf } from "../base/errors.js";
import type { AttemptFailure } from "../resilience/retry-policy.js";
import type {
  RawHeaders,
  Upstream,
  UpstreamAttempt,
  UpstreamListener,
  UpstreamRequest,
  UpstreamTarget,
} from "./exchange.js";

/** At most this many connections to one endpoint; further requests wait for one within their own time limits. */
const maxConnections = 1_024;
/** Shorter than the idle time of common servers (uvicorn 5 s, gunicorn 2 s), so that we close first, not they. */
const idleMs = 1_500;
const maxHeaderBytes = 64 * 1024;

type PoolClass = new (origin: string, options: UndiciPool.Options) => UndiciPool;
let loadedPool: PoolClass | undefined;

/** The pool alone: the whole of undici takes three times as long to load, and a worker starts often. */
export function loadClient(): PoolClass {
  loadedPool ??= createRequire(import.meta.url)("undici/lib/dispatcher/pool.js") as PoolClass;
  return loadedPool;
}

export function createUpstream(): Upstream {
  const pools = new Map<string, UndiciPool>();
  const poolFor = (target: UpstreamTarget, connectTimeoutMs: number): UndiciPool => {
    let pool = pools.get(target.key);
    if (!pool) {
      pool = createPool(target, connectTimeoutMs);
      pools.set(target.key, pool);
    }
    return pool;
  };
  return {
    send(target, request, listener) {
      const attempt = new PoolAttempt(listener);
      attempt.start(poolFor(target, request.connectTimeoutMs), request);
      return attempt;
    },
    forget(key) {
      const pool = pools.get(key);
      pools.delete(key);
      // Waits for its requests; that each of them is reported to its own attempt is enough.
      pool?.close().catch(() => {});
    },
    async close() {
      const all = [...pools.values()];
      pools.clear();
      await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
}

function createPool(target: UpstreamTarget, connectTimeoutMs: number): UndiciPool {
  const Pool = loadClient();
  const host = target.address.includes(":") ? `[${target.address}]` : target.address;
  return new Pool(`http://${host}:${target.port}`, {
    connections: maxConnections,
    pipelining: 1,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    maxHeaderSize: maxHeaderBytes,
    // The request's own limits are the only ones.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_options, callback) => connectTo(target, connectTimeoutMs, callback),
  });
}

function connectTo(
  target: UpstreamTarget,
  timeoutMs: number,
  callback: (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void,
): void {
  const socket = connect({ host: target.address, port: target.port, noDelay: true, keepAlive: true });
  const timer = timeoutMs > 0 ? setTimeout(() => socket.destroy(timeoutError(timeoutMs)), timeoutMs) : undefined;
  const settle = (error: Error | null): void => {
    clearTimeout(timer);
    socket.off("connect", onConnect).off("error", settle);
    if (error) callback(new ConnectError(error), null);
    else callback(null, socket);
  };
  const onConnect = (): void => settle(null);
  socket.once("connect", onConnect).once("error", settle);
}

const timeoutError = (timeoutMs: number): Error => new Error(`no connection within ${timeoutMs} ms`);

class ConnectError extends Error {
  readonly refused: boolean;

  constructor(cause: Error) {
    super((cause as NodeJS.ErrnoException).code === "ECONNREFUSED" ? "connection refused" : cause.message, { cause });
    this.refused = (cause as NodeJS.ErrnoException).code === "ECONNREFUSED";
  }
}

/** undici's handler on the one side, the listener of the seam on the other. */
class PoolAttempt implements UpstreamAttempt {
  readonly #listener: UpstreamListener;
  #requestSent = false;
  #done = false;
  #abort: ((error?: Error) => void) | null = null;
  #resume: (() => void) | null = null;

  constructor(listener: UpstreamListener) {
    this.#listener = listener;
  }

  get requestSent(): boolean {
    return this.#requestSent;
  }

  start(pool: UndiciPool, request: UpstreamRequest): void {
    try {
      pool.dispatch(toOptions(request), this.#handler() as unknown as Dispatcher.DispatchHandler);
    } catch (error) {
      this.#failSoon(error);
    }
  }

  resume(): void {
    this.#resume?.();
  }

  abort(): void {
    this.#done = true;
    this.#abort?.();
  }

  // The raw interface: header bytes as they came, in order, and nothing allocated in between.
  #handler(): object {
    return {
      onConnect: (abort: (error?: Error) => void) => {
        this.#abort = abort;
        // Given up while it waited for a connection: undici then writes nothing.
        if (this.#done) abort();
        else this.#requestSent = true;
      },
      onHeaders: (status: number, headers: readonly Buffer[], resume: () => void) => {
        this.#resume = resume;
        if (status >= 200) this.#guard(() => this.#listener.onHead(status, toText(headers)));
        return true;
      },
      onData: (chunk: Buffer) => {
        let more = true;
        this.#guard(() => {
          more = this.#listener.onData(chunk);
        });
        return more;
      },
      onComplete: (trailers: readonly Buffer[] | null) => {
        this.#guard(() => this.#listener.onEnd(toText(trailers ?? [])));
        this.#done = true;
      },
      onError: (error: Error) => this.#failSoon(error),
    };
  }

  // An answer that cannot be passed on (a header that the other codec rejects) is a failure of the upstream.
  #guard(call: () => void): void {
    if (this.#done) return;
    try {
      call();
    } catch (error) {
      this.#abort?.();
      this.#fail({ kind: "malformed", message: messageOf(error) });
    }
  }

  // Never inside `send`: its caller does not have the attempt yet.
  #failSoon(error: unknown): void {
    queueMicrotask(() => this.#fail(failureOf(error, this.#requestSent)));
  }

  #fail(failure: AttemptFailure): void {
    if (this.#done) return;
    this.#done = true;
    this.#listener.onFailure(failure);
  }
}

function toOptions(request: UpstreamRequest): Dispatcher.DispatchOptions {
  const headers = [...request.headers];
  if (request.body !== null && request.bodyLength !== null) headers.push("content-length", String(request.bodyLength));
  return {
    path: request.path,
    method: request.method as Dispatcher.HttpMethod,
    headers,
    body: request.body as unknown as Dispatcher.DispatchOptions["body"],
  };
}

// Header bytes are read and written as latin1, so that every byte passes as it is.
function toText(raw: readonly Buffer[]): RawHeaders {
  return raw.map((part) => part.toString("latin1"));
}

function failureOf(error: unknown, requestSent: boolean): AttemptFailure {
  if (error instanceof ConnectError) return { kind: "connect", refused: error.refused, message: error.message };
  const { code = "", name } = error as { code?: string; name?: string };
  const message = messageOf(error);
  if (name === "HTTPParserError" || malformedCodes.has(code)) return { kind: "malformed", message };
  return { kind: "reset", requestSent, message };
}

const malformedCodes = new Set([
  "UND_ERR_HEADERS_OVERFLOW",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
]);
