// analyzeMicroservicesArchitecture: what the call graph and the facts of its services come to - ratios of calls, cycles,
// what share of users' requests needs what, and availability and latency of each route. It judges nothing.
import { fewestCalls } from "../performance-analysis/bottlenecks.js";
import { rounded } from "../score.js";
import { criticalPath, type FlowCall, type FlowPart, flowsOf, ownParts, type PathStep } from "./flow-model.js";
import { callsOf, findCycles, reachOf } from "./graph.js";
import type { ArchitectureInput, KnownArchitecture, KnownEdge, KnownRoute, KnownService } from "./input.js";
import { knownArchitecture } from "./known-architecture.js";
import { longestChains } from "./longest-chain.js";

/** Counts up when the same input would give another analysis. */
export const architectureVersion = "1";

export interface Criticality {
  /** Share of the requests of the route that needs it most, at least; null: no route is known to reach it. */
  readonly need: number | null;
  /** Share of all users' requests, at least; null: the routes' requests are not known. */
  readonly share: number | null;
}

export interface AnalyzedService extends KnownService, Omit<FlowPart, "name">, Criticality {
  /** Services that call it, and that it calls. */
  readonly callers: readonly string[];
  readonly callees: readonly string[];
}

export interface AnalyzedEdge extends KnownEdge, Criticality {
  /** Calls for each request of the caller; null: not known. */
  readonly callsPerRequest: number | null;
  readonly inCycle: boolean;
}

export interface AnalyzedRoute extends KnownRoute {
  /** Computed through the graph, 0 to 1; null: not known, and `notKnown` says why. */
  readonly availability: number | null;
  /** Computed through the graph, milliseconds. */
  readonly computedLatencyMs: number | null;
  /** Where the time goes, from the entry on; empty where it is not known. */
  readonly criticalPath: readonly PathStep[];
  /** The most services that wait for one another in a row. */
  readonly longestChain: readonly string[];
  readonly notKnown: readonly string[];
}

export interface ArchitectureAnalysis {
  readonly version: string;
  readonly services: readonly AnalyzedService[];
  readonly edges: readonly AnalyzedEdge[];
  readonly routes: readonly AnalyzedRoute[];
  /** Sets of services that can all reach each other. */
  readonly cycles: readonly (readonly string[])[];
  /** Databases that more than one service uses. */
  readonly sharedStores: readonly { readonly store: string; readonly services: readonly string[] }[];
  /** Requests on all edges together. */
  readonly calls: number;
  /** What could not be told for want of a fact. */
  readonly notKnown: readonly string[];
}

/** Throws REQUEST_INVALID with every problem. The method is in docs/fujsen/architecture.md. */
export function analyzeMicroservicesArchitecture(input: ArchitectureInput): ArchitectureAnalysis {
  const known = knownArchitecture(input);
  const names = known.services.map(({ name }) => name);
  const observed = known.services.map((service) => observe(service, known));
  const waited = known.edges.filter(({ asynchronous }) => !asynchronous);
  const cycles = findCycles(names, waited);
  const edges = withRatios(known, observed, cycles);
  const critical = new Critical(known.routes, edges);
  const parts = ownParts(observed, flowCalls(edges), new Set(cycles.flat()));
  const services = observed.map((service, index) => ({
    ...service,
    ...(parts[index] as FlowPart),
    ...critical.of(service.name),
    callers: edges.filter(({ callee }) => callee === service.name).map(({ caller }) => caller),
    callees: edges.filter(({ caller }) => caller === service.name).map(({ callee }) => callee),
  }));
  const analyzed = edges.map((edge) => ({ ...edge, ...critical.ofEdge(edge) }));
  return {
    version: architectureVersion,
    services,
    edges: analyzed,
    routes: analyzeRoutes(known.routes, { parts, edges, cycles }),
    cycles,
    sharedStores: sharedStores(services),
    calls: edges.reduce((sum, { requests }) => sum + (requests ?? 0), 0),
    notKnown: gaps(services, analyzed, known.routes),
  };
}

