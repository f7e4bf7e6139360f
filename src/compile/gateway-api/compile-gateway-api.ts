// Kubernetes objects -> sockets, plan and endpoints of a gateway, and what its status says. Pure: the same objects give
// the same result. Objects that contradict each other are problems; references that lead nowhere are statuses.
import type { Problem } from "../../base/errors.js";
import type { LoadedObject } from "../../model/kubernetes/parse-objects.js";
import type { SpecPath } from "../../model/spec-path.js";
import { formatPath } from "../../model/spec-path.js";
import type {
  Endpoint,
  GatewayListenerPlan,
  ListenerSection,
  PlanOrigin,
  ProxyPlan,
  RouteEntry,
} from "../../plan/proxy-plan.js";
import type { ListenerSocket } from "../listeners.js";
import { groupByRank, sortByPrecedence } from "../route-precedence.js";
import { type Attachment, attachRoutes, type RouteState } from "./attach-routes.js";
import type { CheckCertificate } from "./certificates.js";
import { compileClusters } from "./clusters.js";
import { findClasses, findGateways, type GatewayState, type ListenerState, serves } from "./gateways.js";
import { nameOf, ObjectSet } from "./object-set.js";

export interface CompiledGateway {
  /** Named like the listeners of the plan. */
  readonly sockets: readonly ListenerSocket[];
  /** Version 0: whoever sends it counts. */
  readonly plan: ProxyPlan;
  readonly endpoints: Readonly<Record<string, readonly Endpoint[]>>;
  /** PEM text by the name of the file that the plan asks for. Secret. */
  readonly certificates: ReadonlyMap<string, string>;
  readonly classes: readonly LoadedObject<"GatewayClass">[];
  readonly gateways: readonly GatewayState[];
  readonly routes: readonly RouteState[];
}

export type GatewayCompilation =
  | { readonly ok: true; readonly compiled: CompiledGateway }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function compileGatewayApi(objects: readonly LoadedObject[], check: CheckCertificate): GatewayCompilation {
  const set = new ObjectSet(objects);
  if (set.problems.length > 0) return { ok: false, problems: set.problems };
  const gateways = findGateways(set, check);
  const routes = attachRoutes(set, gateways);
  const entries = entriesBySection(routes);
  const places = findPlaces(gateways);
  const { clusters, endpoints } = compileClusters(
    set,
    routes.flatMap(({ rules }) => rules.flatMap((rule) => rule.clusters)),
  );
  const listeners = places.map((place) => toListener(place, entries));
  return {
    ok: true,
    compiled: {
      sockets: places.map(({ name, host, port }) => ({ name, host, port })),
      plan: { format: 1, version: 0, app: "gateway", listeners, clusters },
      endpoints,
      certificates: new Map(
        places.flatMap((place) =>
          place.listeners.flatMap((one) => one.certificates.map(({ file, pem }) => [file, pem])),
        ),
      ),
      classes: findClasses(set),
      gateways,
      routes,
    },
  };
}

const socketName = (address: string, port: number): string => `gateway/${address}:${port}`;

interface Place extends ListenerSocket {
  readonly listeners: ListenerState[];
  readonly origin: PlanOrigin;
}

/** One for each address and port, with all the listeners that share it. */
function findPlaces(gateways: readonly GatewayState[]): Place[] {
  const places = new Map<string, Place>();
  for (const { gateway, addresses, listeners } of gateways) {
    for (const listener of listeners.filter(serves)) {
      for (const host of addresses) {
        const { port } = listener.spec;
        const name = socketName(host, port);
        const place = places.get(name) ?? { name, host, port, listeners: [], origin: originOf(gateway, []) };
        place.listeners.push(listener);
        places.set(name, place);
      }
    }
  }
  return [...places.values()];
}

function toListener(
  { name, port, listeners, origin }: Place,
  entries: ReadonlyMap<string, readonly RouteEntry[]>,
): GatewayListenerPlan {
  const sections = listeners.map(({ section, spec: { hostname } }): ListenerSection => {
    return { name: section, ...(hostname === undefined ? {} : { hostname }) };
  });
  const routes = sortByPrecedence(sections.flatMap((section) => entries.get(section.name) ?? []));
  const certificates = listeners.flatMap((listener) =>
    listener.certificates.map(({ file }) => ({ section: listener.section, file })),
  );
  const tls = certificates.length > 0 ? { tls: { certificates } } : {};
  return { kind: "gateway", name, protocols: ["http1"], port, ...tls, sections, routes, origin };
}

/** Of each section in the order of the routes' age, which decides where all else is equal. */
function entriesBySection(routes: readonly RouteState[]): Map<string, RouteEntry[]> {
  const entries = new Map<string, RouteEntry[]>();
  for (const state of routes) {
    for (const attachment of attachmentsOf(state)) {
      const { section } = attachment.listener;
      const own = entries.get(section) ?? [];
      entries.set(section, own);
      own.push(...toEntries(state, attachment));
    }
  }
  return entries;
}

/** Two parents may lead to the same listener. */
function attachmentsOf({ parents }: RouteState): Attachment[] {
  const bySection = new Map<string, Attachment>();
  for (const { attachments } of parents) {
    for (const attachment of attachments) bySection.set(attachment.listener.section, attachment);
  }
  return [...bySection.values()];
}

function toEntries({ route, rules }: RouteState, { listener, hostnames }: Attachment): RouteEntry[] {
  return groupByRank(hostnames).flatMap((group) =>
    rules.flatMap(({ matches, action }, index) => {
      const rule = route.object.spec.rules?.[index]?.name;
      return matches.map(({ match, index: at }) => ({
        route: nameOf(route),
        ...(rule === undefined ? {} : { rule }),
        section: listener.section,
        hostnames: group,
        ...match,
        action,
        origin: originOf(route, ["spec", "rules", index, "matches", at]),
      }));
    }),
  );
}

function originOf(loaded: LoadedObject, path: SpecPath): PlanOrigin {
  const { kind } = loaded.object;
  const place = formatPath(path);
  return {
    path: place === "" ? `${kind} ${nameOf(loaded)}` : `${kind} ${nameOf(loaded)} ${place}`,
    file: loaded.file,
    line: loaded.lineOf(path),
  };
}
