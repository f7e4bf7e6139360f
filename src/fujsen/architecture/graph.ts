// The call graph: who calls whom, which services are in a cycle, and what share of a route's requests reaches a service.
import type { KnownEdge } from "./input.js";

/** Edges by caller. */
export type Calls<Edge> = ReadonlyMap<string, readonly Edge[]>;
type Pair = Pick<KnownEdge, "caller" | "callee">;

export function callsOf<Edge extends Pair>(edges: readonly Edge[]): Calls<Edge> {
  const calls = new Map<string, Edge[]>();
  for (const edge of edges) {
    const own = calls.get(edge.caller);
    if (own) own.push(edge);
    else calls.set(edge.caller, [edge]);
  }
  return calls;
}

/** Sets of services that can all reach each other, each in the order of names; one that calls itself is one too. */
export function findCycles(names: readonly string[], edges: readonly Pair[]): string[][] {
  const calls = callsOf(edges);
  const callers = callsOf(edges.map(({ caller, callee }) => ({ caller: callee, callee: caller })));
  const told = new Set<string>();
  const cycles: string[][] = [];
  for (const name of names) {
    if (told.has(name)) continue;
    const ahead = reachableFrom(calls, name);
    if (!ahead.has(name)) continue;
    const behind = reachableFrom(callers, name);
    const cycle = [...ahead].filter((other) => behind.has(other)).sort();
    for (const member of cycle) told.add(member);
    cycles.push(cycle);
  }
  return cycles;
}

/** Without `start` itself, unless a call leads back to it. */
function reachableFrom(calls: Calls<Pair>, start: string): Set<string> {
  const found = new Set<string>();
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const { callee } of calls.get(name) ?? []) {
      if (found.has(callee)) continue;
      found.add(callee);
      open.push(callee);
    }
  }
  return found;
}

/** Callees before their callers. `edges` must be without cycles. */
export function calleesFirst(names: readonly string[], edges: readonly Pair[]): string[] {
  const calls = callsOf(edges);
  const done = new Set<string>();
  const order: string[] = [];
  const visit = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    for (const { callee } of calls.get(name) ?? []) visit(callee);
    order.push(name);
  };
  for (const name of names) visit(name);
  return order;
}

interface Weighted extends Pair {
  /** Null: not known, and not followed. */
  readonly callsPerRequest: number | null;
}

/**
 * At least this share of an entry's requests reaches each service: the highest over all ways there. Ways are not added
 * up, because it is not known whether they are taken by the same requests. Cycles do no harm: no share grows on its way.
 */
export function reachOf(entry: string, calls: Calls<Weighted>): Map<string, number> {
  const settled = new Map<string, number>();
  const open = new Map([[entry, 1]]);
  for (let next = highest(open); next; next = highest(open)) {
    const [name, share] = next;
    open.delete(name);
    settled.set(name, share);
    for (const { callee, callsPerRequest } of calls.get(name) ?? []) {
      const through = share * Math.min(1, callsPerRequest ?? 0);
      if (settled.has(callee) || through <= (open.get(callee) ?? 0)) continue;
      open.set(callee, through);
    }
  }
  return settled;
}

function highest(open: ReadonlyMap<string, number>): readonly [string, number] | null {
  let best: readonly [string, number] | null = null;
  for (const entry of open) if (!best || entry[1] > best[1]) best = entry;
  return best;
}
