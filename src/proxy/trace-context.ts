// W3C Trace Context (Recommendation of 2021-11-23): a valid traceparent is passed on as it is, anything else is
// replaced by a new one. Pure: the random bits are handed in.
import type { Rng } from "../base/clock.js";

const traceparentForm = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const zeroTrace = "0".repeat(32);
const zeroParent = "0".repeat(16);

/** Null: not valid, to be replaced. */
export function traceIdOf(traceparent: string): string | null {
  const found = traceparentForm.exec(traceparent);
  if (!found) return null;
  const [, version, traceId = "", parentId, more] = found;
  // Version ff is forbidden; only versions after 00 may carry more fields.
  if (version === "ff" || (version === "00" && more !== undefined)) return null;
  return traceId === zeroTrace || parentId === zeroParent ? null : traceId;
}

/** A new trace, marked as sampled, so that services that follow the caller's decision record it. */
export function newTraceparent(rng: Rng): { readonly traceparent: string; readonly traceId: string } {
  const traceId = randomHex(rng, 8) + randomHex(rng, 8) + randomHex(rng, 8) + randomHex(rng, 8);
  const parentId = randomHex(rng, 8) + randomHex(rng, 8);
  return { traceparent: `00-${traceId}-${parentId}-01`, traceId };
}

// Never all zero: the lowest value of each part is 1.
function randomHex(rng: Rng, digits: 8): string {
  return (1 + Math.floor(rng() * 0xfffffffe)).toString(16).padStart(digits, "0");
}
