// Which headers go on to the upstream and back to the client. Pure. Hop-by-hop fields end here (RFC 9110, 7.6.1);
// framing is each codec's own and never copied.
import type { RawHeaders } from "./exchange.js";
import { headerKind } from "./header-kinds.js";
import { headerValue, type RequestHead } from "./request-head.js";
import { newTraceparent, traceIdOf } from "./trace-context.js";

export interface ForwardContext {
  /** From outside: what a client says about its own forwarding is not believed. */
  readonly trusted: boolean;
  readonly peerAddress: string;
  /** How the client reached us. Default http. */
  readonly scheme?: "http" | "https";
  readonly rng: () => number;
  readonly newRequestId: () => string;
}

export interface ForwardedRequest {
  readonly headers: RawHeaders;
  readonly traceId: string;
  readonly requestId: string | undefined;
  /** The client asks to go on in WebSocket; nothing else is passed on: `h2c` would be a way past every route. */
  readonly upgrade: "websocket" | undefined;
}

/** What a request says of itself that decides about its other headers. */
interface Said {
  nominated: Set<string> | null;
  traceparent: string | undefined;
  requestId: string | undefined;
  forwardedFor: string | undefined;
  forwardedProto: string | undefined;
  forwardedHost: string | undefined;
}

export function forwardRequestHeaders(head: RequestHead, context: ForwardContext): ForwardedRequest {
  const { trusted } = context;
  const said = readSaid(head.headers);
  const trace = traceOf(said.traceparent, context);
  const requestId = requestIdOf(said.requestId, context);
  const out = keptRequestHeaders(head.headers, said.nominated, trusted, trace.kept);
  const earlier = trusted ? said.forwardedFor : undefined;
  out.push(
    "x-forwarded-for",
    earlier ? `${earlier}, ${context.peerAddress}` : context.peerAddress,
    "x-forwarded-proto",
    (trusted && said.forwardedProto) || (context.scheme ?? "http"),
    "x-forwarded-host",
    (trusted && said.forwardedHost) || head.authority,
  );
  if (!trace.kept) out.push("traceparent", trace.traceparent);
  if (requestId !== undefined) out.push("x-request-id", requestId);
  const upgrade = said.nominated?.has("upgrade") && asksForWebSocket(head) ? "websocket" : undefined;
  return { headers: out, traceId: trace.traceId, requestId, upgrade };
}

function asksForWebSocket({ method, headers }: RequestHead): boolean {
  return method === "GET" && headerValue(headers, "upgrade")?.toLowerCase() === "websocket";
}

/** `requestId` is added for the client where the upstream does not answer with one. */
export function forwardAnswerHeaders(
  headers: RawHeaders,
  options: { readonly status: number; readonly requestId: string | undefined },
): RawHeaders {
  const bodiless = options.status === 204 || options.status < 200;
  const out: string[] = [];
  let nominated: Set<string> | null = null;
  let answersRequestId = false;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] as string;
    switch (headerKind(name)) {
      case "connection":
        nominated = addNominated(nominated, headers[index + 1] as string);
        continue;
      case "hop-by-hop":
      case "transfer-encoding":
        continue;
      case "content-length":
        if (bodiless) continue;
        break;
      case "x-request-id":
        answersRequestId = true;
        break;
      default:
    }
    out.push(name, headers[index + 1] as string);
  }
  if (!answersRequestId && options.requestId !== undefined) out.push("x-request-id", options.requestId);
  const kept = nominated === null ? out : without(out, nominated);
  if (options.status === 101) kept.push("upgrade", "websocket");
  return kept;
}

function without(headers: RawHeaders, names: ReadonlySet<string>): string[] {
  const out: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] as string;
    if (!names.has(name.toLowerCase())) out.push(name, headers[index + 1] as string);
  }
  return out;
}

/** The first of each counts. */
function readSaid(headers: RawHeaders): Said {
  const said: Said = {
    nominated: null,
    traceparent: undefined,
    requestId: undefined,
    forwardedFor: undefined,
    forwardedProto: undefined,
    forwardedHost: undefined,
  };
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const value = headers[index + 1] as string;
    switch (headerKind(headers[index] as string)) {
      case "connection":
        said.nominated = addNominated(said.nominated, value);
        break;
      case "traceparent":
        said.traceparent ??= value;
        break;
      case "x-request-id":
        said.requestId ??= value;
        break;
      case "x-forwarded-for":
        said.forwardedFor ??= value;
        break;
      case "x-forwarded-proto":
        said.forwardedProto ??= value;
        break;
      case "x-forwarded-host":
        said.forwardedHost ??= value;
        break;
      default:
    }
  }
  return said;
}

function keptRequestHeaders(
  headers: RawHeaders,
  nominated: ReadonlySet<string> | null,
  trusted: boolean,
  traceKept: boolean,
): string[] {
  const out: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] as string;
    switch (headerKind(name)) {
      case "hop-by-hop":
      case "connection":
      case "transfer-encoding":
      case "content-length":
      case "x-forwarded-for":
      case "x-forwarded-proto":
      case "x-forwarded-host":
      case "x-request-id":
        continue;
      case "forwarding":
        if (!trusted) continue;
        break;
      case "traceparent":
      case "tracestate":
        if (!traceKept) continue;
        break;
      default:
    }
    if (nominated === null || !nominated.has(name.toLowerCase())) out.push(name, headers[index + 1] as string);
  }
  return out;
}

/** Names listed in Connection are hop-by-hop by the sender's word. Host cannot be named away. */
function addNominated(names: Set<string> | null, value: string): Set<string> | null {
  if (value === "keep-alive" || value === "close") return names;
  let all = names;
  for (const token of value.split(",")) {
    const name = token.trim().toLowerCase();
    if (name === "" || name === "keep-alive" || name === "close" || name === "host") continue;
    all ??= new Set();
    all.add(name);
  }
  return all;
}

function traceOf(
  present: string | undefined,
  context: ForwardContext,
): { readonly kept: boolean; readonly traceId: string; readonly traceparent: string } {
  const traceId = present === undefined ? null : traceIdOf(present);
  if (present !== undefined && traceId !== null) return { kept: true, traceId, traceparent: present };
  return { kept: false, ...newTraceparent(context.rng) };
}

// A request from outside gets an id; between services one is passed on, not invented.
function requestIdOf(present: string | undefined, context: ForwardContext): string | undefined {
  if (present !== undefined && /^[\x21-\x7e]{1,128}$/.test(present)) return present;
  return context.trusted ? undefined : context.newRequestId();
}
