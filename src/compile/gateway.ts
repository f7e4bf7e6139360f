// Gateway listeners with their routes, flattened to one entry per match and sorted by precedence.
import type { AppSpec, ListenerSpec, Provenance, RouteSpec } from "../model/app-spec.js";
import type { GatewayListenerPlan, RouteAction, RouteEntry } from "../plan/proxy-plan.js";
import { servedHostnames } from "./hostnames.js";
import { gatewayName } from "./needed-ports.js";
import { originOf } from "./origin.js";
import { groupByRank, sortByPrecedence } from "./route-precedence.js";

export interface GatewayInput {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  readonly protocols: readonly "http1"[];
  readonly toAction: (route: RouteSpec) => RouteAction;
}

export function compileGateway(input: GatewayInput): GatewayListenerPlan[] {
  const { spec, provenance, protocols } = input;
  return spec.gateway.listeners.map((listener) => ({
    kind: "gateway",
    name: gatewayName(listener),
    protocols,
    ...(listener.hostname === undefined ? {} : { hostname: listener.hostname }),
    ...(listener.port === 0 ? {} : { port: listener.port }),
    routes: sortByPrecedence(spec.gateway.routes.flatMap((route) => entriesOf(route, listener, input))),
    origin: originOf(provenance, `gateway.listeners.${listener.name}`),
  }));
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
