// Why one of two routes that both match goes first, in the Gateway API's order of precedence, in words. For `explain`
// only: the plan's routes are sorted already.
import type { RouteEntry } from "../plan/proxy-plan.js";

const pathRanks: Readonly<Record<RouteEntry["path"]["type"], number>> = {
  PathPrefix: 0,
  RegularExpression: 1,
  Exact: 2,
};

/** The first rule that tells them apart. `first` goes before `second` in the plan. */
export function whyFirst(first: RouteEntry, second: RouteEntry): string {
  const [hostname, otherHostname] = [first.hostnames[0], second.hostnames[0]];
  if (hostnameRank(hostname) > hostnameRank(otherHostname)) return `its hostname ${hostname ?? ""} is more specific`;
  if (pathRanks[first.path.type] > pathRanks[second.path.type]) {
    return first.path.type === "Exact" ? "its path is exact" : "a regular expression goes before a prefix";
  }
  if (first.path.type !== "Exact" && first.path.value.length > second.path.value.length) {
    return `its path ${first.path.value} is longer than ${second.path.value}`;
  }
  if (first.method !== undefined && second.method === undefined) return "it names the method";
  const headers = `${first.headers.length} to ${second.headers.length}`;
  if (first.headers.length > second.headers.length) return `it asks for more headers, ${headers}`;
  const queries = `${first.queryParams.length} to ${second.queryParams.length}`;
  if (first.queryParams.length > second.queryParams.length) return `it asks for more query parameters, ${queries}`;
  return "both are as specific, and it was written first";
}

/** A name goes before a wildcard, a longer wildcard before a shorter one, and any before none. */
function hostnameRank(hostname: string | undefined): number {
  if (hostname === undefined) return 0;
  return hostname.startsWith("*.") ? hostname.length : Number.POSITIVE_INFINITY;
}
