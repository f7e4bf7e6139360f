// The one verb of the data plane: an exchange comes in, and is answered. Reads the head, routes, and hands over to
// a RequestRun; what cannot be routed is answered here. Knows no codec.
import type { GatewayListenerPlan, HeaderEditPlan, ListenerPlan, MirrorPlan } from "../plan/proxy-plan.js";
import { type AnswerIds, answerRefusal } from "./answer-refusal.js";
import type { Cluster } from "./cluster.js";
import type { DispatchContext } from "./dispatch-context.js";
import type { Exchange, RawHeaders } from "./exchange.js";
import { applyFilters, hasFilters } from "./filters/apply-filters.js";
import { mirrorExchange } from "./filters/mirror.js";
import { type ForwardedRequest, forwardRequestHeaders } from "./forward-headers.js";
import { type Refusal, refusal, statusOf } from "./refusals.js";
import { type RequestHead, readRequestHead } from "./request-head.js";
import { RequestRun } from "./request-run.js";
import { backendProblem, callerOf, type RouteDecision, type Router, routeRequest } from "./routing.js";
import { newTraceparent } from "./trace-context.js";

interface Outgoing {
  readonly head: RequestHead;
  readonly forwarded: ForwardedRequest;
  readonly decision: RouteDecision;
  readonly answerEdits: readonly HeaderEditPlan[];
  readonly mirrors: readonly MirrorPlan[];
}

type Course =
  | (Outgoing & { readonly kind: "forward"; readonly cluster: Cluster })
  /** Answered here: by a filter, or because the target is the worker itself. */
  | {
      readonly kind: "answer";
      readonly callee: string;
      readonly route: string;
      readonly status: number;
      readonly headers: RawHeaders;
      readonly ids: AnswerIds;
    }
  | { readonly kind: "refuse"; readonly refusal: Refusal; readonly callee: string; readonly ids: AnswerIds };

const none: readonly never[] = [];

export function dispatch(exchange: Exchange, context: DispatchContext): void {
  const startedAt = context.clock.monotonic();
  const router = context.dataPlane.router(exchange.listener);
  const caller = router ? callerOf(router.listener) : exchange.listener;
  const course = courseOf(exchange, router, context);
  const callee = course.kind === "forward" ? course.decision.cluster : course.callee;
  const edge = context.dataPlane.edges.of(caller, callee);
  if (course.kind === "forward") {
    new RequestRun(mirrored(exchange, course, context), course, { context, edge, startedAt }).start();
    return;
  }
  if (course.kind === "answer") {
    const { status, headers } = course;
    exchange.sink.head(status, headers);
    exchange.sink.end();
    const durationMs = context.clock.monotonic() - startedAt;
    edge.record({ status, broken: false, durationMs, requestBytes: 0, responseBytes: 0 });
    const { route, ids } = course;
    keepRecord(context, { exchange, startedAt, caller, callee, route, ids, status, durationMs, responseBytes: 0 });
    return;
  }
  const { code } = course.refusal;
  const responseBytes = answerRefusal(exchange.sink, course.refusal, course.ids, exchange.method);
  const durationMs = context.clock.monotonic() - startedAt;
  edge.countRefusal(code);
  const status = statusOf(course.refusal);
  edge.record({ status, broken: false, durationMs, requestBytes: 0, responseBytes });
  const { refusal: refused, ids } = course;
  const made = { exchange, startedAt, caller, callee, route: "", ids, status, durationMs, responseBytes, refused };
  keepRecord(context, made);
}

/** An answer that was made here. */
interface Made {
  readonly exchange: Exchange;
  readonly startedAt: number;
  readonly caller: string;
  readonly callee: string;
  readonly route: string;
  readonly ids: AnswerIds;
  readonly status: number;
  readonly durationMs: number;
  readonly responseBytes: number;
  readonly refused?: Refusal;
}

