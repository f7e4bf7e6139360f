// What the performance analyses are given, checked and put in one order, so that the order of rows never shows.
import { TuskError } from "../../base/errors.js";
import type { EdgeRow, MetricsRow, Objective } from "../metrics-row.js";

/** Rows in one order. Throws REQUEST_INVALID for what is no list of rows with a service and a readable timestamp. */
export function orderedRows(rows: readonly MetricsRow[]): MetricsRow[] {
  return ordered(rows, "rows", ["serviceId"]).map((row) => {
    const fields = Object.entries(row).map(([name, value]) => [name, isMeasurable(name, value) ? value : Number.NaN]);
    return Object.fromEntries(fields) as MetricsRow;
  });
}

/** Beyond these a number is a mistake, and sums of it would overflow: it counts as ignored, like a negative one. */
const largest = 1e15;
const shortestInterval = 0.001;

function isMeasurable(name: string, value: unknown): boolean {
  if (typeof value !== "number") return true;
  return value <= largest && (name !== "intervalSeconds" || value >= shortestInterval);
}

/** Edges in one order; a number that is no measurement is null. Throws REQUEST_INVALID like orderedRows. */
export function orderedEdges(edges: readonly EdgeRow[]): EdgeRow[] {
  return ordered(edges, "edges", ["caller", "callee"]).map((edge) => ({
    ...edge,
    requests: measured(edge.requests),
    errors: measured(edge.errors),
    p50: measured(edge.p50),
    p95: measured(edge.p95),
    p99: measured(edge.p99),
  }));
}

/** Throws REQUEST_INVALID for an objective out of range. */
export function checkObjective({ latencyMs = 1, percentile = 95, availability = 0.99 }: Objective): void {
  if (!(latencyMs > 0 && Number.isFinite(latencyMs))) throw invalid(`latencyMs is ${latencyMs}, not above 0`);
  if (!(percentile > 0 && percentile <= 100)) throw invalid(`percentile is ${percentile}, not from 0 to 100`);
  if (!(availability >= 0 && availability <= 1)) throw invalid(`availability is ${availability}, not from 0 to 1`);
}

export const invalid = (message: string): TuskError => new TuskError("REQUEST_INVALID", message);

function ordered<Row extends { readonly timestamp: string }>(
  rows: readonly Row[],
  what: string,
  names: readonly (keyof Row)[],
): Row[] {
  if (!Array.isArray(rows)) throw invalid(`the ${what} are not a list`);
  const keyed = (rows as readonly Row[]).map((row, index) => {
    const isRow = typeof row === "object" && row !== null && names.every((name) => typeof row[name] === "string");
    if (!isRow) throw invalid(`entry ${index} of the ${what} lacks ${names.join(" or ")}`);
    const at = Date.parse(row.timestamp);
    if (Number.isNaN(at)) throw invalid(`entry ${index} of the ${what} has no readable timestamp`);
    return { at, key: JSON.stringify(Object.entries(row).sort(([left], [right]) => (left < right ? -1 : 1))), row };
  });
  return keyed
    .sort((left, right) => left.at - right.at || (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ row }) => row);
}

const measured = (value: number | null): number | null =>
  typeof value === "number" && value >= 0 && value <= largest ? value : null;
