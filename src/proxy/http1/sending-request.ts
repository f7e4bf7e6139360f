// One request on its way to an endpoint: waits for a connection, is written to it with its body, and hears the answer.
import type { AttemptFailure } from "../../resilience/retry-policy.js";
import type { BodyReader, RawHeaders, UpstreamAttempt, UpstreamListener, UpstreamRequest } from "../exchange.js";
import type { ByteWriter } from "./byte-writer.js";
import { fieldText, OutgoingBody } from "./outgoing-body.js";
import type { UpstreamConnection } from "./upstream-connection.js";

/** Methods whose meaning lies in the body: without one they say so (RFC 9110, 8.6). */
const sayEmpty = new Set(["POST", "PUT", "PATCH"]);

/** Where it waits for a connection. */
export interface RequestQueue {
  abandon(request: SendingRequest): void;
}

export class SendingRequest implements UpstreamAttempt, BodyReader {
  readonly listener: UpstreamListener;
  connection: UpstreamConnection | null = null;
  readonly #request: UpstreamRequest;
  readonly #queue: RequestQueue;
  #writer: ByteWriter | null = null;
  #body: OutgoingBody | null = null;
  #sent = false;
  #done = false;

  constructor(request: UpstreamRequest, listener: UpstreamListener, queue: RequestQueue) {
    this.#request = request;
    this.listener = listener;
    this.#queue = queue;
  }

  get method(): string {
    return this.#request.method;
  }

  get switches(): boolean {
    return this.#request.upgrade !== undefined;
  }

  get connectTimeoutMs(): number {
    return this.#request.connectTimeoutMs;
  }

  get requestSent(): boolean {
    return this.#writer !== null;
  }

  /** The whole request is written. */
  get sent(): boolean {
    return this.#sent;
  }

  sendOn(writer: ByteWriter): void {
    this.#writer = writer;
    const { method, path, headers, body, upgrade } = this.#request;
    const { length } = body;
    let text = `${method} ${path} HTTP/1.1\r\n${fieldText(headers)}`;
    if (length === null) text += "transfer-encoding: chunked\r\n";
    else if (length > 0 || sayEmpty.has(method)) text += `content-length: ${length}\r\n`;
    if (upgrade !== undefined) text += `connection: upgrade\r\nupgrade: ${upgrade}\r\n`;
    writer.add(`${text}\r\n`);
    if (length === 0) {
      this.#sent = true;
      writer.flush();
      return;
    }
    this.#body = new OutgoingBody(writer, length ?? "chunked");
    body.start(this);
  }

  /** From the connection: the endpoint has switched to the protocol that was asked for. */
  startTunnel(): void {
    if (this.#writer === null) return;
    this.#sent = false;
    this.#body = new OutgoingBody(this.#writer, "until-close");
    this.#request.body.start(this);
  }

  onBody(chunk: Uint8Array): void {
    if (!this.#done) this.#body?.write(chunk);
  }

  onBodyPause(): boolean {
    return this.#done || this.#writer === null || this.#writer.flush();
  }

  onBodyEnd(trailers: RawHeaders): boolean {
    if (this.#done || this.#writer === null) return true;
    this.#body?.end(trailers);
    this.#sent = true;
    const free = this.#writer.flush();
    if (this.switches) this.connection?.endWriting();
    return free;
  }

  /** From the connection: what was written has left. */
  drained(): void {
    if (!this.#sent) this.#request.body.resume();
  }

  resume(): void {
    if (!this.#done) this.connection?.resume();
  }

  abort(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.connection === null) this.#queue.abandon(this);
    else this.connection.destroy();
  }

  /** From the connection, which is free now or gone. */
  complete(trailers: RawHeaders): boolean {
    this.#done = true;
    return this.listener.onEnd(trailers);
  }

  fail(failure: AttemptFailure): void {
    if (this.#done) return;
    this.#done = true;
    this.listener.onFailure(failure);
  }
}
