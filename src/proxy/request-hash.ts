// The hash of what keeps requests together at one endpoint: a header, a cookie, or the client's address.
import type { HashOnPlan } from "../plan/proxy-plan.js";
import { hashText } from "../resilience/hash-text.js";
import { headerValue, type RequestHead } from "./request-head.js";

/** Null: the request has no such header or cookie. Default: by the client's address. */
export function requestHash(
  hashOn: HashOnPlan = { kind: "source" },
  { headers }: RequestHead,
  peerAddress: string,
): number | null {
  const value = hashOn.kind === "source" ? peerAddress : fieldOf(headers, hashOn);
  return value === undefined ? null : hashText(value);
}

function fieldOf(
  headers: RequestHead["headers"],
  { kind, name }: Exclude<HashOnPlan, { kind: "source" }>,
): string | undefined {
  if (kind === "header") return headerValue(headers, name);
  return cookieValue(headerValue(headers, "cookie") ?? "", name);
}

/** RFC 6265, section 4.2: pairs behind `; `. */
function cookieValue(cookies: string, name: string): string | undefined {
  for (const pair of cookies.split(";")) {
    const sign = pair.indexOf("=");
    if (sign !== -1 && pair.slice(0, sign).trim() === name) return pair.slice(sign + 1).trim();
  }
  return undefined;
}
