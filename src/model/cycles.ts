// Cycles in a graph of names, each told once as the way around it.

/**
 * A shortest cycle through every node that is on one and not part of a cycle told before (a node with an edge to
 * itself is a cycle of one). Begins with the node that comes first in the graph. Edges to unknown nodes are ignored.
 */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const told = new Set<string>();
  const cycles = [...edges].filter(([name, next]) => next.includes(name)).map(([name]) => [name]);
  for (const start of edges.keys()) {
    if (told.has(start)) continue;
    const cycle = shortestWayBack(edges, start);
    if (cycle === null) continue;
    for (const name of cycle) told.add(name);
    cycles.push(cycle);
  }
  return cycles;
}

/** Breadth first, so that the way is the shortest. Null when there is none. */
function shortestWayBack(edges: ReadonlyMap<string, readonly string[]>, start: string): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const name of queue) {
    for (const next of edges.get(name) ?? []) {
      if (next === name) continue;
      if (next === start) return wayTo(name, cameFrom, start);
      if (cameFrom.has(next) || !edges.has(next)) continue;
      cameFrom.set(next, name);
      queue.push(next);
    }
  }
  return null;
}

function wayTo(end: string, cameFrom: ReadonlyMap<string, string>, start: string): string[] {
  const way: string[] = [];
  for (let name: string | undefined = end; name !== undefined && name !== start; name = cameFrom.get(name))
    way.push(name);
  return [start, ...way.reverse()];
}
