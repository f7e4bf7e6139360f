// From a listener and a request's head to the cluster that it goes to, or the refusal. Pure.
import type { Rng } from "../base/clock.js";
import type {
  BackendPlan,
  EgressListenerPlan,
  GatewayListenerPlan,
  ListenerPlan,
  PlanOrigin,
  RouteAction,
} from "../plan/proxy-plan.js";
import { pickWeighted } from "../resilience/pick-weighted.js";
import { type Refusal, refusal } from "./refusals.js";
import type { RequestHead } from "./request-head.js";
import { RouteIndex } from "./route-index.js";
import type { CertificateStore } from "./tls/certificate-store.js";
import { createListenerTls, type ListenerTls } from "./tls/listener-tls.js";

/** A listener of the plan with what finds its routes. */
export interface Router {
  readonly listener: ListenerPlan;
  /** Null: not a gateway. */
  readonly index: RouteIndex | null;
  /** Null: not encrypted. */
  readonly tls: ListenerTls | null;
}

export interface RouteDecision {
  readonly route: string;
  readonly cluster: string;
  readonly action: RouteAction;
  /** Null, or unresolved, only where a filter of the route may answer without one. */
  readonly backend: BackendPlan | null;
  /** The path of the entry where it is a prefix; else empty. */
  readonly prefix: string;
  readonly origin?: PlanOrigin;
}

export type RoutingResult =
  | { readonly ok: true; readonly decision: RouteDecision }
  /** `callee`: the cluster that was meant, where that is known. */
  | { readonly ok: false; readonly refusal: Refusal; readonly callee: string };

/** Throws where a certificate cannot be used. */
export function createRouter(listener: ListenerPlan, certificates?: CertificateStore): Router {
  if (listener.kind !== "gateway") return { listener, index: null, tls: null };
  const index = new RouteIndex(listener);
  return { listener, index, tls: listener.tls ? createListenerTls(listener.tls, index, certificates) : null };
}

/** How the caller is named in the counts. */
export function callerOf(listener: ListenerPlan): string {
  return listener.kind === "gateway" ? "gateway" : listener.caller;
}

/** `serverName`: what the client asked for in its TLS handshake; undefined: not encrypted. */
export function routeRequest(router: Router, head: RequestHead, rng: Rng, serverName?: string): RoutingResult {
  const { listener, index } = router;
  if (!listener.protocols.includes("http1")) {
    return refuse("PROTOCOL_DISABLED", `a setting switches HTTP/1.1 off on listener ${listener.name}`);
  }
  switch (listener.kind) {
    case "gateway":
      if (serverName !== undefined && index?.sectionOf(serverName) !== index?.sectionOf(head.hostname)) {
        return refuse(
          "MISDIRECTED",
          `the connection was made for "${serverName}", the request is for ${head.hostname}`,
        );
      }
      return routeGateway(listener, index, head, rng);
    case "edge":
      return toCluster({ route: listener.name, action: listener.action, prefix: "", origin: listener.origin }, rng);
    case "egress":
      return routeEgress(listener, head, rng);
  }
}

function routeGateway(
  listener: GatewayListenerPlan,
  index: RouteIndex | null,
  head: RequestHead,
  rng: Rng,
): RoutingResult {
  const search = index?.find(head);
  if (search?.kind === "found") {
    const { entry, path } = search.prepared;
    const prefix = entry.path.type === "PathPrefix" ? path : "";
    return toCluster({ route: entry.route, action: entry.action, prefix, origin: entry.origin }, rng);
  }
  if (search?.kind === "none") {
    return refuse("ROUTE_NOT_FOUND", `no route matches ${head.method} ${head.path} on ${head.hostname}`);
  }
  const served = listener.sections?.map(({ hostname = "*" }) => hostname).join(", ") ?? listener.hostname ?? "nothing";
  return refuse("ROUTE_NOT_FOUND", `listener ${listener.name} serves ${served}, not ${head.hostname}`);
}

function routeEgress(listener: EgressListenerPlan, head: RequestHead, rng: Rng): RoutingResult {
  // A name may be written as the root of DNS has it, with a dot at its end.
  const name = head.hostname.endsWith(".") ? head.hostname.slice(0, -1) : head.hostname;
  if (listener.namesDisabled) {
    return refuse("DISCOVERY_DISABLED", `SERVICE_DISCOVERY_ENABLED is off: "${name}" is looked up for nobody`);
  }
  const action = Object.hasOwn(listener.allowed, name) ? listener.allowed[name] : undefined;
  if (action) return toCluster({ route: `${listener.name}/${name}`, action, prefix: "", origin: listener.origin }, rng);
  if (!listener.known.includes(name)) {
    return refuse("UNKNOWN_SERVICE", `${listener.caller} called "${name}", and no service has this name`);
  }
  const detail = `${listener.caller} called "${name}" without listing it in its calls; add it there to allow it`;
  return { ok: false, refusal: refusal("CALL_NOT_DECLARED", detail), callee: name };
}

interface Chosen {
  readonly route: string;
  readonly action: RouteAction;
  readonly prefix: string;
  readonly origin: PlanOrigin | undefined;
}

function toCluster({ route, action, prefix, origin }: Chosen, rng: Rng): RoutingResult {
  const backend = action.filters?.redirect ? null : (pickWeighted(action.backends, rng) ?? null);
  // A preflight asks the gateway, which answers also where no backend could.
  const mayAnswer = action.filters?.redirect !== undefined || action.filters?.cors !== undefined;
  const problem = backendProblem(route, action, backend);
  if (problem !== null && !mayAnswer) return refuse("NO_BACKEND", problem);
  const cluster = backend?.cluster ?? "";
  return { ok: true, decision: { route, cluster, action, backend, prefix, ...(origin ? { origin } : {}) } };
}

/** Why nothing can be forwarded; null: it can. */
export function backendProblem(route: string, { backends }: RouteAction, chosen: BackendPlan | null): string | null {
  if (chosen?.unresolved !== undefined) return `route ${route}: ${chosen.unresolved}`;
  if (chosen !== null) return null;
  return backends.length === 0 ? `route ${route} has no backend` : `every backend of route ${route} has weight 0`;
}

function refuse(code: Refusal["code"], detail: string): RoutingResult {
  return { ok: false, refusal: refusal(code, detail), callee: "" };
}
