// One routed request from its first attempt to its last byte: picks an endpoint, sends, retries where that is safe,
// passes the answer on, and counts how it went. Every way out passes `#finish` exactly once.
import type { Timer } from "../base/clock.js";
import { fullJitterMs } from "../resilience/backoff.js";
import type { OutlierEvent } from "../resilience/outlier.js";
import { type AttemptFailure, decideRetry } from "../resilience/retry-policy.js";
import { answerRefusal } from "./answer-refusal.js";
import type { Cluster } from "./cluster.js";
import type { DispatchContext } from "./dispatch-context.js";
import type { EdgeCounts } from "./edge-counts.js";
import type { EndpointState } from "./endpoint-state.js";
import type { Exchange, RawHeaders, UpstreamAttempt } from "./exchange.js";
import { type ForwardedRequest, forwardAnswerHeaders } from "./forward-headers.js";
import { HeldAnswer } from "./held-answer.js";
import { type Refusal, refusal, statusOf } from "./refusals.js";
import { ReplayableBody } from "./replayable-body.js";
import { headerValue, type RequestHead } from "./request-head.js";
import type { RouteDecision } from "./routing.js";

/** Of a request body, kept for another attempt. */
const replayLimit = 64 * 1024;

export interface RequestRunInput {
  readonly exchange: Exchange;
  readonly context: DispatchContext;
  readonly head: RequestHead;
  readonly forwarded: ForwardedRequest;
  readonly decision: RouteDecision;
  readonly cluster: Cluster;
  readonly edge: EdgeCounts;
  /** Monotonic. */
  readonly startedAt: number;
}

export class RequestRun {
  readonly #in: RequestRunInput;
  readonly #body: ReplayableBody;
  readonly #tried = new Set<EndpointState>();
  #attempt: { readonly endpoint: EndpointState; handle: UpstreamAttempt | null } | null = null;
  #attemptsMade = 0;
  #answer: HeldAnswer;
  #responseBytes = 0;
  #finished = false;
  #totalTimer: Timer | null = null;
  #attemptTimer: Timer | null = null;
  #retryTimer: Timer | null = null;

  constructor(input: RequestRunInput) {
    this.#in = input;
    this.#body = new ReplayableBody(input.exchange.body, input.decision.action.retry.attempts > 0 ? replayLimit : 0);
    this.#answer = new HeldAnswer(input.exchange.sink);
  }

