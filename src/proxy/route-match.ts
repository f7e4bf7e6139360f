// Whether one route entry matches one request, in the terms of the Gateway API. The same code decides the traffic
// and explains it: it names the first condition that fails and never builds text on the way of a request.
import type { RouteEntry } from "../plan/proxy-plan.js";
import { headerValue, type RequestHead } from "./request-head.js";

/** The condition that kept an entry from matching. */
export type Mismatch = "hostname" | "path" | "method" | "header" | "query";

/** The first entry that matches; entries are sorted by precedence. */
export function findRoute(entries: readonly RouteEntry[], head: RequestHead): RouteEntry | undefined {
  for (const entry of entries) if (firstMismatch(entry, head) === null) return entry;
  return undefined;
}

/** Null: it matches. */
export function firstMismatch(entry: RouteEntry, head: RequestHead): Mismatch | null {
  if (!matchesPath(entry.path, head.path)) return "path";
  if (!matchesAnyHostname(entry.hostnames, head.hostname)) return "hostname";
  if (entry.method !== undefined && entry.method !== head.method) return "method";
  for (const { name, value } of entry.headers) {
    if (headerValue(head.headers, name.toLowerCase()) !== value) return "header";
  }
  if (entry.queryParams.length > 0 && !matchesQuery(entry.queryParams, head.query)) return "query";
  return null;
}

/** `*.example.com` matches every name below it, not itself. No hostname at all matches every name. */
export function matchesHostname(pattern: string, hostname: string): boolean {
  if (!pattern.startsWith("*.")) return pattern.toLowerCase() === hostname;
  return hostname.length > pattern.length - 1 && hostname.endsWith(pattern.slice(1).toLowerCase());
}

/** `GET PathPrefix /users [x-canary: 1]`: for people. */
export function describeMatch(entry: RouteEntry): string {
  const parts = [`${entry.path.type} ${entry.path.value}`];
  if (entry.method !== undefined) parts.unshift(entry.method);
  if (entry.hostnames.length > 0) parts.push(`on ${entry.hostnames.join(", ")}`);
  for (const { name, value } of entry.headers) parts.push(`[${name}: ${value}]`);
  for (const { name, value } of entry.queryParams) parts.push(`[?${name}=${value}]`);
  return parts.join(" ");
}

function matchesAnyHostname(patterns: readonly string[], hostname: string): boolean {
  if (patterns.length === 0) return true;
  for (const pattern of patterns) if (matchesHostname(pattern, hostname)) return true;
  return false;
}

// A prefix counts by path element: /users matches /users and /users/7, not /userstore.
function matchesPath(match: RouteEntry["path"], path: string): boolean {
  if (match.type === "Exact") return path === match.value;
  const prefix = match.value.endsWith("/") ? match.value.slice(0, -1) : match.value;
  if (!path.startsWith(prefix)) return false;
  return path.length === prefix.length || path.charCodeAt(prefix.length) === 47;
}

function matchesQuery(wanted: RouteEntry["queryParams"], query: string): boolean {
  const present = new URLSearchParams(query);
  return wanted.every(({ name, value }) => present.get(name) === value);
}
