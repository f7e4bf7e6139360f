// identifyMicroservicesOptimizations: what of an architecture costs time, failures or freedom of change, each finding
// with the numbers that it rests on. A fact that is not known gives no finding.
import { fewestCalls, repeatedCalls } from "../performance-analysis/bottlenecks.js";
import { rounded } from "../score.js";
import type { AnalyzedEdge, AnalyzedService, ArchitectureAnalysis } from "./analyze-architecture.js";
import { by } from "./order.js";

/** Counts up when the same analysis would give other findings. */
export const architectureOptimizationsVersion = "1";

export type ArchitectureFindingKind =
  | "cycle"
  | "single-point-of-failure"
  | "missing-timeout"
  | "missing-breaker"
  | "n-plus-one"
  | "chatty"
  | "long-chain"
  | "hub"
  | "shared-database"
  | "mixed-workload"
  | "merge-candidate"
  | "never-called";

export interface ArchitectureFinding {
  readonly kind: ArchitectureFindingKind;
  /** Whom it is about: the way of a chain, the members of a cycle, the one service, caller and callee. */
  readonly services: readonly string[];
  /** One sentence with the numbers in it. */
  readonly reason: string;
  readonly evidence: Readonly<Record<string, number | string | boolean | readonly string[] | null>>;
  /** Share of all users' requests that goes through it, at least; null: not known. */
  readonly share: number | null;
}

export interface ArchitectureOptimizations {
  readonly version: string;
  /** In the order of their kinds, then of names. Empty in an architecture that is fine, or of which too little is known. */
  readonly findings: readonly ArchitectureFinding[];
  readonly analysis: ArchitectureAnalysis;
}

/** The reasons for each are in docs/fujsen/architecture.md. */
const longChain = 5;
const hubCallers = 5;
const hubShare = 0.5;
const criticalNeed = 0.5;
const always = { least: 0.95, most: 1.05 };
const enoughObserved = 100;
const mixed = { timesSlower: 10, leastRequests: 0.05, leastTime: 0.2 };
/** Of the caller's time; above the whole, calls were made side by side. */
const sequential = { least: 0.5, most: 1.05 };

export function identifyMicroservicesOptimizations(analysis: ArchitectureAnalysis): ArchitectureOptimizations {
  const findings = [
    ...cycles(analysis),
    ...analysis.services.flatMap(singlePoint),
    ...analysis.edges.flatMap(unprotected).sort(by(({ kind }) => (kind === "missing-timeout" ? "0" : "1"))),
    ...repeated(analysis),
    ...chains(analysis),
    ...hubs(analysis),
    ...sharedDatabases(analysis),
    ...analysis.services.flatMap((service) => mixedWorkload(service, analysis)),
    ...mergeCandidates(analysis),
    ...neverCalled(analysis),
  ];
  return { version: architectureOptimizationsVersion, findings, analysis };
}

const percent = (share: number): string => `${rounded(share * 100)}%`;

/** Of several services, the share of the one that most requests go through. */
function highestShare(analysis: ArchitectureAnalysis, names: readonly string[]): number | null {
  const shares = analysis.services.flatMap(({ name, share }) =>
    names.includes(name) && share !== null ? [share] : [],
  );
  return shares.length > 0 ? shares.reduce((most, share) => Math.max(most, share), 0) : null;
}

function cycles(analysis: ArchitectureAnalysis): ArchitectureFinding[] {
  return analysis.cycles.map((services) => {
    const own = analysis.edges.filter(({ caller, inCycle }) => inCycle && services.includes(caller));
    const [least] = [...own].sort((left, right) => (left.requests ?? 0) - (right.requests ?? 0));
    const alone = services.length === 1;
    return {
      kind: "cycle",
      services,
      reason: alone ? `${services[0]} calls itself` : `${services.join(", ")} call each other in a circle`,
      evidence: {
        calls: own.map(({ caller, callee }) => `${caller} → ${callee}`),
        rarestCall: least ? `${least.caller} → ${least.callee}` : null,
        rarestCallRequests: own.every(({ requests }) => requests !== null) ? (least?.requests ?? null) : null,
      },
      share: highestShare(analysis, services),
    };
  });
}

function singlePoint({ name, replicas, need, share, callers }: AnalyzedService): ArchitectureFinding[] {
  if (replicas !== 1 || need === null || need < criticalNeed) return [];
  const reason = `${percent(need)} of a route's requests need ${name}, which has one instance`;
  return [{ kind: "single-point-of-failure", services: [name], reason, evidence: { replicas, need, callers }, share }];
}

