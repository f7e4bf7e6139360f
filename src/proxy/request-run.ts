// One routed request from its first attempt to its last byte: picks an endpoint, sends, retries where that is safe,
// passes the answer on, and counts how it went. Every way out passes `#finish` exactly once.

import type { Rng } from "../base/clock.js";
import type { RecordedAttempt } from "../keeper/protocol.js";
import type { FaultPlan, HeaderEditPlan, SubsetPlan } from "../plan/proxy-plan.js";
import { fullJitterMs } from "../resilience/backoff.js";
import { drawFaultAbort, drawFaultDelay, isFaultOver } from "../resilience/fault.js";
import type { OutlierEvent } from "../resilience/outlier.js";
import { type AttemptFailure, decideRetry, isUnprocessed } from "../resilience/retry-policy.js";
import { answerRefusal } from "./answer-refusal.js";
import type { Cluster, Draw, Waiting } from "./cluster.js";
import { Deadline, type DeadlineOwner } from "./deadlines.js";
import type { DispatchContext } from "./dispatch-context.js";
import type { EdgeCounts } from "./edge-counts.js";
import type { EndpointState } from "./endpoint-state.js";
import type { AnswerListener, Exchange, RawHeaders, UpstreamAttempt, UpstreamListener } from "./exchange.js";
import { editHeaders } from "./filters/header-edit.js";
import { type ForwardedRequest, forwardAnswerHeaders } from "./forward-headers.js";
import { HedgedAttempt, type HedgedRun } from "./hedged-attempt.js";
import { HeldAnswer } from "./held-answer.js";
import { type Refusal, refusal, statusOf } from "./refusals.js";
import { ReplayableBody } from "./replayable-body.js";
import { requestHash } from "./request-hash.js";
import { headerValue, type RequestHead } from "./request-head.js";
import type { RouteDecision } from "./routing.js";

/** Of a request body, kept for another attempt. */
const replayLimit = 64 * 1024;
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Where a request goes, and as what. */
export interface ForwardCourse {
  readonly head: RequestHead;
  readonly forwarded: ForwardedRequest;
  readonly decision: RouteDecision;
  readonly cluster: Cluster;
  /** Of the route's filters, for the answer of the upstream. */
  readonly answerEdits: readonly HeaderEditPlan[];
}

export interface RunContext {
  readonly context: DispatchContext;
  readonly edge: EdgeCounts;
  /** Monotonic. */
  readonly startedAt: number;
}

export class RequestRun implements UpstreamListener, AnswerListener, DeadlineOwner, Draw, Waiting, HedgedRun {
  readonly rng: Rng;
  /** Endpoints of earlier attempts. */
  readonly tried: EndpointState[] = [];
  readonly #exchange: Exchange;
  readonly #course: ForwardCourse;
  readonly #context: DispatchContext;
  readonly #edge: EdgeCounts;
  readonly #startedAt: number;
  /** Null: the request has none. */
  readonly #body: ReplayableBody | null;
  readonly #answer: HeldAnswer;
  #hash = -1;
  #attemptStartedAt = 0;
  #endpoint: EndpointState | null = null;
  #attempt: UpstreamAttempt | null = null;
  #attemptsMade = 0;
  #responseBytes = 0;
  /** Asked last. */
  #asked: EndpointState | null = null;
  /** Of the answer; -1: none yet. */
  #headAt = -1;
  #refused: Refusal | null = null;
  /** For the record; null as long as there is nothing to say. */
  #failed: RecordedAttempt[] | null = null;
  #acted: string[] | null = null;
  /** Counted by the cluster as one in flight. */
  #admitted = false;
  #isRetried = false;
  #isTunnel = false;
  #finished = false;
  #totalDeadline: Deadline | null = null;
  #attemptDeadline: Deadline | null = null;
  #retryDeadline: Deadline | null = null;
  #faultDeadline: Deadline | null = null;

  constructor(exchange: Exchange, course: ForwardCourse, { context, edge, startedAt }: RunContext) {
    this.#exchange = exchange;
    this.#course = course;
    this.#context = context;
    this.rng = context.rng;
    this.#edge = edge;
    this.#startedAt = startedAt;
    const { body } = exchange;
    const limit = course.decision.action.retry.attempts > 0 ? replayLimit : 0;
    this.#body = body.length === 0 ? null : new ReplayableBody(body, limit);
    this.#answer = new HeldAnswer(exchange.sink);
  }

