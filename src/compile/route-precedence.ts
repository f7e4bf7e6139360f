// Which of several matches wins, exactly as the Kubernetes Gateway API orders HTTPRoutes (HTTPRouteRule.matches):
// most specific hostname > Exact path > longest prefix > method > most headers > most query parameters > oldest
// (here: first in the spec) > name. A regular expression, whose place the standard leaves open, is between Exact and
// prefixes, as in Envoy. Sorted once, so that a worker takes the first that matches.
import type { PathMatchPlan, RouteEntry } from "../plan/proxy-plan.js";

/** In order of precedence. Stable: entries that tie in all keep the order of the spec. */
export function sortByPrecedence(entries: readonly RouteEntry[]): RouteEntry[] {
  const ranked = entries.map((entry) => ({ entry, rank: rankOf(entry) }));
  return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ entry }) => entry);
}

/** Higher wins, from the first number on. */
function rankOf(entry: RouteEntry): number[] {
  return [
    ...hostnameRank(entry.hostnames[0]),
    pathRanks[entry.path.type],
    entry.path.type === "Exact" ? 0 : entry.path.value.length,
    entry.method === undefined ? 0 : 1,
    entry.headers.length,
    entry.queryParams.length,
  ];
}

const pathRanks: Readonly<Record<PathMatchPlan["type"], number>> = { Exact: 2, RegularExpression: 1, PathPrefix: 0 };

/** Hostnames of different rank take different places in the order, and so become entries of their own. */
export function groupByRank(hostnames: readonly string[]): (readonly string[])[] {
  if (hostnames.length === 0) return [[]];
  const groups = new Map<string, string[]>();
  for (const hostname of hostnames) {
    const rank = hostnameRank(hostname).join();
    const group = groups.get(rank);
    if (group) group.push(hostname);
    else groups.set(rank, [hostname]);
  }
  return [...groups.values()];
}

/** All hostnames of one entry have the same. */
export function hostnameRank(hostname: string | undefined): [exact: number, length: number] {
  if (hostname === undefined) return [0, 0];
  // Two names without a wildcard never match the same request, so that their lengths do not matter.
  return hostname.startsWith("*.") ? [0, hostname.length] : [1, 0];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (b[at] ?? 0) - (a[at] ?? 0);
}
