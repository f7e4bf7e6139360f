// Many rows of one service or edge as one that stands for them: counts are summed, rates follow from the sums, levels
// are means over time, percentiles come from the merged sketches. What is not known of any stays unknown. Pure.
import { type LatencyHistogram, mergeHistograms, quantileOf } from "../base/latency-histogram.js";
import type { InsertRow, SqlRow } from "./database.js";

export type RollUpTable = "microservices_metrics" | "edges";

const keysOf: Readonly<Record<RollUpTable, readonly string[]>> = {
  microservices_metrics: ["service_id"],
  edges: ["caller", "callee"],
};

/** One row for each service or edge and each `seconds`, its timestamp the end of that time. */
export function rollUp(table: RollUpTable, rows: readonly SqlRow[], seconds: number): readonly InsertRow[] {
  const keys = keysOf[table];
  const groups = new Map<string, SqlRow[]>();
  for (const row of rows) {
    const group = JSON.stringify([endOf(row, seconds), ...keys.map((key) => row[key])]);
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return [...groups.values()].map((group) => ({
    ...identity(group, keys, seconds),
    ...latencies(group),
    ...(table === "edges" ? edgeNumbers(group) : serviceNumbers(group)),
  }));
}

/** A row's timestamp is the end of its interval: one at a full minute belongs to the minute that it ends. */
const endOf = (row: SqlRow, seconds: number): number => {
  const unit = seconds * 1_000;
  return Math.ceil(Date.parse(String(row.timestamp)) / unit) * unit;
};

function identity(group: readonly SqlRow[], keys: readonly string[], seconds: number): InsertRow {
  const [first = {}] = group;
  return {
    timestamp: new Date(endOf(first, seconds)).toISOString(),
    ...Object.fromEntries(keys.map((key) => [key, first[key]])),
    interval_seconds: sum(group, "interval_seconds"),
    requests: sum(group, "requests"),
    errors: sum(group, "errors"),
    resolution_seconds: seconds,
  };
}

const edgeNumbers = (group: readonly SqlRow[]): InsertRow => ({ retries: sum(group, "retries") });

function serviceNumbers(group: readonly SqlRow[]): InsertRow {
  const requests = sum(group, "requests");
  const errors = sum(group, "errors");
  const seconds = sum(group, "interval_seconds");
  return {
    response_time: mean(group, "response_time", "requests"),
    throughput: requests === null || !seconds ? null : requests / seconds,
    error_rate: errors === null || !requests ? null : errors / requests,
    ...Object.fromEntries(
      ["cpu_usage", "memory_usage", "instances", "ready"].map((name) => [name, mean(group, name, "interval_seconds")]),
    ),
  };
}

function latencies(group: readonly SqlRow[]): InsertRow {
  const sketches = group.map((row) => row.sketch).filter((sketch) => sketch !== null && sketch !== undefined);
  if (sketches.length === 0) return { p50: null, p95: null, p99: null, sketch: null };
  const sketch = mergeHistograms(sketches as unknown as LatencyHistogram[]);
  const at = (q: number): number | null => rounded(quantileOf(sketch, q));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), sketch };
}

/** Microseconds are enough. */
const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 1_000) / 1_000);

const known = (group: readonly SqlRow[], name: string): number[] =>
  group.map((row) => row[name]).filter((value) => typeof value === "number");

function sum(group: readonly SqlRow[], name: string): number | null {
  const values = known(group, name);
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0);
}

/** Over the rows that know it; null when none does, or when all that do weigh nothing. */
function mean(group: readonly SqlRow[], name: string, weight: string): number | null {
  const rows = group.filter((row) => typeof row[name] === "number" && typeof row[weight] === "number");
  const total = sum(rows, weight) ?? 0;
  if (total <= 0) return null;
  return rows.reduce((all, row) => all + Number(row[name]) * Number(row[weight]), 0) / total;
}
