// Listeners and routes from their written forms to the app spec. A route of a service and a route of the gateway
// become the same thing. Takes only what the schema has passed.
import { accessLogFields } from "../base/access-log-fields.js";
import type { GatewayFile, ServiceFile } from "./app-schema.js";
import type {
  AccessLogSpec,
  BackendRef,
  GatewaySpec,
  ListenerSpec,
  NameValueMatch,
  PathMatch,
  RetrySpec,
  RouteMatch,
  RouteSpec,
} from "./app-spec.js";
import { toMs } from "./duration.js";
import { withFault } from "./normalise-fault.js";
import { normaliseFilters } from "./normalise-filters.js";
import { normaliseListenerTls } from "./normalise-tls.js";

type ServiceRouteList = Extract<NonNullable<ServiceFile["route"]>, readonly unknown[]>;
export type ServiceRouteFile = ServiceRouteList[number];
type ServiceRouteObject = Exclude<ServiceRouteFile, string>;
export type GatewayRouteFile = NonNullable<GatewayFile["routes"]>[number];
export type ListenerFile = NonNullable<GatewayFile["listeners"]>[number];
type MatchFile = NonNullable<ServiceRouteObject["matches"]>[number];

export const defaultListener: ListenerSpec = { name: "default", host: "127.0.0.1", port: 8080 };

export function normaliseListener(file: ListenerFile): ListenerSpec {
  return {
    name: file.name ?? defaultListener.name,
    host: file.host ?? defaultListener.host,
    port: file.port ?? defaultListener.port,
    ...(file.hostname === undefined ? {} : { hostname: file.hostname }),
    ...(file.tls === undefined ? {} : { tls: normaliseListenerTls(file.tls) }),
  };
}

/** What holds for the proxy workers as such. */
export function normaliseWorkers({ workers, accessLog }: GatewayFile = {}): Pick<GatewaySpec, "workers" | "accessLog"> {
  return {
    ...(workers === undefined ? {} : { workers }),
    ...(accessLog === undefined || accessLog === false ? {} : { accessLog: normaliseAccessLog(accessLog) }),
  };
}

function normaliseAccessLog(file: Exclude<GatewayFile["accessLog"], false | undefined>): AccessLogSpec {
  const { sample = 1, fields = accessLogFields, query = false } = file === true ? {} : file;
  return { sample, fields, query };
}

/** The n-th route of a service, counted from 0. The first is called like the service, so that adding one renames none. */
export function normaliseServiceRoute(file: ServiceRouteFile, service: string, index: number): RouteSpec {
  const route: ServiceRouteObject = typeof file === "string" ? { path: file } : file;
  const name = index === 0 ? service : `${service}-${index + 1}`;
  return { ...normaliseRoute(route, name, route.listeners ?? []), backendRefs: [{ name: service, weight: 1 }] };
}

/** The n-th route of the gateway, counted from 0. */
export function normaliseGatewayRoute(file: GatewayRouteFile, index: number): RouteSpec {
  const backendRefs = (file.backendRefs ?? []).map(normaliseBackend);
  const first = backendRefs[0]?.name ?? "redirect";
  const listeners = file.listeners ?? file.parentRefs?.flatMap(listenerOfParent) ?? [];
  return { ...normaliseRoute(file, `${first}-route-${index + 1}`, listeners), backendRefs };
}

type Parent = NonNullable<GatewayRouteFile["parentRefs"]>[number];

/** A parentRef names a Gateway and, as `sectionName`, one of its listeners; there is one Gateway here. */
export function listenerOfParent(parent: Parent): string[] {
  if (typeof parent === "string") return [parent];
  const name = parent.sectionName ?? parent.name;
  return name === undefined ? [] : [name];
}

function normaliseRoute(
  file: ServiceRouteObject,
  name: string,
  listeners: readonly string[],
): Omit<RouteSpec, "backendRefs"> {
  const filters = normaliseFilters(file);
  return {
    name: file.name ?? name,
    listeners,
    hostnames: file.hostnames ?? [],
    matches: (file.matches ?? [file]).map(normaliseMatch),
    ...(filters === undefined ? {} : { filters }),
    ...(file.timeouts === undefined ? {} : { timeouts: normaliseTimeouts(file.timeouts) }),
    ...(file.retry === undefined ? {} : { retry: normaliseRouteRetry(file.retry) }),
    ...withFault(file.fault),
  };
}

function normaliseMatch(file: MatchFile): RouteMatch {
  return {
    path: normalisePath(file.path),
    ...(file.method === undefined ? {} : { method: file.method }),
    headers: normaliseFields(file.headers).map((match) => ({ ...match, name: match.name.toLowerCase() })),
    queryParams: normaliseFields(file.queryParams),
  };
}

function normaliseFields(file: MatchFile["headers"] = []): readonly NameValueMatch[] {
  if (!Array.isArray(file)) return Object.entries(file).map(([name, value]) => ({ name, value }));
  return file.map(({ type, name, value }) => (type === "RegularExpression" ? { type, name, value } : { name, value }));
}

function normalisePath(file: MatchFile["path"] = "/"): PathMatch {
  const { type = "PathPrefix", value } = typeof file === "string" ? { value: file } : file;
  // A prefix matches whole path elements, so that `/users/` and `/users` are the same.
  return type !== "PathPrefix" ? { type, value } : { type, value: value.replace(/(?<=.)\/$/, "") };
}

function normaliseTimeouts(file: NonNullable<ServiceRouteObject["timeouts"]>): NonNullable<RouteSpec["timeouts"]> {
  return {
    ...(file.request === undefined ? {} : { requestMs: toMs(file.request) }),
    ...(file.backendRequest === undefined ? {} : { backendRequestMs: toMs(file.backendRequest) }),
  };
}

export function normaliseRouteRetry(file: NonNullable<ServiceRouteObject["retry"]>): Partial<RetrySpec> {
  if (file === false) return { attempts: 0 };
  return {
    ...(file.attempts === undefined ? {} : { attempts: file.attempts }),
    ...(file.codes === undefined ? {} : { statuses: file.codes }),
    ...(file.backoff === undefined ? {} : { backoffMs: toMs(file.backoff) }),
  };
}

function normaliseBackend(file: NonNullable<GatewayRouteFile["backendRefs"]>[number]): BackendRef {
  return typeof file === "string" ? { name: file, weight: 1 } : { name: file.name, weight: file.weight ?? 1 };
}