function unprotected(edge: AnalyzedEdge): ArchitectureFinding[] {
  const { caller, callee, need, share, timeoutMs, breaker, retries, errorShare, latencyMs } = edge;
  if (need === null || need < criticalNeed) return [];
  const services = [caller, callee];
  const evidence = { need, latencyMs, errorShare, retries };
  const about = `${caller} → ${callee}, which ${percent(need)} of a route's requests need, has no`;
  const findings: ArchitectureFinding[] = [];
  if (timeoutMs === 0) {
    findings.push({ kind: "missing-timeout", services, reason: `${about} time limit`, evidence, share });
  }
  if (breaker === false)
    findings.push({ kind: "missing-breaker", services, reason: `${about} breaker`, evidence, share });
  return findings;
}

/** One after the other, as in a loop over a list, or a conversation of many small calls. */
function repeated({ edges, services }: ArchitectureAnalysis): ArchitectureFinding[] {
  const found = edges.flatMap((edge): ArchitectureFinding[] => {
    const { caller, callee, callsPerRequest: calls, requests, latencyMs, share } = edge;
    if (calls === null || calls < repeatedCalls || (requests ?? 0) < fewestCalls) return [];
    const whole = services.find(({ name }) => name === caller)?.latencyMs ?? null;
    const filled = latencyMs === null || whole === null || whole <= 0 ? null : (calls * latencyMs) / whole;
    const isLoop = !edge.asynchronous && filled !== null && filled >= sequential.least && filled <= sequential.most;
    const times = `${caller} calls ${callee} ${rounded(calls)} times for each of its requests`;
    const reason = isLoop ? `${times}, one after the other: that is ${percent(filled)} of its time` : times;
    const evidence = {
      callsPerRequest: rounded(calls, 4),
      requests,
      callMs: latencyMs,
      callerMs: whole,
      shareOfTime: filled === null ? null : rounded(filled, 4),
    };
    return [{ kind: isLoop ? "n-plus-one" : "chatty", services: [caller, callee], reason, evidence, share }];
  });
  return found.sort(by(({ kind }) => (kind === "n-plus-one" ? "0" : "1")));
}

/** Routes with the same chain are one finding. */
function chains({ routes, services }: ArchitectureAnalysis): ArchitectureFinding[] {
  const told = new Map<string, ArchitectureFinding>();
  for (const route of routes) {
    const { longestChain, availability, computedLatencyMs } = route;
    const key = JSON.stringify(longestChain);
    if (longestChain.length < longChain || told.has(key)) continue;
    const same = routes.filter((other) => JSON.stringify(other.longestChain) === key);
    const last = longestChain.at(-1);
    told.set(key, {
      kind: "long-chain",
      services: longestChain,
      reason: `${longestChain.length} services wait for one another: ${longestChain.join(" → ")}`,
      evidence: { length: longestChain.length, routes: same.map(({ name }) => name), availability, computedLatencyMs },
      share: services.find(({ name }) => name === last)?.share ?? null,
    });
  }
  return [...told.values()].sort(by(({ services: chain }) => JSON.stringify(chain)));
}

function hubs({ services, edges }: ArchitectureAnalysis): ArchitectureFinding[] {
  const others = services.length - 1;
  return services.flatMap((service): ArchitectureFinding[] => {
    const { name, share } = service;
    const count = (names: readonly string[]): number => names.filter((other) => other !== name).length;
    const [callers, callees] = [count(service.callers), count(service.callees)];
    const isHub = (degree: number): boolean => degree >= hubCallers && degree >= hubShare * others;
    if (!isHub(callers) && !isHub(callees)) return [];
    const requests = edges.filter(({ callee }) => callee === name).reduce((sum, edge) => sum + (edge.requests ?? 0), 0);
    const reason = isHub(callers)
      ? `${callers} of ${others} other services call ${name}`
      : `${name} calls ${callees} of ${others} other services`;
    const evidence = {
      callers,
      callees,
      services: services.length,
      requests,
      direction: isHub(callers) ? "in" : "out",
    };
    return [{ kind: "hub", services: [name], reason, evidence, share }];
  });
}