/** Calls that a route's time and success go through. */
export function flowCalls(edges: readonly Omit<AnalyzedEdge, keyof Criticality>[]): FlowCall[] {
  return edges
    .filter(({ asynchronous, inCycle }) => !asynchronous && !inCycle)
    .map(({ caller, callee, callsPerRequest }) => ({ caller, callee, callsPerRequest }));
}

/** What was not given of a service is that of the edges and routes into it. */
function observe(service: KnownService, { edges, routes }: KnownArchitecture): KnownService {
  const { name } = service;
  const into = [...edges.filter(({ callee }) => callee === name), ...routes.filter((route) => route.service === name)];
  const counted = into.length > 0 && into.every(({ requests }) => requests !== null);
  const failed = weightedMean(into.map(({ requests, errorShare }) => [errorShare, requests]));
  return {
    ...service,
    requests: service.requests ?? (counted ? into.reduce((sum, { requests }) => sum + (requests ?? 0), 0) : null),
    latencyMs: service.latencyMs ?? weightedMean(into.map(({ requests, latencyMs }) => [latencyMs, requests])),
    availability: service.availability ?? (failed === null ? null : 1 - failed),
  };
}

/** Over those that are known; null when none is. */
function weightedMean(values: readonly (readonly [value: number | null, weight: number | null])[]): number | null {
  let [sum, weights] = [0, 0];
  for (const [value, weight] of values) {
    if (value === null || weight === null) continue;
    [sum, weights] = [sum + value * weight, weights + weight];
  }
  return weights > 0 ? sum / weights : null;
}

type RatedEdge = Omit<AnalyzedEdge, keyof Criticality>;

function withRatios(
  { edges }: KnownArchitecture,
  services: readonly KnownService[],
  cycles: readonly (readonly string[])[],
): RatedEdge[] {
  const requests = new Map(services.map((service) => [service.name, service.requests]));
  const cycleOf = new Map(cycles.flatMap((cycle, index) => cycle.map((name) => [name, index] as const)));
  return edges.map((edge) => {
    const own = requests.get(edge.caller) ?? null;
    const isRated = own !== null && own >= fewestCalls && edge.requests !== null;
    const index = cycleOf.get(edge.caller);
    return {
      ...edge,
      callsPerRequest: isRated ? (edge.requests ?? 0) / own : null,
      inCycle: !edge.asynchronous && index !== undefined && index === cycleOf.get(edge.callee),
    };
  });
}

/** What share of the routes' requests needs a service or a call. */
class Critical {
  readonly #reaches: readonly ReadonlyMap<string, number>[];
  /** Of each route, of all users' requests; null: not known. */
  readonly #weights: readonly number[] | null;

  constructor(routes: readonly KnownRoute[], edges: readonly RatedEdge[]) {
    const calls = callsOf(edges.filter(({ asynchronous }) => !asynchronous));
    this.#reaches = routes.map(({ service }) => reachOf(service, calls));
    const total = routes.reduce((sum, { requests }) => sum + (requests ?? 0), 0);
    const counted = total > 0 && routes.every(({ requests }) => requests !== null);
    this.#weights = counted ? routes.map(({ requests }) => (requests ?? 0) / total) : null;
  }

  of(name: string, factor = 1): Criticality {
    const reached = this.#reaches.map((reach) => (reach.get(name) ?? 0) * factor);
    const need = reached.reduce((most, share) => Math.max(most, share), 0);
    if (need === 0) return { need: null, share: null };
    const share = this.#weights?.reduce((sum, weight, index) => sum + weight * (reached[index] ?? 0), 0) ?? null;
    return { need: rounded(need, 4), share: share === null ? null : rounded(share, 4) };
  }

  ofEdge({ caller, callsPerRequest, asynchronous }: RatedEdge): Criticality {
    if (callsPerRequest === null || asynchronous) return { need: null, share: null };
    return this.of(caller, Math.min(1, callsPerRequest));
  }
}

