// What would happen to a request, and why: the same routing code that serves traffic, asked about every route.
// Sends nothing and changes no state.
import type { RequestExplanation } from "../keeper/protocol.js";
import type { ListenerPlan, RouteAction, RouteEntry, SubsetPlan } from "../plan/proxy-plan.js";
import type { Cluster } from "./cluster.js";
import type { DataPlane } from "./data-plane.js";
import { describePolicy } from "./describe-policy.js";
import type { EndpointState } from "./endpoint-state.js";
import { applyFilters } from "./filters/apply-filters.js";
import { describeFilters } from "./filters/describe-filters.js";
import { type Refusal, refusal, statusOf } from "./refusals.js";
import { headerValue, type RequestHead, readRequestHead } from "./request-head.js";
import type { RouteIndex } from "./route-index.js";
import { describeMatch, firstMismatch, type Mismatch, matchesField, type PreparedEntry } from "./route-match.js";
import { whyFirst } from "./route-order.js";
import { backendProblem, type RouteDecision, routeRequest } from "./routing.js";

export interface ExplainQuestion {
  readonly listener: string;
  readonly method: string;
  /** A path, or an absolute URL whose host stands for the Host header. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Explained = Omit<RequestExplanation, "listener">;

export function explainRequest(dataPlane: DataPlane, question: ExplainQuestion): RequestExplanation {
  return { listener: question.listener, ...explain(dataPlane, question) };
}

function explain(dataPlane: DataPlane, question: ExplainQuestion): Explained {
  const router = dataPlane.router(question.listener);
  if (!router) return refusedWith(refusal("NOT_CONFIGURED", `listener ${question.listener} is not in the plan`));
  const read = readRequestHead(question.method, question.target, toRawHeaders(question));
  if (!read.ok) return refusedWith(read.refusal);
  const { head } = read;
  const { listener, index } = router;
  const routes = index === null ? [] : explainRoutes(index, head);
  // The first of the backends with a weight stands for all: which one a real request gets is chance.
  const routed = routeRequest(router, head, () => 0);
  if (!routed.ok) return { ...refusedWith(routed.refusal), routes };
  const { decision } = routed;
  const shown = index === null ? [onlyWay(listener, decision)] : routes;
  return { ...explainDecision(dataPlane, listener, decision, head), routes: shown, ...filtersOf(decision) };
}

function explainDecision(
  dataPlane: DataPlane,
  listener: ListenerPlan,
  decision: RouteDecision,
  head: RequestHead,
): Explained {
  const port = listener.kind === "gateway" ? listener.port : undefined;
  const scheme = listener.kind === "gateway" && listener.tls ? "https" : "http";
  const result = applyFilters(decision, { head, headers: [], scheme, port });
  if (result.kind === "answer") {
    const location = headerValue(result.headers, "location");
    const reason = location === undefined ? "a CORS preflight is answered here" : `redirected to ${location}`;
    const outcome = { kind: "answer", route: decision.route, status: result.status, reason } as const;
    return { outcome, routes: [], endpoints: [], policy: null };
  }
  const problem = backendProblem(decision.route, decision.action, decision.backend);
  if (problem !== null) return refusedWith(refusal("NO_BACKEND", problem));
  return explainForward(dataPlane, decision);
}

function filtersOf({ action, backend }: RouteDecision): Pick<RequestExplanation, "filters"> {
  const stages = [action.filters, backend?.filters].filter((filters) => filters !== undefined);
  const lines = [...describeShares(action), ...stages.flatMap(describeFilters)];
  return lines.length === 0 ? {} : { filters: lines };
}

/** Which backend a real request gets is chance: what is shown of one stands for all. */
function describeShares({ backends }: RouteAction): string[] {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  if (backends.length < 2 || total === 0) return [];
  const shares = backends.map(({ cluster, weight }) => `${Math.round((weight / total) * 1000) / 10} % to ${cluster}`);
  return [`by weight: ${shares.join(", ")}`];
}

function explainForward(dataPlane: DataPlane, decision: RouteDecision): Explained {
  const cluster = dataPlane.cluster(decision.cluster);
  const { subset } = decision.action;
  if (!cluster || cluster.candidates(subset).length === 0) {
    const which = cluster?.pickable.length ? "ready instance in the subset" : "ready instance";
    const none = refusal("NO_ENDPOINT", `service ${decision.cluster} has no ${which}`);
    return { ...refusedWith(none), endpoints: explainEndpoints(cluster, subset) };
  }
  return {
    outcome: { kind: "forward", route: decision.route, cluster: decision.cluster },
    routes: [],
    endpoints: explainEndpoints(cluster, subset),
    policy: {
      loadBalancer: cluster.plan?.loadBalancer ?? "first",
      requestTimeoutMs: decision.action.requestTimeoutMs,
      attemptTimeoutMs: decision.action.attemptTimeoutMs,
      retryAttempts: decision.action.retry.attempts,
      parts: describePolicy(cluster, decision.action),
    },
  };
}

/** The search that serves the traffic says which one is chosen; of each other, why it is not. */
function explainRoutes(index: RouteIndex, head: RequestHead): RequestExplanation["routes"] {
  const search = index.find(head);
  const chosen = search.kind === "found" ? search.prepared : null;
  const section = index.sectionOf(head.hostname) ?? "";
  return index.entries.map((prepared) => {
    const { entry } = prepared;
    return {
      route: entry.rule === undefined ? entry.route : `${entry.route} (${entry.rule})`,
      match: describeMatch(entry),
      ...resultOf(prepared, { chosen, section, head }),
      ...(entry.origin ? { origin: entry.origin } : {}),
    };
  });
}

interface Search {
  readonly chosen: PreparedEntry | null;
  readonly section: string;
  readonly head: RequestHead;
}

function resultOf(
  prepared: PreparedEntry,
  { chosen, section, head }: Search,
): Pick<RequestExplanation["routes"][number], "result" | "reason"> {
  if (prepared === chosen) return { result: "chosen", reason: "the first that matches, in order of precedence" };
  const own = prepared.entry.section ?? "";
  if (own !== section) return { result: "lost", reason: `host ${head.hostname} is not of its listener ${own}` };
  const mismatch = firstMismatch(prepared, head);
  if (mismatch !== null) return { result: "lost", reason: reasonOf(mismatch, prepared, head) };
  if (chosen === null) return { result: "shadowed", reason: "another matches too and goes first" };
  const why = whyFirst(chosen.entry, prepared.entry);
  return { result: "shadowed", reason: `${chosen.entry.route} matches too and goes first: ${why}` };
}

function onlyWay(listener: ListenerPlan, decision: RouteDecision): RequestExplanation["routes"][number] {
  const match = listener.kind === "edge" ? `every request of ${listener.caller}` : `Host ${decision.cluster}`;
  const origin = decision.origin ? { origin: decision.origin } : {};
  return { route: decision.route, match, result: "chosen", reason: `calls of ${listener.name} go there`, ...origin };
}

function reasonOf(mismatch: Mismatch, { entry, headers }: PreparedEntry, head: RequestHead): string {
  switch (mismatch) {
    case "hostname":
      return `host ${head.hostname} is not ${entry.hostnames.join(" or ")}`;
    case "path":
      return `path ${head.path} ${pathReasons[entry.path.type]} ${entry.path.value}`;
    case "method":
      return `method ${head.method} is not ${entry.method ?? "allowed"}`;
    case "header":
      return `header ${missingHeader(headers, head)}`;
    case "query":
      return `query does not have ${entry.queryParams.map(({ name, value }) => `${name}=${value}`).join("&")}`;
  }
}

const pathReasons: Readonly<Record<RouteEntry["path"]["type"], string>> = {
  Exact: "is not",
  PathPrefix: "is not under",
  RegularExpression: "does not match",
};

function missingHeader(headers: PreparedEntry["headers"], head: RequestHead): string {
  const missing = headers.find((field) => !matchesField(field, headerValue(head.headers, field.name)));
  if (!missing) return "differs";
  const present = headerValue(head.headers, missing.name);
  if (present === undefined) return `${missing.name} is absent`;
  return `${missing.name} is "${present}"${missing.test === null ? ", not" : " and does not match"} "${missing.value}"`;
}

function explainEndpoints(
  cluster: Cluster | undefined,
  subset: SubsetPlan | undefined,
): RequestExplanation["endpoints"] {
  const pickable = new Set(cluster?.candidates(subset) ?? []);
  const isNarrowed = subset !== undefined || cluster?.plan?.subset !== undefined;
  return (cluster?.endpoints ?? []).map((state) => ({
    id: state.endpoint.id,
    address: `${state.endpoint.address}:${state.endpoint.port}`,
    usable: pickable.has(state),
    reason: standingOf(state, pickable.has(state), isNarrowed),
    inFlight: state.inFlight,
  }));
}

function standingOf(state: EndpointState, pickable: boolean, isNarrowed: boolean): string {
  if (!state.ready) return "draining: takes no new request";
  if (!state.ejected && !pickable)
    return isNarrowed ? "ready, but not in the subset or the zone" : "ready, in another zone";
  if (!state.ejected) return "ready";
  const until = `ejected until ${new Date(state.ejectedUntilEpochMs ?? 0).toISOString()}`;
  return pickable ? `${until}, used all the same because every other one is, too` : until;
}

function refusedWith(refused: Refusal): Explained {
  const { code, detail } = refused;
  return {
    outcome: { kind: "refuse", status: statusOf(refused), code, reason: detail },
    routes: [],
    endpoints: [],
    policy: null,
  };
}

function toRawHeaders(question: ExplainQuestion): string[] {
  const headers = Object.entries(question.headers).flat();
  if (headerValue(headers, "host") !== undefined) return headers;
  const host = /^https?:\/\/([^/?#]+)/i.exec(question.target)?.[1] ?? "localhost";
  return ["Host", host, ...headers];
}
