// From a listener and a request's head to the cluster that it goes to, or the refusal. Pure.
import type { Rng } from "../base/clock.js";
import type {
  EgressListenerPlan,
  GatewayListenerPlan,
  ListenerPlan,
  PlanOrigin,
  RouteAction,
} from "../plan/proxy-plan.js";
import { pickWeighted } from "../resilience/load-balancer.js";
import { type Refusal, refusal } from "./refusals.js";
import type { RequestHead } from "./request-head.js";
import { findRoute, matchesHostname } from "./route-match.js";

export interface RouteDecision {
  readonly route: string;
  readonly cluster: string;
  readonly action: RouteAction;
  readonly origin?: PlanOrigin;
}

export type RoutingResult =
  | { readonly ok: true; readonly decision: RouteDecision }
  /** `callee`: the cluster that was meant, where that is known. */
  | { readonly ok: false; readonly refusal: Refusal; readonly callee: string };

/** How the caller is named in the counts. */
export function callerOf(listener: ListenerPlan): string {
  return listener.kind === "gateway" ? "gateway" : listener.caller;
}

export function routeRequest(listener: ListenerPlan, head: RequestHead, rng: Rng): RoutingResult {
  if (!listener.protocols.includes("http1")) {
    return refuse("PROTOCOL_DISABLED", `a setting switches HTTP/1.1 off on listener ${listener.name}`);
  }
  switch (listener.kind) {
    case "gateway":
      return routeGateway(listener, head, rng);
    case "edge":
      return toCluster(listener.name, listener.action, rng, listener.origin);
    case "egress":
      return routeEgress(listener, head, rng);
  }
}

function routeGateway(listener: GatewayListenerPlan, head: RequestHead, rng: Rng): RoutingResult {
  if (listener.hostname !== undefined && !matchesHostname(listener.hostname, head.hostname)) {
    return refuse("ROUTE_NOT_FOUND", `listener ${listener.name} serves ${listener.hostname}, not ${head.hostname}`);
  }
  const entry = findRoute(listener.routes, head);
  if (!entry) return refuse("ROUTE_NOT_FOUND", `no route matches ${head.method} ${head.path} on ${head.hostname}`);
  return toCluster(entry.route, entry.action, rng, entry.origin);
}

function routeEgress(listener: EgressListenerPlan, head: RequestHead, rng: Rng): RoutingResult {
  const name = head.hostname;
  const action = Object.hasOwn(listener.allowed, name) ? listener.allowed[name] : undefined;
  if (action) return toCluster(`${listener.name}/${name}`, action, rng, listener.origin);
  if (!listener.known.includes(name)) {
    return refuse("UNKNOWN_SERVICE", `${listener.caller} called "${name}", and no service has this name`);
  }
  const detail = `${listener.caller} called "${name}" without listing it in its calls; add it there to allow it`;
  return { ok: false, refusal: refusal("CALL_NOT_DECLARED", detail), callee: name };
}

function toCluster(route: string, action: RouteAction, rng: Rng, origin: PlanOrigin | undefined): RoutingResult {
  const backend = pickWeighted(action.backends, rng);
  if (!backend) return refuse("NO_BACKEND", `every backend of route ${route} has weight 0`);
  return { ok: true, decision: { route, cluster: backend.cluster, action, ...(origin ? { origin } : {}) } };
}

function refuse(code: Refusal["code"], detail: string): RoutingResult {
  return { ok: false, refusal: refusal(code, detail), callee: "" };
}
