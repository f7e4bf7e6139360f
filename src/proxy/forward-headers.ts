// Which headers go on to the upstream and back to the client. Pure. Hop-by-hop fields end here (RFC 9110, 7.6.1);
// framing is each codec's own and never copied.
import type { RawHeaders } from "./exchange.js";
import { headerValue, type RequestHead } from "./request-head.js";
import { newTraceparent, traceIdOf } from "./trace-context.js";

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Set by this proxy, or spent here. Content-Length is framing: the client codec writes its own. */
const replacedOnRequest = new Set([
  "content-length",
  "expect",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
]);

export interface ForwardContext {
  /** From outside: what a client says about its own forwarding is not believed. */
  readonly trusted: boolean;
  readonly peerAddress: string;
  readonly rng: () => number;
  readonly newRequestId: () => string;
}

export interface ForwardedRequest {
  readonly headers: RawHeaders;
  readonly traceId: string;
  readonly requestId: string | undefined;
}

export function forwardRequestHeaders(head: RequestHead, context: ForwardContext): ForwardedRequest {
  const nominated = nominatedBy(head.headers);
  const trace = traceOf(head.headers, context);
  const requestId = requestIdOf(head.headers, context);
  const out: string[] = [];
  copyHeaders(head.headers, out, (name) => {
    if (hopByHop.has(name) || replacedOnRequest.has(name) || nominated?.has(name)) return false;
    if (!trace.kept && (name === "traceparent" || name === "tracestate")) return false;
    if (name === "x-request-id") return false;
    return context.trusted || !(name === "forwarded" || name.startsWith("x-forwarded-") || name === "x-real-ip");
  });
  out.push("x-forwarded-for", forwardedFor(head.headers, context));
  out.push("x-forwarded-proto", (context.trusted && headerValue(head.headers, "x-forwarded-proto")) || "http");
  out.push("x-forwarded-host", (context.trusted && headerValue(head.headers, "x-forwarded-host")) || head.authority);
  if (!trace.kept) out.push("traceparent", trace.traceparent);
  if (requestId !== undefined) out.push("x-request-id", requestId);
  return { headers: out, traceId: trace.traceId, requestId };
}

/** `requestId` is added for the client where the upstream does not answer with one. */
export function forwardAnswerHeaders(
  headers: RawHeaders,
  options: { readonly status: number; readonly requestId: string | undefined },
): RawHeaders {
  const nominated = nominatedBy(headers);
  const bodiless = options.status === 204 || options.status < 200;
  const out: string[] = [];
  let answersRequestId = false;
  copyHeaders(headers, out, (name) => {
    if (name === "x-request-id") answersRequestId = true;
    if (bodiless && name === "content-length") return false;
    return !hopByHop.has(name) && !nominated?.has(name);
  });
  if (!answersRequestId && options.requestId !== undefined) out.push("x-request-id", options.requestId);
  return out;
}

function copyHeaders(headers: RawHeaders, out: string[], keep: (lowerName: string) => boolean): void {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index];
    const value = headers[index + 1];
    if (name !== undefined && value !== undefined && keep(name.toLowerCase())) out.push(name, value);
  }
}

/** Header names listed in Connection: they are hop-by-hop by the sender's word. Host cannot be named away. */
function nominatedBy(headers: RawHeaders): Set<string> | null {
  let names: Set<string> | null = null;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() !== "connection") continue;
    for (const token of (headers[index + 1] ?? "").split(",")) {
      const name = token.trim().toLowerCase();
      if (name === "" || name === "keep-alive" || name === "close" || name === "host") continue;
      names ??= new Set();
      names.add(name);
    }
  }
  return names;
}

function traceOf(
  headers: RawHeaders,
  context: ForwardContext,
): { readonly kept: boolean; readonly traceId: string; readonly traceparent: string } {
  const present = headerValue(headers, "traceparent");
  const traceId = present === undefined ? null : traceIdOf(present);
  if (present !== undefined && traceId !== null) return { kept: true, traceId, traceparent: present };
  return { kept: false, ...newTraceparent(context.rng) };
}

// A request from outside gets an id; between services one is passed on, not invented.
function requestIdOf(headers: RawHeaders, context: ForwardContext): string | undefined {
  const present = headerValue(headers, "x-request-id");
  if (present !== undefined && /^[\x21-\x7e]{1,128}$/.test(present)) return present;
  return context.trusted ? undefined : context.newRequestId();
}

function forwardedFor(headers: RawHeaders, context: ForwardContext): string {
  const earlier = context.trusted ? headerValue(headers, "x-forwarded-for") : undefined;
  return earlier ? `${earlier}, ${context.peerAddress}` : context.peerAddress;
}