  start(): void {
    const { exchange, cluster, context, decision } = this.#in;
    const { requestTimeoutMs } = decision.action;
    cluster.requestBegins();
    exchange.sink.onClose((complete) => this.#onClientClose(complete));
    exchange.sink.onDrain(() => this.#attempt?.handle?.resume());
    if (requestTimeoutMs > 0) {
      this.#totalTimer = context.clock.setTimer(requestTimeoutMs, () => this.#onTotalTimeout(requestTimeoutMs));
    }
    this.#tryNext();
  }

  #tryNext(): void {
    const { cluster, context, decision } = this.#in;
    const endpoint = cluster.pick(this.#tried, context.rng);
    if (!endpoint) {
      this.#refuse(refusal("NO_ENDPOINT", `service ${cluster.name} has no ready instance`));
      return;
    }
    this.#tried.add(endpoint);
    this.#attemptsMade++;
    endpoint.begin();
    const attempt = { endpoint, handle: null as UpstreamAttempt | null };
    this.#attempt = attempt;
    const { attemptTimeoutMs } = decision.action;
    if (attemptTimeoutMs > 0) {
      this.#attemptTimer = context.clock.setTimer(attemptTimeoutMs, () => this.#onAttemptTimeout(attemptTimeoutMs));
    }
    attempt.handle = this.#send(endpoint);
  }

  #send(endpoint: EndpointState): UpstreamAttempt {
    const { head, forwarded, cluster, context, exchange } = this.#in;
    return context.upstream.send(
      endpoint.target,
      {
        method: head.method,
        path: head.pathAndQuery,
        headers: forwarded.headers,
        bodyLength: exchange.body.length,
        body: this.#body.open(),
        connectTimeoutMs: cluster.plan?.connectTimeoutMs ?? 0,
      },
      {
        onHead: (status, headers) => this.#onHead(status, headers),
        onData: (chunk) => this.#onData(chunk),
        onEnd: (trailers) => this.#onEnd(trailers),
        onFailure: (failure) => this.#onFailure(failure),
      },
    );
  }

  #onHead(status: number, headers: RawHeaders): void {
    if (status >= 500) this.#report({ type: "failure", kind: "status", refused: false });
    else this.#report({ type: "success" });
    if (this.#in.decision.action.retry.statuses.includes(status)) {
      const failure: AttemptFailure = { kind: "status", status, message: `the answer was ${status}` };
      if (this.#retry(failure)) return;
    }
    const passed = forwardAnswerHeaders(headers, { status, requestId: this.#in.forwarded.requestId });
    this.#answer.head(status, passed, this.#mayRepeat());
    if (this.#answer.started) this.#cancelAttemptTimer();
  }

  #onData(chunk: Uint8Array): boolean {
    this.#responseBytes += chunk.length;
    return this.#answer.write(chunk);
  }

  #onEnd(trailers: RawHeaders): void {
    this.#answer.end(trailers);
    this.#endAttempt();
    this.#finish(this.#answer.status, false);
  }

  #onFailure(failure: AttemptFailure): void {
    const refused = failure.kind === "connect" && failure.refused;
    this.#report({ type: "failure", kind: failure.kind, refused });
    if (this.#answer.started) this.#breakOff();
    else if (!this.#retry(failure)) this.#refuse(refusalFor(failure, this.#in.cluster.name, this.#attemptsMade));
  }

  /** True: another attempt is under way or waits for its time, and this one is over. */
  #retry(failure: AttemptFailure): boolean {
    const { cluster, context, decision, edge } = this.#in;
    if (!decideRetry(this.#question(failure)).retry) return false;
    if (!cluster.tryRetry()) {
      edge.retriesDenied++;
      return false;
    }
    edge.retries++;
    this.#endAttempt();
    this.#answer.drop();
    this.#responseBytes = 0;
    const waitMs = this.#goesElsewhere(failure)
      ? 0
      : fullJitterMs(decision.action.retry.backoffMs, this.#attemptsMade, context.rng);
    if (waitMs === 0) this.#tryNext();
    else this.#retryTimer = context.clock.setTimer(waitMs, () => this.#retryNow());
    return true;
  }

  #retryNow(): void {
    this.#retryTimer = null;
    this.#tryNext();
  }

  // A broken endpoint says nothing about another one: no reason to wait. An overloaded or slow one may.
  #goesElsewhere(failure: AttemptFailure): boolean {
    return (failure.kind === "connect" || failure.kind === "reset") && this.#in.cluster.hasUntried(this.#tried);
  }

  #question(failure: AttemptFailure): Parameters<typeof decideRetry>[0] {
    const { head, decision } = this.#in;
    return {
      method: head.method,
      hasIdempotencyKey: headerValue(head.headers, "idempotency-key") !== undefined,
      failure,
      attemptsMade: this.#attemptsMade,
      attemptsAllowed: decision.action.retry.attempts,
      bodyReplayable: this.#body.replayable,
      answerStarted: this.#answer.started,
    };
  }

  /** Were the connection to break now, another attempt would follow: then a short answer is held until it is whole. */
  #mayRepeat(): boolean {
    return decideRetry(this.#question({ kind: "reset", requestSent: true, message: "" })).retry;
  }

  #onAttemptTimeout(limitMs: number): void {
    const requestSent = this.#attempt?.handle?.requestSent ?? false;
    this.#attempt?.handle?.abort();
    this.#onFailure({ kind: "timeout", requestSent, message: `no answer within ${limitMs} ms` });
  }

  #onTotalTimeout(limitMs: number): void {
    if (this.#attempt) this.#report({ type: "failure", kind: "timeout", refused: false });
    const late = `service ${this.#in.cluster.name} did not answer within ${limitMs} ms`;
    if (this.#answer.started) this.#breakOff();
    else this.#refuse(refusal("UPSTREAM_TIMEOUT", late));
  }

  #onClientClose(complete: boolean): void {
    if (this.#finished || complete) return;
    this.#endAttempt();
    this.#finish(this.#answer.started ? this.#answer.status : null, false);
  }

  #refuse(refused: Refusal): void {
    const { exchange, edge, forwarded } = this.#in;
    this.#endAttempt();
    edge.countRefusal(refused.code);
    this.#responseBytes = answerRefusal(exchange.sink, refused, forwarded, exchange.method);
    this.#finish(statusOf(refused.code), false);
  }

  // The client must not take what it has for the whole.
  #breakOff(): void {
    this.#endAttempt();
    this.#finish(this.#answer.status, true);
    this.#in.exchange.sink.abort();
  }

  #report(event: OutlierEvent): void {
    if (this.#attempt) this.#in.cluster.report(this.#attempt.endpoint, event);
  }

  #endAttempt(): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    this.#attempt = null;
    this.#cancelAttemptTimer();
    attempt.handle?.abort();
    attempt.endpoint.end();
  }

  #cancelAttemptTimer(): void {
    this.#attemptTimer?.cancel();
    this.#attemptTimer = null;
  }

  #finish(status: number | null, broken: boolean): void {
    if (this.#finished) return;
    this.#finished = true;
    const { context, edge, startedAt } = this.#in;
    this.#totalTimer?.cancel();
    this.#retryTimer?.cancel();
    edge.record({
      status,
      broken,
      durationMs: context.clock.monotonic() - startedAt,
      requestBytes: this.#body.bytesRead,
      responseBytes: this.#responseBytes,
    });
  }
}

function refusalFor(failure: AttemptFailure, service: string, attempts: number): Refusal {
  const tries = attempts === 1 ? "" : ` (${attempts} attempts)`;
  const because = `: ${failure.message}${tries}`;
  switch (failure.kind) {
    case "connect":
      return refusal("UPSTREAM_UNREACHABLE", `no connection to service ${service}${because}`);
    case "timeout":
      return refusal("UPSTREAM_TIMEOUT", `service ${service} did not answer in time${because}`);
    case "malformed":
      return refusal("UPSTREAM_INVALID", `service ${service} did not answer with HTTP${because}`);
    default:
      return refusal("UPSTREAM_RESET", `service ${service} broke the connection${because}`);
  }
}
