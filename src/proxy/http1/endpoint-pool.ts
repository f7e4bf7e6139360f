// The connections to one life of one endpoint. The one used last is used next, so that those that are not needed grow
// old and close.
import type { Deadlines } from "../deadlines.js";
import type { UpstreamTarget } from "../exchange.js";
import type { SendingRequest } from "./sending-request.js";
import { type ConnectionOwner, UpstreamConnection } from "./upstream-connection.js";

/** At most this many, whatever the plan's limit says; further requests wait for one within their own time limits. */
const maxConnections = 10_000;
/** Shorter than the idle time of most servers (uvicorn and Node 5 s), so that we close first, not they. */
const longestIdleMs = 4_000;
const shortestIdleMs = 500;

export class EndpointPool implements ConnectionOwner {
  readonly deadlines: Deadlines;
  tlsSession: Buffer | undefined;
  #idleMs = longestIdleMs;
  readonly #target: UpstreamTarget;
  readonly #all = new Set<UpstreamConnection>();
  readonly #idle: UpstreamConnection[] = [];
  readonly #waiting = new Set<SendingRequest>();
  #forgotten = false;

  constructor(target: UpstreamTarget, deadlines: Deadlines) {
    this.#target = target;
    this.deadlines = deadlines;
  }

  get tls(): UpstreamTarget["tls"] {
    return this.#target.tls;
  }

  /** Of them all, idle ones included. */
  get size(): number {
    return this.#all.size;
  }

  send(request: SendingRequest): void {
    const connection = this.#idle.pop();
    if (connection !== undefined) connection.start(request);
    else if (this.#all.size < maxConnections) this.#all.add(new UpstreamConnection(this.#target, request, this));
    else this.#waiting.add(request);
  }

  get idleMs(): number {
    return this.#idleMs;
  }

  /** A server with less patience (gunicorn 2 s) shows it once: from then on we close before it does. */
  onEndedIdle(idleMs: number): void {
    this.#idleMs = Math.max(shortestIdleMs, Math.min(this.#idleMs, 0.75 * idleMs));
  }

  abandon(request: SendingRequest): void {
    this.#waiting.delete(request);
  }

  onFree(connection: UpstreamConnection): void {
    const next = this.#nextWaiting();
    if (next !== undefined) connection.start(next);
    else if (this.#forgotten) connection.destroy();
    else this.#idle.push(connection);
  }

  onClosed(connection: UpstreamConnection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    const next = this.#nextWaiting();
    if (next !== undefined) this.send(next);
  }

  /** Closes idle connections now, and busy ones when they are done. */
  forget(): void {
    this.#forgotten = true;
    for (const connection of [...this.#idle]) connection.destroy();
  }

  destroy(): void {
    this.#waiting.clear();
    for (const connection of [...this.#all]) connection.destroy();
  }

  #nextWaiting(): SendingRequest | undefined {
    const [first] = this.#waiting;
    if (first !== undefined) this.#waiting.delete(first);
    return first;
  }
}
