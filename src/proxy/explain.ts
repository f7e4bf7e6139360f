// What would happen to a request, and why: the same routing code that serves traffic, asked about every route.
// Sends nothing and changes no state.
import type { RequestExplanation } from "../keeper/protocol.js";
import type { ListenerPlan, RouteEntry } from "../plan/proxy-plan.js";
import type { Cluster } from "./cluster.js";
import type { DataPlane } from "./data-plane.js";
import type { EndpointState } from "./endpoint-state.js";
import { type Refusal, refusal, statusOf } from "./refusals.js";
import { headerValue, type RequestHead, readRequestHead } from "./request-head.js";
import { describeMatch, firstMismatch, type Mismatch } from "./route-match.js";
import { type RouteDecision, routeRequest } from "./routing.js";

export interface ExplainQuestion {
  readonly listener: string;
  readonly method: string;
  /** A path, or an absolute URL whose host stands for the Host header. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Explained = Pick<RequestExplanation, "outcome" | "routes" | "endpoints" | "policy">;

export function explainRequest(dataPlane: DataPlane, question: ExplainQuestion): RequestExplanation {
  return { listener: question.listener, ...explain(dataPlane, question) };
}

function explain(dataPlane: DataPlane, question: ExplainQuestion): Explained {
  const listener = dataPlane.listener(question.listener);
  if (!listener) return refusedWith(refusal("NOT_CONFIGURED", `listener ${question.listener} is not in the plan`));
  const read = readRequestHead(question.method, question.target, toRawHeaders(question));
  if (!read.ok) return refusedWith(read.refusal);
  const routes = listener.kind === "gateway" ? explainRoutes(listener.routes, read.head) : [];
  // The first of the backends with a weight stands for all: which one a real request gets is chance.
  const routed = routeRequest(listener, read.head, () => 0);
  if (!routed.ok) return { ...refusedWith(routed.refusal), routes };
  return explainForward(dataPlane, listener, routed.decision, routes);
}

function explainForward(
  dataPlane: DataPlane,
  listener: ListenerPlan,
  decision: RouteDecision,
  routes: RequestExplanation["routes"],
): Explained {
  const cluster = dataPlane.cluster(decision.cluster);
  const shown = listener.kind === "gateway" ? routes : [onlyWay(listener, decision)];
  if (!cluster || cluster.pickable.length === 0) {
    const none = refusal("NO_ENDPOINT", `service ${decision.cluster} has no ready instance`);
    return { ...refusedWith(none), routes: shown, endpoints: explainEndpoints(cluster) };
  }
  return {
    outcome: { kind: "forward", route: decision.route, cluster: decision.cluster },
    routes: shown,
    endpoints: explainEndpoints(cluster),
    policy: {
      loadBalancer: cluster.plan?.loadBalancer ?? "first",
      requestTimeoutMs: decision.action.requestTimeoutMs,
      attemptTimeoutMs: decision.action.attemptTimeoutMs,
      retryAttempts: decision.action.retry.attempts,
    },
  };
}

function explainRoutes(entries: readonly RouteEntry[], head: RequestHead): RequestExplanation["routes"] {
  let chosen: RouteEntry | null = null;
  return entries.map((entry) => {
    const mismatch = firstMismatch(entry, head);
    const shown = {
      route: entry.route,
      match: describeMatch(entry),
      ...(entry.origin ? { origin: entry.origin } : {}),
    };
    if (mismatch !== null) return { ...shown, result: "lost" as const, reason: reasonOf(mismatch, entry, head) };
    if (chosen) return { ...shown, result: "shadowed" as const, reason: `${chosen.route} matches too and goes first` };
    chosen = entry;
    return { ...shown, result: "chosen" as const, reason: "the first that matches, in order of precedence" };
  });
}

function onlyWay(listener: ListenerPlan, decision: RouteDecision): RequestExplanation["routes"][number] {
  const match = listener.kind === "edge" ? `every request of ${listener.caller}` : `Host ${decision.cluster}`;
  const origin = decision.origin ? { origin: decision.origin } : {};
  return { route: decision.route, match, result: "chosen", reason: `calls of ${listener.name} go there`, ...origin };
}

function reasonOf(mismatch: Mismatch, entry: RouteEntry, head: RequestHead): string {
  switch (mismatch) {
    case "hostname":
      return `host ${head.hostname} is not ${entry.hostnames.join(" or ")}`;
    case "path":
      return entry.path.type === "Exact"
        ? `path ${head.path} is not ${entry.path.value}`
        : `path ${head.path} is not under ${entry.path.value}`;
    case "method":
      return `method ${head.method} is not ${entry.method ?? "allowed"}`;
    case "header":
      return `header ${missingHeader(entry, head)}`;
    case "query":
      return `query does not have ${entry.queryParams.map(({ name, value }) => `${name}=${value}`).join("&")}`;
  }
}

function missingHeader(entry: RouteEntry, head: RequestHead): string {
  const missing = entry.headers.find(({ name, value }) => headerValue(head.headers, name.toLowerCase()) !== value);
  if (!missing) return "differs";
  const present = headerValue(head.headers, missing.name.toLowerCase());
  return present === undefined
    ? `${missing.name} is absent`
    : `${missing.name} is "${present}", not "${missing.value}"`;
}

function explainEndpoints(cluster: Cluster | undefined): RequestExplanation["endpoints"] {
  const pickable = new Set(cluster?.pickable ?? []);
  return (cluster?.endpoints ?? []).map((state) => ({
    id: state.endpoint.id,
    address: `${state.endpoint.address}:${state.endpoint.port}`,
    usable: pickable.has(state),
    reason: standingOf(state, pickable.has(state)),
    inFlight: state.inFlight,
  }));
}

function standingOf(state: EndpointState, pickable: boolean): string {
  if (!state.ready) return "draining: takes no new request";
  if (!state.ejected) return "ready";
  const until = `ejected until ${new Date(state.ejectedUntilEpochMs ?? 0).toISOString()}`;
  return pickable ? `${until}, used all the same because every other one is, too` : until;
}

function refusedWith(refused: Refusal): Explained {
  const { code, detail } = refused;
  return {
    outcome: { kind: "refuse", status: statusOf(code), code, reason: detail },
    routes: [],
    endpoints: [],
    policy: null,
  };
}

function toRawHeaders(question: ExplainQuestion): string[] {
  const headers = Object.entries(question.headers).flat();
  if (headerValue(headers, "host") !== undefined) return headers;
  const host = /^http:\/\/([^/?#]+)/i.exec(question.target)?.[1] ?? "localhost";
  return ["Host", host, ...headers];
}
