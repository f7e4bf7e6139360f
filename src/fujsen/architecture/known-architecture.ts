// The input, checked, merged and put in one order, so that the order in which it came never shows.
import { checkInput, mostServices, unreadable } from "./check-input.js";
import type {
  ArchitectureEdge,
  ArchitectureInput,
  ArchitectureRoute,
  ArchitectureService,
  KnownArchitecture,
  KnownEdge,
  KnownRoute,
  KnownService,
  Traffic,
} from "./input.js";
import { by } from "./order.js";

const mostPairs = 20_000;

/** Everything in the order of its names. Throws REQUEST_INVALID with every problem (at most 20). */
export function knownArchitecture(input: ArchitectureInput): KnownArchitecture {
  checkInput(input);
  const { services = [], edges = [], routes = [] } = input;
  const named = new Map(services.map((service) => [service.name, service]));
  for (const { caller, callee } of edges) for (const name of [caller, callee]) addUnknown(named, name);
  for (const { service } of routes) addUnknown(named, service);
  if (named.size > mostServices)
    throw unreadable([{ path: "services", message: `are ${named.size}, more than ${mostServices}` }]);
  const calls = grouped(edges, ({ caller, callee }) => JSON.stringify([caller, callee])).map(mergeEdges);
  if (calls.length > mostPairs) throw unreadable([{ path: "edges", message: `are of more than ${mostPairs} pairs` }]);
  return {
    services: [...named.values()].map(toKnownService).sort(by(({ name }) => name)),
    edges: calls,
    routes: grouped(routes, ({ name }) => name).map(mergeRoutes),
  };
}

function addUnknown(named: Map<string, ArchitectureService>, name: string): void {
  if (!named.has(name)) named.set(name, { name });
}

function toKnownService(service: ArchitectureService): KnownService {
  const { name, replicas = null, stores = null, requests = null, latencyMs = null, availability = null } = service;
  const operations = service.operations
    ? [...service.operations].sort(by((operation) => JSON.stringify(operation)))
    : null;
  return {
    ...{ name, replicas, requests, latencyMs, availability, operations },
    stores: stores ? [...new Set(stores)].sort() : null,
  };
}

function mergeEdges(rows: readonly ArchitectureEdge[]): KnownEdge {
  const { caller, callee } = rows[0] as ArchitectureEdge;
  return {
    caller,
    callee,
    ...trafficOf(rows),
    timeoutMs: agreed(rows.map(({ timeoutMs }) => timeoutMs)),
    breaker: agreed(rows.map(({ breaker }) => breaker)),
    retries: agreed(rows.map(({ retries }) => retries)),
    asynchronous: rows.every(({ asynchronous }) => asynchronous === true),
  };
}

function mergeRoutes(rows: readonly ArchitectureRoute[]): KnownRoute {
  const { name, service } = rows[0] as ArchitectureRoute;
  return { name, service, ...trafficOf(rows) };
}

type Counts = Pick<ArchitectureEdge, "requests" | "errors" | "latencyMs">;

function trafficOf(rows: readonly Counts[]): Traffic {
  let [requests, judged, errors, timed, time] = [0, 0, 0, 0, 0];
  for (const row of rows) {
    const count = row.requests ?? 0;
    requests += count;
    if (isKnown(row.errors)) [judged, errors] = [judged + count, errors + row.errors];
    if (isKnown(row.latencyMs)) [timed, time] = [timed + count, time + row.latencyMs * count];
  }
  return {
    requests: rows.some((row) => isKnown(row.requests)) ? requests : null,
    errorShare: judged > 0 ? errors / judged : null,
    latencyMs: timed > 0 ? time / timed : agreed(rows.map(({ latencyMs }) => latencyMs)),
  };
}

const isKnown = (value: number | null | undefined): value is number => value !== null && value !== undefined;

/** The value that all who know one have; null where they differ. */
function agreed<Value>(values: readonly (Value | null | undefined)[]): Value | null {
  const known = new Set(values.filter((value) => value !== null && value !== undefined));
  return known.size === 1 ? ([...known][0] as Value) : null;
}

/** Groups in the order of their keys; what is in one, too, so that sums do not depend on the input's order. */
function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  const ordered = [...groups].sort(by(([key]) => key)).map(([, group]) => group);
  return ordered.map((group) =>
    group.sort(by((item) => JSON.stringify(Object.entries(item as object).sort(by(String))))),
  );
}
