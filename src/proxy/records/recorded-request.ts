// What is known of one request when it is over: filled into one object that is used again and again, so that recording
// costs some assignments and no garbage.
import type { RecordedAttempt, RequestRecord } from "../../keeper/protocol.js";

/** Longest path that is kept. */
const pathChars = 1024;

export class RecordedRequest {
  /** Monotonic. */
  startedAt = 0;
  listener = "";
  /** Empty: none was found. */
  route = "";
  caller = "";
  callee = "";
  /** That answered, or was asked last. Empty: none was asked. */
  endpoint = "";
  method = "";
  /** As the client sent it, query included. */
  target = "";
  /** 0: the client left before there was an answer. */
  status = 0;
  /** Of an answer that the proxy made itself; else empty. */
  code = "";
  reason = "";
  /** The answer was cut short. */
  broken = false;
  attemptsMade = 0;
  /** Those that came to nothing. */
  failed: readonly RecordedAttempt[] | null = null;
  /** Policies that did something, in words. */
  acted: readonly string[] | null = null;
  durationMs = 0;
  /** -1: there was no answer of an endpoint. */
  firstByteMs = -1;
  requestBytes = 0;
  responseBytes = 0;
  traceId = "";
  requestId = "";

  /** Its query may hold anything, and is left out. */
  get path(): string {
    const end = this.target.indexOf("?");
    return this.target.slice(0, end === -1 ? pathChars : Math.min(end, pathChars));
  }

  /** Of those that are looked for: failures, refusals, retries, cut answers. */
  get isTroubled(): boolean {
    return this.status >= 500 || this.status === 0 || this.code !== "" || this.broken || this.failed !== null;
  }

  toJSON(clock: { readonly wall: number; readonly monotonic: number }): RequestRecord {
    return {
      at: new Date(clock.wall - (clock.monotonic - this.startedAt)).toISOString(),
      listener: this.listener,
      route: this.route === "" ? null : this.route,
      caller: this.caller,
      callee: this.callee === "" ? null : this.callee,
      method: this.method,
      path: this.path,
      status: this.status === 0 ? null : this.status,
      refusal: this.code === "" ? null : { code: this.code, reason: this.reason },
      broken: this.broken,
      attempts: [...(this.failed ?? []), ...this.#lastAttempt()],
      acted: this.acted ?? [],
      durationMs: this.durationMs,
      firstByteMs: this.firstByteMs < 0 ? null : this.firstByteMs,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      traceId: this.traceId,
      requestId: this.requestId,
    };
  }

  #lastAttempt(): RecordedAttempt[] {
    if (this.endpoint === "" || this.code !== "") return [];
    const outcome = this.status === 0 ? "the client left before the answer" : `answered ${this.status}`;
    return [{ endpoint: this.endpoint, outcome: this.broken ? `${outcome}, then the connection broke` : outcome }];
  }
}
