// Availability and latency through the graph. What a service adds of its own is what is left of its measurement when
// its callees' part is taken out; then everything can be put together again, also with a call that is changed.
import { calleesFirst, callsOf } from "./graph.js";

/** Of a call that is waited for, and is not part of a cycle. */
export interface FlowCall {
  readonly caller: string;
  readonly callee: string;
  /** Null: not known. */
  readonly callsPerRequest: number | null;
}

export interface Measured {
  readonly name: string;
  /** Observed, with the callees' part in it; null: not known. */
  readonly availability: number | null;
  readonly latencyMs: number | null;
}

export interface FlowPart {
  readonly name: string;
  /** Its own part alone. */
  readonly ownAvailability: number | null;
  readonly ownLatencyMs: number | null;
  /** Whether it waits for its callees one after the other, or for all at once. */
  readonly waits: "in-sequence" | "at-once";
}

export interface Flow {
  readonly availability: number | null;
  readonly latencyMs: number | null;
}

const unknown: Flow = { availability: null, latencyMs: null };

/** The own part of each service. `inCycle`: their calls of each other are not in `calls`, so nothing is known of them. */
export function ownParts(
  services: readonly Measured[],
  calls: readonly FlowCall[],
  inCycle: ReadonlySet<string>,
): FlowPart[] {
  const measured = new Map(services.map((service) => [service.name, service]));
  const byCaller = callsOf(calls);
  const flows = new Map<string, Flow>();
  const parts = new Map<string, FlowPart>();
  for (const name of calleesFirst([...measured.keys()], calls)) {
    const own = byCaller.get(name) ?? [];
    const part = inCycle.has(name) ? noPart(name) : ownPart(measured.get(name), { name, calls: own, flows });
    parts.set(name, part);
    flows.set(name, flowOf(part, own, flows));
  }
  return services.map(({ name }) => parts.get(name) ?? noPart(name));
}

const noPart = (name: string): FlowPart => ({
  name,
  ownAvailability: null,
  ownLatencyMs: null,
  waits: "in-sequence",
});

interface Around {
  readonly name: string;
  readonly calls: readonly FlowCall[];
  readonly flows: ReadonlyMap<string, Flow>;
}

function ownPart(measured: Measured | undefined, { name, calls, flows }: Around): FlowPart {
  const { availability = null, latencyMs = null } = measured ?? {};
  const answered = calleesAvailability(calls, flows);
  const times = calleesTimes(calls, flows);
  const sum = times?.reduce((total, ms) => total + ms, 0) ?? 0;
  // More waiting than there was time: they were waited for at once.
  const waits = latencyMs !== null && sum > latencyMs ? "at-once" : "in-sequence";
  const waited = times === null ? null : waits === "at-once" ? largestOf(times) : sum;
  return {
    name,
    ownAvailability: availability === null || answered === null ? null : share(availability, answered),
    ownLatencyMs: latencyMs === null || waited === null ? null : Math.max(0, latencyMs - waited),
    waits,
  };
}

// A caller that answers although its callee failed is not better than without a failure of its own.
const share = (whole: number, part: number): number => (part > 0 ? Math.min(1, whole / part) : 1);
const largestOf = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);

/** Availability and latency of every service, from the own parts and the calls. */
export function flowsOf(parts: readonly FlowPart[], calls: readonly FlowCall[]): Map<string, Flow> {
  const byName = new Map(parts.map((part) => [part.name, part]));
  const byCaller = callsOf(calls);
  const flows = new Map<string, Flow>();
  for (const name of calleesFirst([...byName.keys()], calls)) {
    flows.set(name, flowOf(byName.get(name) ?? noPart(name), byCaller.get(name) ?? [], flows));
  }
  return flows;
}

function flowOf(part: FlowPart, calls: readonly FlowCall[], flows: ReadonlyMap<string, Flow>): Flow {
  const answered = calleesAvailability(calls, flows);
  const times = calleesTimes(calls, flows);
  const { ownAvailability, ownLatencyMs, waits } = part;
  const waited = times && (waits === "at-once" ? largestOf(times) : times.reduce((sum, ms) => sum + ms, 0));
  return {
    availability: ownAvailability === null || answered === null ? null : ownAvailability * answered,
    latencyMs: ownLatencyMs === null || waited === null ? null : believable(ownLatencyMs + waited),
  };
}

/** Ratios multiply along a path: counts that do not belong together must not end in an infinite time. */
const believable = (ms: number): number | null => (ms <= 1e15 ? ms : null);

function calleesAvailability(calls: readonly FlowCall[], flows: ReadonlyMap<string, Flow>): number | null {
  let product = 1;
  for (const { callee, callsPerRequest } of calls) {
    const { availability } = flows.get(callee) ?? unknown;
    if (callsPerRequest === null || availability === null) return null;
    product *= inSeries(availability, callsPerRequest);
  }
  return product;
}

function calleesTimes(calls: readonly FlowCall[], flows: ReadonlyMap<string, Flow>): number[] | null {
  const times: number[] = [];
  for (const { callee, callsPerRequest } of calls) {
    const { latencyMs } = flows.get(callee) ?? unknown;
    if (callsPerRequest === null || latencyMs === null) return null;
    times.push(callsPerRequest * latencyMs);
  }
  return times;
}

/** All of so many calls succeed; a part of a call is one that is made in that share of the requests. */
export function inSeries(availability: number, calls: number): number {
  const whole = Math.floor(calls);
  let product = 1 - (calls - whole) * (1 - availability);
  // By squaring: exponentiation of the language differs in its last bits between releases.
  for (let [left, factor] = [whole, availability]; left > 0; left = Math.floor(left / 2), factor *= factor) {
    if (left % 2 === 1) product *= factor;
  }
  return product;
}

export interface PathStep {
  readonly service: string;
  /** Its own time in one request of the route, all calls of it together. */
  readonly ms: number;
}

/** From an entry on, always into the callee that is waited for longest. Empty where a time is not known. */
export function criticalPath(entry: string, parts: readonly FlowPart[], calls: readonly FlowCall[]): PathStep[] {
  const flows = flowsOf(parts, calls);
  if ((flows.get(entry) ?? unknown).latencyMs === null) return [];
  const byName = new Map(parts.map((part) => [part.name, part]));
  const byCaller = callsOf(calls);
  const path: PathStep[] = [];
  let visits = 1;
  for (let at: string | undefined = entry; at !== undefined; ) {
    const part = byName.get(at);
    path.push({ service: at, ms: visits * (part?.ownLatencyMs ?? 0) });
    let [next, most, factor]: [string | undefined, number, number] = [undefined, 0, 0];
    for (const { callee, callsPerRequest } of byCaller.get(at) ?? []) {
      const count: number = callsPerRequest ?? 0;
      const ms: number = count * (flows.get(callee)?.latencyMs ?? 0);
      if (ms > most) [next, most, factor] = [callee, ms, count];
    }
    [at, visits] = [next, visits * factor];
  }
  return path;
}