  start(): void {
    const { requestTimeoutMs, fault } = this.#course.decision.action;
    this.#exchange.sink.listen(this);
    if (requestTimeoutMs > 0) {
      this.#totalDeadline = new Deadline(this);
      this.#context.deadlines.set(this.#totalDeadline, requestTimeoutMs);
    }
    if (fault === undefined || isFaultOver(fault, this.#context.clock.now())) this.#enter();
    else this.#meetFault(fault);
  }

  #meetFault(fault: FaultPlan): void {
    const delayMs = drawFaultDelay(fault, this.rng);
    if (delayMs === 0) {
      this.#enterUnlessAborted(fault);
      return;
    }
    this.#note(`fault: held back for ${delayMs} ms`);
    this.#faultDeadline = new Deadline(this);
    this.#context.deadlines.set(this.#faultDeadline, delayMs);
  }

  #enterUnlessAborted(fault: FaultPlan | undefined): void {
    if (fault === undefined || !drawFaultAbort(fault, this.rng)) {
      this.#enter();
      return;
    }
    const detail = `a fault is injected into requests to ${this.#course.cluster.name} on purpose`;
    this.#refuse({ ...refusal("FAULT_INJECTED", detail), status: fault.abortStatus });
  }

  #enter(): void {
    const refused = this.#course.cluster.admission.admit();
    if (refused !== null) {
      this.#refuse(refused);
      return;
    }
    this.#admitted = true;
    this.#tryNext();
  }

  get subset(): SubsetPlan | undefined {
    return this.#course.decision.action.subset;
  }

  /** Of what the cluster keeps requests together by; drawn at random where the request has none of it. */
  get hash(): number {
    if (this.#hash === -1) {
      const { cluster, head } = this.#course;
      this.#hash =
        requestHash(cluster.plan?.hashOn, head, this.#exchange.peerAddress) ?? Math.floor(this.rng() * 2 ** 32);
    }
    return this.#hash;
  }

  now(): number {
    return this.#context.clock.monotonic();
  }

  #tryNext(): void {
    const { cluster, decision } = this.#course;
    const endpoint = cluster.pick(this);
    if (!endpoint) {
      this.#waitForRoom();
      return;
    }
    this.tried.push(endpoint);
    this.#attemptsMade++;
    endpoint.begin();
    this.#endpoint = endpoint;
    this.#asked = endpoint;
    if (cluster.measures) this.#attemptStartedAt = this.now();
    const { attemptTimeoutMs } = decision.action;
    if (attemptTimeoutMs > 0) {
      this.#attemptDeadline ??= new Deadline(this);
      this.#context.deadlines.set(this.#attemptDeadline, attemptTimeoutMs);
    }
    const { hedge } = decision.action;
    this.#attempt = hedge && this.#mayHedge() ? this.#sendHedged(endpoint, hedge.afterMs) : this.#send(endpoint, this);
  }

  /** Safe methods (RFC 9110, section 9.2.1) that nothing is sent with; a connection is not asked for twice. */
  #mayHedge(): boolean {
    const { head, forwarded } = this.#course;
    return this.#body === null && forwarded.upgrade === undefined && safeMethods.has(head.method);
  }

  #sendHedged(endpoint: EndpointState, afterMs: number): HedgedAttempt {
    const send = (to: EndpointState, listener: UpstreamListener): UpstreamAttempt => this.#send(to, listener);
    return new HedgedAttempt(endpoint, { run: this, deadlines: this.#context.deadlines, afterMs, send });
  }

  adopt(endpoint: EndpointState, startedAt: number): void {
    this.#endpoint = endpoint;
    this.#asked = endpoint;
    this.#attemptStartedAt = startedAt;
  }

  pickHedge(): EndpointState | null {
    const { cluster } = this.#course;
    if (!cluster.hasUntried(this)) return null;
    const endpoint = cluster.pick(this);
    if (endpoint === undefined || this.tried.includes(endpoint) || !this.#bookRetry()) return null;
    this.tried.push(endpoint);
    this.#attemptsMade++;
    endpoint.begin();
    this.#note(`hedge: ${endpoint.endpoint.id} was asked, too`);
    return endpoint;
  }

  loseHedge(endpoint: EndpointState, failure: AttemptFailure): void {
    this.#noteFailure(endpoint, failure.message);
    this.#course.cluster.report(endpoint, failureEvent(failure));
  }

  #waitForRoom(): void {
    const { cluster } = this.#course;
    if (cluster.candidates(this.subset).length === 0) {
      const which = cluster.pickable.length === 0 ? "ready instance" : "ready instance in the subset";
      this.#refuse(refusal("NO_ENDPOINT", `service ${cluster.name} has no ${which}`));
    } else if (!cluster.tryWait(this)) this.#refuse(cluster.admission.refusePending());
    else this.#note("limits: waited for an instance with room");
  }

  onRoom(): void {
    this.#tryNext();
  }

  #send(endpoint: EndpointState, listener: UpstreamListener): UpstreamAttempt {
    const { head, forwarded, cluster } = this.#course;
    const { method, pathAndQuery: path } = head;
    const connectTimeoutMs = cluster.plan?.connectTimeoutMs ?? 0;
    const request = {
      method,
      path,
      headers: forwarded.headers,
      body: this.#body ?? this.#exchange.body,
      connectTimeoutMs,
      upgrade: this.#exchange.switches ? forwarded.upgrade : undefined,
    };
    return this.#context.upstream.send(endpoint.target, request, listener);
  }

  onInterim(status: number, headers: RawHeaders): void {
    if (this.#answer.started) return;
    this.#exchange.sink.interim(status, forwardAnswerHeaders(headers, { status, requestId: undefined }));
  }

  onHead(status: number, headers: RawHeaders): void {
    this.#headAt = this.now();
    if (status >= 500) this.#report({ type: "failure", kind: "status", refused: false, status });
    else this.#report({ type: "success" });
    if (this.#course.decision.action.retry.statuses.includes(status)) {
      const failure: AttemptFailure = { kind: "status", status, message: `the answer was ${status}` };
      if (this.#retry(failure)) return;
    }
    if (status === 101) this.#openTunnel();
    const passed = forwardAnswerHeaders(headers, { status, requestId: this.#course.forwarded.requestId });
    this.#answer.head(status, editHeaders(passed, this.#course.answerEdits), this.#mayRepeat());
    if (this.#answer.started) this.#liftAttemptDeadline();
    // A tunnel lasts as long as both sides want; what was asked and answered is over.
    if (status === 101) this.#finish(status, false);
  }

  #openTunnel(): void {
    const idleMs = this.#course.cluster.plan?.tunnelIdleMs;
    if (idleMs !== undefined) this.#exchange.limitTunnel?.(idleMs);
    this.#isTunnel = true;
    this.#edge.tunnels++;
    this.#edge.tunnelsOpen++;
  }

  onData(chunk: Uint8Array): void {
    this.#responseBytes += chunk.length;
    this.#answer.write(chunk);
  }

  onPause(): boolean {
    return this.#answer.flush();
  }

  onEnd(trailers: RawHeaders): boolean {
    this.#endAttempt();
    this.#finish(this.#answer.status, false);
    return this.#answer.end(trailers);
  }

  onFailure(failure: AttemptFailure): void {
    // How a tunnel ends says nothing about the instance.
    if (!this.#finished) this.#report(failureEvent(failure));
    if (!this.#answer.started && this.#endpoint !== null) this.#noteFailure(this.#endpoint, failure.message);
    if (this.#answer.started) this.#breakOff();
    else if (!this.#retry(failure)) this.#refuse(refusalFor(failure, this.#course.cluster.name, this.#attemptsMade));
  }

  onDrain(): void {
    this.#attempt?.resume();
  }

  onGone(): void {
    this.#endAttempt();
    if (this.#finished) return;
    this.#finish(this.#answer.started ? this.#answer.status : null, false);
  }

  onDeadline(deadline: Deadline): void {
    const { attemptTimeoutMs, requestTimeoutMs, fault } = this.#course.decision.action;
    if (deadline === this.#totalDeadline) this.#onTotalTimeout(requestTimeoutMs);
    else if (deadline === this.#faultDeadline) this.#enterUnlessAborted(fault);
    else if (deadline === this.#attemptDeadline) this.#onAttemptTimeout(attemptTimeoutMs);
    else this.#tryNext();
  }

  /** True: another attempt is under way or waits for its time, and this one is over. */
  #retry(failure: AttemptFailure): boolean {
    const { decision } = this.#course;
    if (!decideRetry(this.#question(failure)).retry) return false;
    if (!this.#bookRetry()) return false;
    if (failure.kind === "status" && this.#endpoint !== null) this.#noteFailure(this.#endpoint, failure.message);
    this.#endAttempt();
    this.#answer.drop();
    this.#responseBytes = 0;
    const waitMs = this.#goesElsewhere(failure)
      ? 0
      : fullJitterMs(decision.action.retry.backoffMs, this.#attemptsMade, this.#context.rng);
    if (waitMs === 0) this.#tryNext();
    else this.#retryIn(waitMs);
    return true;
  }

  #bookRetry(): boolean {
    if (!this.#course.cluster.admission.tryRetry(!this.#isRetried)) {
      this.#edge.retriesDenied++;
      this.#note("retry budget: no further attempt");
      return false;
    }
    this.#isRetried = true;
    this.#edge.retries++;
    return true;
  }

  #retryIn(waitMs: number): void {
    this.#retryDeadline ??= new Deadline(this);
    this.#context.deadlines.set(this.#retryDeadline, waitMs);
  }

  // A broken endpoint says nothing about another one: no reason to wait. An overloaded or slow one may.
  #goesElsewhere(failure: AttemptFailure): boolean {
    return (failure.kind === "connect" || failure.kind === "reset") && this.#course.cluster.hasUntried(this);
  }

  #question(failure: AttemptFailure): Parameters<typeof decideRetry>[0] {
    const { head, decision } = this.#course;
    const { attempts, unsentOnly } = decision.action.retry;
    return {
      method: head.method,
      hasIdempotencyKey: headerValue(head.headers, "idempotency-key") !== undefined,
      failure,
      attemptsMade: this.#attemptsMade,
      attemptsAllowed: unsentOnly && !isUnprocessed(failure) ? 0 : attempts,
      bodyReplayable: this.#body?.replayable ?? true,
      answerStarted: this.#answer.started,
    };
  }

  /** Were the connection to break now, another attempt would follow: then a short answer is held until it is whole. */
  #mayRepeat(): boolean {
    return decideRetry(this.#question({ kind: "reset", requestSent: true, message: "" })).retry;
  }

  #onAttemptTimeout(limitMs: number): void {
    const requestSent = this.#attempt?.requestSent ?? false;
    this.#attempt?.abort();
    this.onFailure({ kind: "timeout", requestSent, message: `no answer within ${limitMs} ms` });
  }

  #onTotalTimeout(limitMs: number): void {
    this.#report({ type: "failure", kind: "timeout", refused: false });
    const { cluster } = this.#course;
    const { name } = cluster;
    const late = cluster.isWaiting(this)
      ? `no instance of service ${name} had room within ${limitMs} ms`
      : `service ${name} did not answer within ${limitMs} ms`;
    if (!this.#answer.started && this.#endpoint !== null) this.#noteFailure(this.#endpoint, `no answer in time`);
    if (this.#answer.started) this.#breakOff();
    else this.#refuse(refusal("UPSTREAM_TIMEOUT", late));
  }

  #refuse(refused: Refusal): void {
    const { forwarded } = this.#course;
    this.#endAttempt();
    this.#refused = refused;
    this.#edge.countRefusal(refused.code);
    this.#responseBytes = answerRefusal(this.#exchange.sink, refused, forwarded, this.#exchange.method);
    this.#finish(statusOf(refused), false);
  }

  // The client must not take what it has for the whole.
  #breakOff(): void {
    this.#endAttempt();
    this.#finish(this.#answer.status, true);
    this.#exchange.sink.abort();
  }

  #report(event: OutlierEvent): void {
    const { cluster } = this.#course;
    if (this.#endpoint === null) return;
    if (cluster.measures) this.#measure(this.#endpoint, event.type === "failure");
    cluster.report(this.#endpoint, event);
  }

  #measure({ latency }: EndpointState, failed: boolean): void {
    const now = this.now();
    const tookMs = now - this.#attemptStartedAt;
    if (failed) latency.observeFailure(tookMs, now);
    else latency.observe(tookMs, now);
    this.#course.cluster.admission.observe(tookMs, failed, now);
  }

  #endAttempt(): void {
    const endpoint = this.#endpoint;
    if (endpoint === null) return;
    this.#endpoint = null;
    if (this.#isTunnel) this.#edge.tunnelsOpen--;
    this.#isTunnel = false;
    this.#liftAttemptDeadline();
    this.#body?.detach();
    this.#attempt?.abort();
    this.#attempt = null;
    endpoint.end();
  }

  #liftAttemptDeadline(): void {
    if (this.#attemptDeadline !== null) this.#context.deadlines.lift(this.#attemptDeadline);
  }

  #release(): void {
    const { cluster } = this.#course;
    cluster.stopWaiting(this);
    cluster.admission.release();
    if (this.#isRetried) cluster.admission.retryEnds();
  }

  #finish(status: number | null, broken: boolean): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#admitted) this.#release();
    if (this.#totalDeadline !== null) this.#context.deadlines.lift(this.#totalDeadline);
    if (this.#retryDeadline !== null) this.#context.deadlines.lift(this.#retryDeadline);
    if (this.#faultDeadline !== null) this.#context.deadlines.lift(this.#faultDeadline);
    const durationMs = this.now() - this.#startedAt;
    const requestBytes = this.#body?.bytesRead ?? 0;
    this.#edge.record({ status, broken, durationMs, requestBytes, responseBytes: this.#responseBytes });
    this.#keepRecord(status, broken, durationMs);
  }

  #note(what: string): void {
    this.#acted ??= [];
    this.#acted.push(what);
  }

  #noteFailure({ endpoint }: EndpointState, outcome: string): void {
    this.#failed ??= [];
    this.#failed.push({ endpoint: endpoint.id, outcome });
  }

  #keepRecord(status: number | null, broken: boolean, durationMs: number): void {
    const { forwarded, decision } = this.#course;
    const { recorder } = this.#context;
    const record = recorder.take();
    record.startedAt = this.#startedAt;
    record.listener = this.#exchange.listener;
    record.route = decision.route;
    record.caller = this.#edge.caller;
    record.callee = this.#edge.callee;
    record.endpoint = this.#asked === null ? "" : this.#asked.endpoint.id;
    record.method = this.#exchange.method;
    record.target = this.#exchange.target;
    record.status = status ?? 0;
    record.code = this.#refused === null ? "" : this.#refused.code;
    record.reason = this.#refused === null ? "" : this.#refused.detail;
    record.broken = broken;
    record.attemptsMade = this.#attemptsMade;
    record.failed = this.#failed;
    record.acted = this.#acted;
    record.durationMs = durationMs;
    record.firstByteMs = this.#headAt < 0 ? -1 : this.#headAt - this.#startedAt;
    record.requestBytes = this.#body?.bytesRead ?? 0;
    record.responseBytes = this.#responseBytes;
    record.traceId = forwarded.traceId;
    record.requestId = forwarded.requestId ?? "";
    recorder.keep(record);
  }
}

function failureEvent(failure: AttemptFailure): OutlierEvent {
  const { kind } = failure;
  if (kind === "status") return { type: "failure", kind, refused: false, status: failure.status };
  return { type: "failure", kind, refused: kind === "connect" && failure.refused };
}

function refusalFor(failure: AttemptFailure, service: string, attempts: number): Refusal {
  const tries = attempts === 1 ? "" : ` (${attempts} attempts)`;
  const because = `: ${failure.message}${tries}`;
  switch (failure.kind) {
    case "connect":
      if (failure.tls) return refusal("UPSTREAM_TLS_FAILED", `no verified connection to service ${service}${because}`);
      return refusal("UPSTREAM_UNREACHABLE", `no connection to service ${service}${because}`);
    case "timeout":
      return refusal("UPSTREAM_TIMEOUT", `service ${service} did not answer in time${because}`);
    case "malformed":
      return refusal("UPSTREAM_INVALID", `service ${service} did not answer with HTTP${because}`);
    default:
      return refusal("UPSTREAM_RESET", `service ${service} broke the connection${because}`);
  }
}
