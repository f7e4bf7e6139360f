// Whether one route entry matches one request, in the terms of the Gateway API. The same code decides the traffic
// and explains it: it names the first condition that fails and never builds text on the way of a request.
import { compileRegex } from "../base/regex/linear-regex.js";
import type { FieldMatchPlan, RouteEntry } from "../plan/proxy-plan.js";
import { headerValue, type RequestHead } from "./request-head.js";

/** The condition that kept an entry from matching. */
export type Mismatch = "hostname" | "path" | "method" | "header" | "query";

/** An entry with what would otherwise be worked out anew for each request. */
export interface PreparedEntry {
  readonly entry: RouteEntry;
  /** In lower case. */
  readonly hostnames: readonly string[];
  /** Of a prefix: without the slash at its end. */
  readonly path: string;
  readonly pathTest: TextTest | null;
  readonly headers: readonly PreparedField[];
  readonly queryParams: readonly PreparedField[];
}

export interface PreparedField {
  /** Of a header: in lower case. */
  readonly name: string;
  readonly value: string;
  /** Null: the value must be the same. */
  readonly test: TextTest | null;
}

export interface TextTest {
  readonly prefix: string;
  matches(text: string): boolean;
}

export function prepareEntry(entry: RouteEntry): PreparedEntry {
  const { type, value } = entry.path;
  return {
    entry,
    hostnames: entry.hostnames.map((hostname) => hostname.toLowerCase()),
    path: type === "PathPrefix" && value.endsWith("/") ? value.slice(0, -1) : value,
    pathTest: type === "RegularExpression" ? toTest(value) : null,
    headers: entry.headers.map((match) => prepareField(match, match.name.toLowerCase())),
    queryParams: entry.queryParams.map((match) => prepareField(match, match.name)),
  };
}

/** Null: it matches. */
export function firstMismatch(prepared: PreparedEntry, head: RequestHead): Mismatch | null {
  if (!matchesPath(prepared, head.path)) return "path";
  if (!matchesAnyHostname(prepared.hostnames, head.hostname)) return "hostname";
  return firstUnmetCondition(prepared, head);
}

/** Of those besides path and hostname, by which an entry was found already. */
export function firstUnmetCondition(
  { entry, headers, queryParams }: PreparedEntry,
  head: RequestHead,
): Mismatch | null {
  if (entry.method !== undefined && entry.method !== head.method) return "method";
  for (const field of headers) if (!matchesField(field, headerValue(head.headers, field.name))) return "header";
  for (const field of queryParams) if (!matchesField(field, queryValue(head.query, field.name))) return "query";
  return null;
}

export function matchesField({ value, test }: PreparedField, present: string | undefined): boolean {
  if (present === undefined) return false;
  return test === null ? present === value : test.matches(present);
}

/** `*.example.com` matches every name below it, not itself. No hostname at all matches every name. */
export function matchesHostname(pattern: string, hostname: string): boolean {
  if (!pattern.startsWith("*.")) return pattern.toLowerCase() === hostname;
  return hostname.length > pattern.length - 1 && hostname.endsWith(pattern.slice(1).toLowerCase());
}

/** The first parameter of that name, decoded. */
export function queryValue(query: string, name: string): string | undefined {
  for (let start = 0; start < query.length; ) {
    const ampersand = query.indexOf("&", start);
    const end = ampersand === -1 ? query.length : ampersand;
    const equals = query.indexOf("=", start);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    if (isParameter(query, start, nameEnd, name)) return decode(query.slice(Math.min(nameEnd + 1, end), end));
    start = end + 1;
  }
  return undefined;
}

/** `GET PathPrefix /users [x-canary: 1]`: for people. */
export function describeMatch(entry: RouteEntry): string {
  const parts = [`${entry.path.type} ${entry.path.value}`];
  if (entry.method !== undefined) parts.unshift(entry.method);
  if (entry.hostnames.length > 0) parts.push(`on ${entry.hostnames.join(", ")}`);
  for (const match of entry.headers) parts.push(`[${match.name}${signOf(match, ": ")}${match.value}]`);
  for (const match of entry.queryParams) parts.push(`[?${match.name}${signOf(match, "=")}${match.value}]`);
  return parts.join(" ");
}

const signOf = ({ type }: FieldMatchPlan, exact: string): string => (type === "RegularExpression" ? " ~ " : exact);

// The plan was checked: an expression that cannot be used is not in it.
function toTest(source: string): TextTest {
  const compiled = compileRegex(source);
  return compiled.ok ? compiled.regex : { prefix: "", matches: () => false };
}

function prepareField({ type, value }: FieldMatchPlan, name: string): PreparedField {
  return { name, value, test: type === "RegularExpression" ? toTest(value) : null };
}

function matchesAnyHostname(patterns: readonly string[], hostname: string): boolean {
  if (patterns.length === 0) return true;
  for (const pattern of patterns) if (matchesHostname(pattern, hostname)) return true;
  return false;
}

function matchesPath({ entry, path, pathTest }: PreparedEntry, actual: string): boolean {
  if (pathTest !== null) return pathTest.matches(actual);
  if (entry.path.type === "Exact") return actual === path;
  return actual.startsWith(path) && isElementEnd(actual, path.length);
}

/** A prefix counts by path element: /users matches /users and /users/7, not /userstore. */
export function isElementEnd(path: string, at: number): boolean {
  return path.length === at || path.charCodeAt(at) === 47;
}

function isParameter(query: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length) return query.startsWith(name, start);
  // Only what is encoded is longer than what it stands for.
  if (end - start < name.length) return false;
  const raw = query.slice(start, end);
  return /[%+]/.test(raw) && decode(raw) === name;
}

function decode(raw: string): string {
  return /[%+]/.test(raw) ? (new URLSearchParams(`v=${raw}`).get("v") ?? "") : raw;
}
