// Every answer that the proxy makes itself: one stable code each. docs/proxy-answers.md lists the same table,
// and a test holds the two together.

interface RefusalKind {
  readonly status: number;
  /** What the code means, for the table and as the problem's title. */
  readonly title: string;
}

export const refusalKinds = {
  REQUEST_INVALID: { status: 400, title: "The request is not valid HTTP." },
  HOST_INVALID: {
    status: 400,
    title: "The Host header is missing, repeated, malformed, or differs from the request target.",
  },
  TARGET_INVALID: { status: 400, title: "The request target is neither a path nor an absolute http URL." },
  CALL_NOT_DECLARED: { status: 403, title: "The caller does not list this service in its calls." },
  ROUTE_NOT_FOUND: { status: 404, title: "No route of this gateway matches the request." },
  UNKNOWN_SERVICE: { status: 404, title: "No service of this name exists." },
  REQUEST_TIMEOUT: { status: 408, title: "The client did not send its request in time." },
  BODY_TOO_LARGE: { status: 413, title: "The request's body is larger than 64 GiB." },
  TARGET_TOO_LONG: { status: 414, title: "The request line is longer than 8 KiB." },
  EXPECTATION_FAILED: { status: 417, title: "Only the expectation 100-continue is supported." },
  MISDIRECTED: { status: 421, title: "The request's host belongs to another listener than the connection." },
  HEADERS_TOO_LARGE: { status: 431, title: "The request's headers are larger than 16 KiB, or more than 100." },
  NO_BACKEND: { status: 500, title: "The route has no backend that takes requests." },
  METHOD_NOT_SUPPORTED: { status: 501, title: "The proxy makes no tunnels: CONNECT is not supported." },
  UPSTREAM_UNREACHABLE: { status: 502, title: "No connection to the service could be made." },
  UPSTREAM_TLS_FAILED: { status: 502, title: "The TLS handshake with the service failed, or it was not verified." },
  UPSTREAM_RESET: { status: 502, title: "The service broke the connection before it answered." },
  UPSTREAM_INVALID: { status: 502, title: "The service's answer is not valid HTTP." },
  NOT_CONFIGURED: { status: 503, title: "This listener has no configuration yet." },
  DISCOVERY_DISABLED: { status: 503, title: "A setting switches discovery off: services are not found by name." },
  PROTOCOL_DISABLED: { status: 503, title: "A setting switches this listener's protocol off." },
  NO_ENDPOINT: { status: 503, title: "The service has no ready instance." },
  FAULT_INJECTED: { status: 503, title: "A fault was injected here on purpose; its status is what the fault says." },
  BREAKER_OPEN: { status: 503, title: "The service fails too often: requests to it are held back for a while." },
  REQUEST_LIMIT: { status: 503, title: "The service has as many requests in flight as its limit allows." },
  ADAPTIVE_LIMIT: { status: 503, title: "The service has as many requests in flight as its latency allows now." },
  PENDING_LIMIT: { status: 503, title: "Every instance is fully used, and as many requests wait as may." },
  UPSTREAM_TIMEOUT: { status: 504, title: "The service did not answer in time." },
  VERSION_NOT_SUPPORTED: { status: 505, title: "This version of HTTP is not spoken here." },
} as const satisfies Record<string, RefusalKind>;

export type RefusalCode = keyof typeof refusalKinds;

export interface Refusal {
  readonly code: RefusalCode;
  /** One sentence about this very request. */
  readonly detail: string;
  /** Absent: the code's own. */
  readonly status?: number;
  /** For a Retry-After header, whole seconds. */
  readonly retryAfterSeconds?: number;
}

export const refusal = (code: RefusalCode, detail: string): Refusal => ({ code, detail });

export const statusOf = ({ code, status }: Refusal): number => status ?? refusalKinds[code].status;

/** The body, application/problem+json (RFC 9457). */
export function problemBody(refused: Refusal, ids: { readonly traceId?: string; readonly requestId?: string }): string {
  const { title } = refusalKinds[refused.code];
  const status = statusOf(refused);
  return `${JSON.stringify({
    type: `urn:tusk:proxy:${refused.code.toLowerCase().replaceAll("_", "-")}`,
    title,
    status,
    code: refused.code,
    detail: refused.detail,
    traceId: ids.traceId,
    requestId: ids.requestId,
  })}\n`;
}
