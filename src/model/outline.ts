// The names in a spec and who refers to whom, each with the place to complain about. The checks across a spec read
// this, so that one set of checks serves a file that is partly wrong and a normalised spec that was patched.
import type { AppSpec, ListenerSpec, RouteMatch, RouteSpec } from "./app-spec.js";
import type { SpecPath } from "./spec-path.js";

export interface Named {
  readonly name: string;
  readonly path: SpecPath;
}

export interface ServiceOutline extends Named {
  /** Place of the whole entry. */
  readonly entry: SpecPath;
  readonly hasRun: boolean;
  readonly calls: readonly Named[];
  /** Callees with a policy of their own. */
  readonly callTraffic: readonly Named[];
  readonly startAfter: readonly Named[];
  readonly variables: readonly Named[];
}

export interface ListenerOutline extends Named {
  readonly host: string;
  readonly port: number;
  readonly hostname: string | undefined;
  readonly isEncrypted: boolean;
}

export interface RouteOutline extends Named {
  readonly entry: SpecPath;
  readonly listeners: readonly Named[];
  readonly backends: readonly Named[];
  readonly hostnames: readonly string[];
  readonly matches: readonly RouteMatch[];
  readonly timeouts: NonNullable<RouteSpec["timeouts"]>;
  readonly mirrors: readonly Named[];
  readonly filters: NonNullable<RouteSpec["filters"]>;
}

export interface SpecOutline {
  readonly services: readonly ServiceOutline[];
  readonly listeners: readonly ListenerOutline[];
  readonly routes: readonly RouteOutline[];
  /** MICROSERVICES_ENGINE as the spec has it. */
  readonly engine: Named | null;
}

const named = (name: string, ...path: SpecPath): Named => ({ name, path });

/** Outline of a normalised spec; its places are `services.orders.calls[0]`, `gateway.routes.users`. */
export function outlineOfSpec(spec: AppSpec): SpecOutline {
  const engine = spec.settings.MICROSERVICES_ENGINE;
  return {
    services: spec.services.map((service): ServiceOutline => {
      const entry = ["services", service.name];
      const references = (key: "calls" | "startAfter"): Named[] =>
        (service[key] ?? []).map((name, index) => named(name, ...entry, key, index));
      return {
        ...named(service.name, ...entry),
        entry,
        hasRun: service.run !== undefined,
        calls: references("calls"),
        callTraffic: Object.keys(service.callTraffic ?? {}).map((name) => named(name, ...entry, "callTraffic", name)),
        startAfter: references("startAfter"),
        variables: Object.keys(service.env).map((name) => named(name, ...entry, "env", name)),
      };
    }),
    listeners: spec.gateway.listeners.map((listener) =>
      outlineOfListener(listener, ["gateway", "listeners", listener.name]),
    ),
    routes: spec.gateway.routes.map((route) => outlineOfRoute(route, ["gateway", "routes", route.name])),
    engine: engine === undefined ? null : named(engine, "settings", "MICROSERVICES_ENGINE"),
  };
}

export function outlineOfListener({ name, host, port, hostname, tls }: ListenerSpec, path: SpecPath): ListenerOutline {
  return { name, path, host, port, hostname, isEncrypted: tls !== undefined };
}

/** `backendsAt` where the written form has no list of backends: a route of a service. */
export function outlineOfRoute(route: RouteSpec, entry: SpecPath, backendsAt?: SpecPath): RouteOutline {
  return {
    ...named(route.name, ...entry),
    entry,
    listeners: route.listeners.map((name, index) => named(name, ...entry, "listeners", index)),
    backends: route.backendRefs.map(({ name }, index) =>
      named(name, ...(backendsAt ?? [...entry, "backendRefs", index])),
    ),
    hostnames: route.hostnames,
    matches: route.matches,
    timeouts: route.timeouts ?? {},
    mirrors: (route.filters?.mirrors ?? []).map(({ name }) => named(name, ...entry, "mirror")),
    filters: route.filters ?? {},
  };
}
