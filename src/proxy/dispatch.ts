// The one verb of the data plane: an exchange comes in, and is answered. Reads the head, routes, and hands over to
// a RequestRun; what cannot be routed is answered here. Knows no codec.
import { type AnswerIds, answerRefusal } from "./answer-refusal.js";
import type { Cluster } from "./cluster.js";
import type { DispatchContext } from "./dispatch-context.js";
import type { Exchange } from "./exchange.js";
import { type ForwardedRequest, forwardRequestHeaders } from "./forward-headers.js";
import { type Refusal, refusal, statusOf } from "./refusals.js";
import { type RequestHead, readRequestHead } from "./request-head.js";
import { RequestRun } from "./request-run.js";
import { callerOf, type RouteDecision, routeRequest } from "./routing.js";
import { newTraceparent } from "./trace-context.js";

type Course =
  | {
      readonly kind: "forward";
      readonly head: RequestHead;
      readonly forwarded: ForwardedRequest;
      readonly decision: RouteDecision;
      readonly cluster: Cluster;
    }
  /** Answered here: the target is the worker itself. */
  | { readonly kind: "answer"; readonly callee: string }
  | { readonly kind: "refuse"; readonly refusal: Refusal; readonly callee: string; readonly ids: AnswerIds };

export function dispatch(exchange: Exchange, context: DispatchContext): void {
  const startedAt = context.clock.monotonic();
  const listener = context.dataPlane.listener(exchange.listener);
  const caller = listener ? callerOf(listener) : exchange.listener;
  const course = courseOf(exchange, context);
  const callee = course.kind === "forward" ? course.decision.cluster : course.callee;
  const edge = context.dataPlane.edges.of(caller, callee);
  if (course.kind === "forward") {
    new RequestRun({ exchange, context, edge, startedAt, ...course }).start();
    return;
  }
  if (course.kind === "answer") {
    exchange.sink.head(204, ["cache-control", "no-store"]);
    exchange.sink.end();
    const durationMs = context.clock.monotonic() - startedAt;
    edge.record({ status: 204, broken: false, durationMs, requestBytes: 0, responseBytes: 0 });
    return;
  }
  const { code } = course.refusal;
  const responseBytes = answerRefusal(exchange.sink, course.refusal, course.ids, exchange.method);
  const durationMs = context.clock.monotonic() - startedAt;
  edge.countRefusal(code);
  edge.record({ status: statusOf(code), broken: false, durationMs, requestBytes: 0, responseBytes });
}

function courseOf(exchange: Exchange, context: DispatchContext): Course {
  const { dataPlane, rng, newRequestId } = context;
  const listener = dataPlane.listener(exchange.listener);
  if (!listener) return early(context, refusal("NOT_CONFIGURED", `listener ${exchange.listener} is not in the plan`));
  const read = readRequestHead(exchange.method, exchange.target, exchange.headers);
  if (!read.ok) return early(context, read.refusal);
  const { head } = read;
  const { peerAddress } = exchange;
  const trusted = listener.kind !== "gateway";
  const forwarded = forwardRequestHeaders(head, { trusted, peerAddress, rng, newRequestId });
  const routed = routeRequest(listener, head, rng);
  if (!routed.ok) return { kind: "refuse", refusal: routed.refusal, callee: routed.callee, ids: forwarded };
  const { decision } = routed;
  const cluster = dataPlane.cluster(decision.cluster);
  if (cluster?.plan?.builtIn) return { kind: "answer", callee: decision.cluster };
  if (cluster) return { kind: "forward", head, forwarded, decision, cluster };
  const missing = refusal("NO_ENDPOINT", `service ${decision.cluster} is not in the plan`);
  return { kind: "refuse", refusal: missing, callee: decision.cluster, ids: forwarded };
}

/** Before the head was understood: no id of the client's is taken over. */
function early(context: DispatchContext, refused: Refusal): Course {
  const ids = { traceId: newTraceparent(context.rng).traceId, requestId: context.newRequestId() };
  return { kind: "refuse", refusal: refused, callee: "", ids };
}
