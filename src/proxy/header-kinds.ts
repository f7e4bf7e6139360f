// What this proxy does with a header is decided by its name. The names repeat from request to request, so each
// spelling is looked at once and then found in a table of bounded size.

export type HeaderKind =
  | "content-length"
  | "transfer-encoding"
  | "connection"
  | "expect"
  | "host"
  | "date"
  /** Ends at this hop (RFC 9110, 7.6.1). */
  | "hop-by-hop"
  | "x-forwarded-for"
  | "x-forwarded-proto"
  | "x-forwarded-host"
  /** Another word about who forwarded the request. */
  | "forwarding"
  | "traceparent"
  | "tracestate"
  | "x-request-id"
  | "other";

const kinds: Readonly<Record<string, HeaderKind>> = {
  "content-length": "content-length",
  "transfer-encoding": "transfer-encoding",
  connection: "connection",
  expect: "expect",
  host: "host",
  date: "date",
  "keep-alive": "hop-by-hop",
  "proxy-connection": "hop-by-hop",
  "proxy-authenticate": "hop-by-hop",
  "proxy-authorization": "hop-by-hop",
  te: "hop-by-hop",
  trailer: "hop-by-hop",
  upgrade: "hop-by-hop",
  "http2-settings": "hop-by-hop",
  "x-forwarded-for": "x-forwarded-for",
  "x-forwarded-proto": "x-forwarded-proto",
  "x-forwarded-host": "x-forwarded-host",
  forwarded: "forwarding",
  "x-real-ip": "forwarding",
  traceparent: "traceparent",
  tracestate: "tracestate",
  "x-request-id": "x-request-id",
};

const maxSpellings = 4_096;
const spellings = new Map<string, HeaderKind>();

/** `name` in any spelling. */
export function headerKind(name: string): HeaderKind {
  return spellings.get(name) ?? look(name);
}

function look(name: string): HeaderKind {
  const lower = name.toLowerCase();
  const known = Object.hasOwn(kinds, lower) ? kinds[lower] : undefined;
  const kind = known ?? (lower.startsWith("x-forwarded-") ? "forwarding" : "other");
  // Full: whoever sends ever new names pays for it alone.
  if (spellings.size < maxSpellings) spellings.set(name, kind);
  return kind;
}