function keepRecord({ recorder }: DispatchContext, { exchange, ids, refused, ...made }: Made): void {
  const record = recorder.take();
  record.startedAt = made.startedAt;
  record.listener = exchange.listener;
  record.route = made.route;
  record.caller = made.caller;
  record.callee = made.callee;
  record.endpoint = "";
  record.method = exchange.method;
  record.target = exchange.target;
  record.status = made.status;
  record.code = refused?.code ?? "";
  record.reason = refused?.detail ?? "";
  record.broken = false;
  record.attemptsMade = 0;
  record.failed = null;
  record.acted = null;
  record.durationMs = made.durationMs;
  record.firstByteMs = -1;
  record.requestBytes = 0;
  record.responseBytes = made.responseBytes;
  record.traceId = ids.traceId;
  record.requestId = ids.requestId ?? "";
  recorder.keep(record);
}

function courseOf(exchange: Exchange, router: Router | undefined, context: DispatchContext): Course {
  const { rng, newRequestId } = context;
  if (!router) return early(context, refusal("NOT_CONFIGURED", `listener ${exchange.listener} is not in the plan`));
  const read = readRequestHead(exchange.method, exchange.target, exchange.headers);
  if (!read.ok) return early(context, read.refusal);
  const { head } = read;
  const { peerAddress, tls } = exchange;
  const trusted = router.listener.kind !== "gateway";
  const scheme = tls === undefined ? "http" : "https";
  const forwarded = forwardRequestHeaders(head, { trusted, peerAddress, scheme, rng, newRequestId });
  const routed = routeRequest(router, head, rng, tls?.serverName);
  if (!routed.ok) return { kind: "refuse", refusal: routed.refusal, callee: routed.callee, ids: forwarded };
  const { decision } = routed;
  if (hasFilters(decision)) return filtered(decision, { head, forwarded, scheme, listener: router.listener }, context);
  return toCluster({ head, forwarded, decision, answerEdits: none, mirrors: none }, context);
}

function mirrored(exchange: Exchange, { head, forwarded, mirrors }: Outgoing, context: DispatchContext): Exchange {
  if (mirrors.length === 0) return exchange;
  const { method, pathAndQuery } = head;
  return mirrorExchange(exchange, { method, pathAndQuery, headers: forwarded.headers }, mirrors, context);
}

interface Arrived {
  readonly head: RequestHead;
  readonly forwarded: ForwardedRequest;
  readonly scheme: "http" | "https";
  readonly listener: ListenerPlan;
}

function filtered(
  decision: RouteDecision,
  { head, forwarded, scheme, listener }: Arrived,
  context: DispatchContext,
): Course {
  const { port } = listener as Partial<GatewayListenerPlan>;
  const result = applyFilters(decision, { head, headers: forwarded.headers, scheme, port });
  if (result.kind === "answer") return { ...result, callee: decision.cluster, route: decision.route, ids: forwarded };
  const problem = backendProblem(decision.route, decision.action, decision.backend);
  if (problem !== null) {
    return { kind: "refuse", refusal: refusal("NO_BACKEND", problem), callee: decision.cluster, ids: forwarded };
  }
  const { pathAndQuery, headers, answerEdits, mirrors } = result;
  const changed = { head: { ...head, pathAndQuery }, forwarded: { ...forwarded, headers } };
  return toCluster({ ...changed, decision, answerEdits, mirrors }, context);
}

function toCluster(outgoing: Outgoing, { dataPlane }: DispatchContext): Course {
  const { cluster: name } = outgoing.decision;
  const cluster = dataPlane.cluster(name);
  if (cluster?.plan?.builtIn) {
    const { decision, forwarded: ids } = outgoing;
    const headers = ["cache-control", "no-store"];
    return { kind: "answer", callee: name, route: decision.route, status: 204, headers, ids };
  }
  if (cluster) {
    const { head, forwarded, decision, answerEdits, mirrors } = outgoing;
    return { kind: "forward", head, forwarded, decision, answerEdits, mirrors, cluster };
  }
  const missing = refusal("NO_ENDPOINT", `service ${name} is not in the plan`);
  return { kind: "refuse", refusal: missing, callee: name, ids: outgoing.forwarded };
}

/** Before the head was understood: no id of the client's is taken over. */
function early(context: DispatchContext, refused: Refusal): Course {
  const ids = { traceId: newTraceparent(context.rng).traceId, requestId: context.newRequestId() };
  return { kind: "refuse", refusal: refused, callee: "", ids };
}
