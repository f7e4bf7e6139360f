// Gateway listeners with their routes, flattened to one entry per match and sorted by precedence.
import type { AppSpec, ListenerSpec, Provenance, RouteSpec } from "../model/app-spec.js";
import type {
  CertificatePlan,
  GatewayListenerPlan,
  ListenerSection,
  RouteAction,
  RouteEntry,
} from "../plan/proxy-plan.js";
import { servedHostnames } from "./hostnames.js";
import { gatewayName } from "./needed-ports.js";
import { originOf } from "./origin.js";
import { groupByRank, sortByPrecedence } from "./route-precedence.js";
import { certificateRef, type TlsFiles, tlsFileOf } from "./tls-files.js";

export interface GatewayInput {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  readonly protocols: readonly "http1"[];
  readonly tlsFiles: TlsFiles;
  readonly toAction: (route: RouteSpec) => RouteAction;
}

export function compileGateway(input: GatewayInput): GatewayListenerPlan[] {
  const places = new Map<string, ListenerSpec[]>();
  for (const listener of input.spec.gateway.listeners) {
    const name = gatewayName(listener);
    places.set(name, [...(places.get(name) ?? []), listener]);
  }
  return [...places].map(([name, listeners]) => compileListener(name, listeners, input));
}

/** Of those that share a socket. With one of them, and plain, there is nothing to tell apart. */
function compileListener(name: string, listeners: readonly ListenerSpec[], input: GatewayInput): GatewayListenerPlan {
  const { spec, provenance, protocols } = input;
  const [first] = listeners as readonly [ListenerSpec];
  const isPlain = listeners.length === 1 && first.tls === undefined;
  const entries = listeners.flatMap((listener) =>
    spec.gateway.routes
      .flatMap((route) => entriesOf(route, listener, input))
      .map((entry) => (isPlain ? entry : { ...entry, section: listener.name })),
  );
  const certificates = listeners.flatMap((listener) => certificatesOf(listener, input));
  return {
    kind: "gateway",
    name,
    protocols,
    ...(isPlain ? hostnameOf(first) : { sections: listeners.map(sectionOf) }),
    ...(first.port === 0 ? {} : { port: first.port }),
    ...(certificates.length === 0 ? {} : { tls: { certificates } }),
    routes: sortByPrecedence(entries),
    origin: originOf(provenance, `gateway.listeners.${first.name}`),
  };
}

const hostnameOf = ({ hostname }: ListenerSpec): { readonly hostname?: string } =>
  hostname === undefined ? {} : { hostname };

const sectionOf = (listener: ListenerSpec): ListenerSection => ({ name: listener.name, ...hostnameOf(listener) });

function certificatesOf({ name, tls = [] }: ListenerSpec, { tlsFiles }: GatewayInput): CertificatePlan[] {
  return tls.map((pair) => ({ section: name, file: tlsFileOf(tlsFiles, certificateRef(pair, name)) }));
}

function entriesOf(route: RouteSpec, listener: ListenerSpec, { provenance, toAction }: GatewayInput): RouteEntry[] {
  if (route.listeners.length > 0 && !route.listeners.includes(listener.name)) return [];
  const hostnames = servedHostnames(listener.hostname, route.hostnames);
  if (hostnames === null) return [];
  const action = toAction(route);
  const origin = originOf(provenance, `gateway.routes.${route.name}`);
  return groupByRank(hostnames).flatMap((group) =>
    route.matches.map((match) => ({ route: route.name, hostnames: group, ...match, action, origin })),
  );
}