function sharedDatabases(analysis: ArchitectureAnalysis): ArchitectureFinding[] {
  return analysis.sharedStores.map(({ store, services }) => ({
    kind: "shared-database",
    services,
    reason: `${services.join(", ")} use the database ${store}`,
    evidence: { store, users: services.length },
    share: highestShare(analysis, services),
  }));
}

interface Work {
  readonly name: string;
  readonly requests: number;
  readonly latencyMs: number;
}

/** The kinds of requests that a service serves: as given, else by who calls it. */
function workOf({ name, operations }: AnalyzedService, { edges, routes }: ArchitectureAnalysis): Work[] {
  if (operations) return [...operations];
  const named = [
    ...edges.filter(({ callee }) => callee === name).map((edge) => ({ ...edge, name: `calls of ${edge.caller}` })),
    ...routes.filter(({ service }) => service === name).map((route) => ({ ...route, name: `route ${route.name}` })),
  ];
  return named.flatMap(({ name: kind, requests, latencyMs }) =>
    requests === null || latencyMs === null ? [] : [{ name: kind, requests, latencyMs }],
  );
}

function mixedWorkload(service: AnalyzedService, analysis: ArchitectureAnalysis): ArchitectureFinding[] {
  const all = workOf(service, analysis);
  const total = all.reduce((sum, { requests }) => sum + requests, 0);
  const time = all.reduce((sum, { requests, latencyMs }) => sum + requests * latencyMs, 0);
  const often = all
    .filter(
      ({ requests, latencyMs }) => requests >= fewestCalls && requests >= mixed.leastRequests * total && latencyMs > 0,
    )
    .sort((left, right) => left.latencyMs - right.latencyMs);
  const [fast, slow] = [often[0], often.at(-1)];
  if (!fast || !slow || slow.latencyMs < mixed.timesSlower * fast.latencyMs) return [];
  const slowTime = (slow.requests * slow.latencyMs) / time;
  if (slowTime < mixed.leastTime) return [];
  const { name, share } = service;
  const factor = rounded(slow.latencyMs / fast.latencyMs);
  const reason = `in ${name}, ${slow.name} take ${factor} times as long as ${fast.name}, and ${percent(slowTime)} of the time`;
  const evidence = {
    ...{ fast: fast.name, fastMs: fast.latencyMs, fastRequests: fast.requests },
    ...{ slow: slow.name, slowMs: slow.latencyMs, slowRequests: slow.requests, slowShareOfTime: rounded(slowTime, 4) },
  };
  return [{ kind: "mixed-workload", services: [name], reason, evidence, share }];
}

/** One caller alone, one call for each of its requests, and no data of its own that would be a reason to be apart. */
function mergeCandidates({ edges, services, routes }: ArchitectureAnalysis): ArchitectureFinding[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  return edges.flatMap((edge): ArchitectureFinding[] => {
    const { caller, callee, callsPerRequest: calls, requests, share, asynchronous, inCycle } = edge;
    const [above, below] = [byName.get(caller), byName.get(callee)];
    if (calls === null || calls < always.least || calls > always.most || asynchronous || inCycle) return [];
    if ((requests ?? 0) < fewestCalls || below?.callers.length !== 1) return [];
    if (routes.some(({ service }) => service === callee) || !below.stores) return [];
    const apart = below.stores.filter((store) => !above?.stores?.includes(store));
    if (apart.length > 0) return [];
    const reason = `${callee} is called by ${caller} alone, ${rounded(calls)} times for each of its requests`;
    const evidence = { callsPerRequest: rounded(calls, 4), requests, callMs: edge.latencyMs, stores: below.stores };
    return [{ kind: "merge-candidate", services: [caller, callee], reason, evidence, share }];
  });
}

/** A service that calls others works by itself, and is no finding. */
function neverCalled({ services, edges, routes, calls }: ArchitectureAnalysis): ArchitectureFinding[] {
  if (calls < enoughObserved) return [];
  const isUsed = ({ requests }: { readonly requests: number | null }): boolean => requests === null || requests > 0;
  return services.flatMap(({ name, replicas, requests }): ArchitectureFinding[] => {
    const own = edges.filter(({ caller, callee }) => caller === name || callee === name);
    if (own.some(isUsed) || (requests ?? 0) > 0) return [];
    if (routes.some((route) => route.service === name && isUsed(route))) return [];
    const reason = `nothing called ${name} while ${rounded(calls)} other calls were counted`;
    return [{ kind: "never-called", services: [name], reason, evidence: { replicas, observedCalls: calls }, share: 0 }];
  });
}
