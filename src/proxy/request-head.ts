// Reads what routing needs from a request's head, and refuses a head that two readers could understand differently.
import type { RawHeaders } from "./exchange.js";
import { type Refusal, refusal } from "./refusals.js";

export interface RequestHead {
  readonly method: string;
  /** Of the target or the Host header, lower case, without port and without IPv6 brackets. */
  readonly hostname: string;
  /** As received, with the port; sent to the upstream and as X-Forwarded-Host. */
  readonly authority: string;
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  /** Origin-form, for the upstream. */
  readonly pathAndQuery: string;
  readonly headers: RawHeaders;
}

export type ReadHeadResult =
  | { readonly ok: true; readonly head: RequestHead }
  | { readonly ok: false; readonly refusal: Refusal };

interface Target {
  readonly authority: string | null;
  readonly pathAndQuery: string;
}

const authorityForm = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._~!$&'()*+,;=%-]+))(?::([0-9]{1,5}))?$/;

export function readRequestHead(method: string, target: string, headers: RawHeaders): ReadHeadResult {
  const parsed = parseTarget(target);
  if (parsed === null) return refuse("TARGET_INVALID", "the target must be a path or an http:// URL");
  const host = headerValue(headers, "host");
  if (host === undefined) return refuse("HOST_INVALID", "the request has no Host header");
  if (isRepeated(headers, "host")) return refuse("HOST_INVALID", "the request has more than one Host header");
  const fromHost = parseAuthority(host);
  if (fromHost === null) return refuse("HOST_INVALID", "the Host header is not a name with an optional port");
  if (parsed.authority !== null && !sameAuthority(parsed.authority, host)) {
    return refuse("HOST_INVALID", "the Host header differs from the host in the request target");
  }
  const mark = parsed.pathAndQuery.indexOf("?");
  return {
    ok: true,
    head: {
      method,
      hostname: fromHost.hostname,
      authority: host,
      path: mark === -1 ? parsed.pathAndQuery : parsed.pathAndQuery.slice(0, mark),
      query: mark === -1 ? "" : parsed.pathAndQuery.slice(mark + 1),
      pathAndQuery: parsed.pathAndQuery,
      headers,
    },
  };
}

/** All values of one header, in order. `name` in lower case. */
export function headerValues(headers: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index];
    if (key === undefined || key.length !== name.length || key.toLowerCase() !== name) continue;
    values.push(headers[index + 1] ?? "");
  }
  return values;
}

function isRepeated(headers: RawHeaders, name: string): boolean {
  let count = 0;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index];
    if (key !== undefined && key.length === name.length && key.toLowerCase() === name) count++;
  }
  return count > 1;
}

/** The first value, undefined when the header is absent. `name` in lower case. */
export function headerValue(headers: RawHeaders, name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index];
    if (key !== undefined && key.length === name.length && key.toLowerCase() === name) return headers[index + 1];
  }
  return undefined;
}

function refuse(code: "TARGET_INVALID" | "HOST_INVALID", detail: string): ReadHeadResult {
  return { ok: false, refusal: refusal(code, detail) };
}

function parseTarget(target: string): Target | null {
  if (target.startsWith("/")) return target.includes("#") ? null : { authority: null, pathAndQuery: target };
  if (target.slice(0, 7).toLowerCase() !== "http://" || target.includes("#")) return null;
  const rest = target.slice(7);
  const end = rest.search(/[/?]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const path = end === -1 ? "/" : rest.slice(end);
  if (parseAuthority(authority) === null) return null;
  return { authority, pathAndQuery: path.startsWith("?") ? `/${path}` : path };
}

interface Authority {
  readonly hostname: string;
  readonly port: string;
}

const maxKnown = 1_024;
/** The few that a worker is called by. */
const known = new Map<string, Authority | null>();

function parseAuthority(text: string): Authority | null {
  const earlier = known.get(text);
  if (earlier !== undefined) return earlier;
  const parsed = readAuthority(text);
  // Full: whoever calls ever new names pays for it alone.
  if (known.size < maxKnown && text.length < 256) known.set(text, parsed);
  return parsed;
}

function readAuthority(text: string): Authority | null {
  const found = authorityForm.exec(text);
  if (!found) return null;
  const port = found[3] ?? "80";
  if (Number(port) > 65_535) return null;
  return { hostname: (found[1] ?? found[2] ?? "").toLowerCase(), port: String(Number(port)) };
}

function sameAuthority(left: string, right: string): boolean {
  const one = parseAuthority(left);
  const other = parseAuthority(right);
  return one !== null && other !== null && one.hostname === other.hostname && one.port === other.port;
}
