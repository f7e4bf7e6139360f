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
  const traceId = randomHex(rng) + randomHex(rng) + randomHex(rng) + randomHex(rng);
  return { traceparent: `00-${traceId}-${randomHex(rng)}${randomHex(rng)}-01`, traceId };
}

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

// Eight digits. Never all zero: the lowest value of each part is 1.
function randomHex(rng: Rng): string {
  const value = (1 + Math.floor(rng() * 0xfffffffe)) >>> 0;
  return hexAt(value >>> 24) + hexAt((value >>> 16) & 255) + hexAt((value >>> 8) & 255) + hexAt(value & 255);
}

const hexAt = (byte: number): string => hexBytes[byte] as string;
