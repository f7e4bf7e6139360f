// A short name for many rows, so that a decision record can say which they were without holding them.
import { fnv1a64 } from "../base/hash.js";
import type { EdgeRow, MetricsRow } from "./metrics-row.js";

const encoder = new TextEncoder();

/**
 * 16 lower-case hex digits of each row's digest in order, then of those of the edges. Tells "the same rows" from "others";
 * no protection against somebody who wants a collision.
 */
export function rowsDigest(rows: readonly MetricsRow[], edges: readonly EdgeRow[] = []): string {
  const digestOf = (row: object): string => fnv1a64(encoder.encode(JSON.stringify(Object.entries(row).sort(byKey))));
  return fnv1a64(encoder.encode(`${rows.map(digestOf).join("")} ${edges.map(digestOf).join("")}`));
}

const byKey = ([left]: [string, unknown], [right]: [string, unknown]): number => (left < right ? -1 : 1);