interface RouteContext {
  readonly parts: readonly FlowPart[];
  readonly edges: readonly RatedEdge[];
  readonly cycles: readonly (readonly string[])[];
}

function analyzeRoutes(routes: readonly KnownRoute[], { parts, edges, cycles }: RouteContext): AnalyzedRoute[] {
  const calls = flowCalls(edges);
  const flows = flowsOf(parts, calls);
  const chains = longestChains(calls);
  const cyclic = new Set(cycles.flat());
  return routes.map((route) => {
    const { availability = null, latencyMs = null } = flows.get(route.service) ?? {};
    const isWhole = availability !== null && latencyMs !== null;
    return {
      ...route,
      availability: availability === null ? null : rounded(availability * 100, 4) / 100,
      computedLatencyMs: latencyMs === null ? null : rounded(latencyMs, 4),
      criticalPath: criticalPath(route.service, parts, calls).map(({ service, ms }) => ({
        service,
        ms: rounded(ms, 4),
      })),
      longestChain: chains(route.service),
      notKnown: isWhole ? [] : missingOf(route, { parts, calls, cyclic }),
    };
  });
}

interface Searched {
  readonly parts: readonly FlowPart[];
  readonly calls: readonly FlowCall[];
  readonly cyclic: ReadonlySet<string>;
}

/** Which facts a route's numbers fail for. */
function missingOf(route: KnownRoute, { parts, calls, cyclic }: Searched): string[] {
  const byName = new Map(parts.map((part) => [part.name, part]));
  const byCaller = callsOf(calls);
  const missing = new Set<string>();
  const seen = new Set([route.service]);
  for (const name of seen) {
    const { ownAvailability = null, ownLatencyMs = null } = byName.get(name) ?? {};
    const own = byCaller.get(name) ?? [];
    for (const { callee, callsPerRequest } of own) {
      seen.add(callee);
      if (callsPerRequest === null) missing.add(`how often ${name} calls ${callee} for one request`);
    }
    if (cyclic.has(name)) missing.add(`what ${name}, which is in a cycle, adds of its own`);
    else if (own.length > 0) continue;
    else if (ownAvailability === null) missing.add(`the availability of ${name}`);
    else if (ownLatencyMs === null) missing.add(`the latency of ${name}`);
  }
  if (missing.size === 0) missing.add(`the availability or latency of ${route.service} or of what it calls`);
  return [...missing].sort();
}

function sharedStores(services: readonly KnownService[]): { store: string; services: string[] }[] {
  const users = new Map<string, string[]>();
  for (const { name, stores } of services) {
    for (const store of stores ?? []) {
      const own = users.get(store);
      if (own) own.push(name);
      else users.set(store, [name]);
    }
  }
  return [...users]
    .filter(([, names]) => names.length > 1)
    .map(([store, names]) => ({ store, services: names }))
    .sort((left, right) => (left.store < right.store ? -1 : 1));
}

/** One sentence for each kind of fact that is missing. */
function gaps(
  services: readonly AnalyzedService[],
  edges: readonly AnalyzedEdge[],
  routes: readonly KnownRoute[],
): string[] {
  const waited = edges.filter(({ asynchronous }) => !asynchronous);
  const label = ({ caller, callee }: KnownEdge): string => `${caller} → ${callee}`;
  const named = (what: string, names: readonly string[]): string[] =>
    names.length > 0 ? [`${what}: ${names.join(", ")}`] : [];
  return [
    ...(routes.length === 0 ? ["which services users reach: without routes nothing is judged by its users"] : []),
    ...named(
      "replicas of",
      services.filter(({ replicas }) => replicas === null).map(({ name }) => name),
    ),
    ...named(
      "databases of",
      services.filter(({ stores }) => stores === null).map(({ name }) => name),
    ),
    ...named("calls for one request of", waited.filter(({ callsPerRequest }) => callsPerRequest === null).map(label)),
    ...named("the time limit of", waited.filter(({ timeoutMs }) => timeoutMs === null).map(label)),
    ...named("the breaker of", waited.filter(({ breaker }) => breaker === null).map(label)),
  ];
}
