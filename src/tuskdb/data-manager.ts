// What people ask of the stored past: series, edges, events, decisions, each as one statement. Reads only.
import { TuskError } from "../base/errors.js";
import type { Reader, SqlRow } from "./database.js";
import { metricsTable } from "./schema.js";
import { quoteName } from "./sql-names.js";

/** From the first instant on, up to but without the second: ISO 8601, a Date, or milliseconds since 1970. */
export interface TimeRange {
  readonly from: string | Date | number;
  readonly to: string | Date | number;
}

/** Mean over time, or what follows from the counts; the highest percentile of the step's rows. */
const metricSql = {
  response_time:
    "sum(response_time * requests) / nullif(sum(CASE WHEN response_time IS NULL THEN 0 ELSE requests END), 0)",
  throughput: "sum(requests) / nullif(sum(interval_seconds), 0)",
  error_rate: "sum(errors) * 1.0 / nullif(sum(requests), 0)",
  cpu_usage: "avg(cpu_usage)",
  memory_usage: "avg(memory_usage)",
  requests: "sum(requests)",
  errors: "sum(errors)",
  p50: "max(p50)",
  p95: "max(p95)",
  p99: "max(p99)",
  instances: "avg(instances)",
  ready: "avg(ready)",
} as const;

/** Where a row was stored by hand it has neither requests nor interval: its own value is the best there is. */
const fallback: Partial<Record<Metric, string>> = {
  response_time: "avg(response_time)",
  throughput: "avg(throughput)",
  error_rate: "avg(error_rate)",
};

export type Metric = keyof typeof metricSql;
export const metrics = Object.keys(metricSql) as readonly Metric[];

export interface SeriesQuery extends TimeRange {
  readonly service: string;
  readonly metric: Metric;
  /** Seconds, 1 or more. */
  readonly stepSeconds: number;
}

export interface SeriesPoint {
  /** Start of the step, ISO 8601. */
  readonly at: string;
  /** Null when nothing was measured in the step. */
  readonly value: number | null;
}

export interface PageQuery extends Partial<TimeRange> {
  /** Default 1,000, at most 100,000. */
  readonly limit?: number;
}

export interface EventQuery extends PageQuery {
  readonly service?: string;
  readonly kind?: string;
  readonly level?: string;
}

const longestSeries = 50_000;

/** Every step of the range has a point, a gap too. Throws REQUEST_INVALID. */
export async function readSeries(database: Reader, query: SeriesQuery): Promise<readonly SeriesPoint[]> {
  const { from, to } = toRange(query);
  const stepMs = query.stepSeconds * 1_000;
  const count = Math.ceil((to - from) / stepMs);
  if (!(query.stepSeconds >= 1) || !(count <= longestSeries))
    throw new TuskError("REQUEST_INVALID", `a series has steps of 1 s or more, and at most ${longestSeries} of them`);
  const rows = await database.queryReadOnly(seriesSql(query.metric), [
    query.service,
    new Date(from),
    new Date(to),
    from / 1_000,
    query.stepSeconds,
  ]);
  const values = new Map(rows.map((row) => [Number(row.step), row.value]));
  return Array.from({ length: count }, (_, step) => {
    const value = values.get(step);
    return { at: new Date(from + step * stepMs).toISOString(), value: typeof value === "number" ? value : null };
  });
}

function seriesSql(metric: Metric): string {
  // A name such as `constructor` is a member of every object.
  const own = Object.hasOwn(metricSql, metric) ? metricSql[metric] : undefined;
  if (own === undefined)
    throw new TuskError("REQUEST_INVALID", `there is no metric "${String(metric)}"`, { hint: metrics.join(", ") });
  const value = fallback[metric] ? `coalesce(${own}, ${fallback[metric]})` : own;
  return (
    "SELECT CAST(floor((CAST(extract(epoch FROM timestamp) AS DOUBLE PRECISION) - $4) / $5) AS INTEGER) AS step, " +
    `CAST(${value} AS DOUBLE PRECISION) AS value FROM ${metricsTable} ` +
    "WHERE service_id = $1 AND timestamp >= $2 AND timestamp < $3 GROUP BY 1"
  );
}

/** Who called whom in the range: one row for each pair, its counts summed. */
export async function readEdges(database: Reader, range: TimeRange): Promise<readonly SqlRow[]> {
  const { from, to } = toRange(range);
  return database.queryReadOnly(
    "SELECT caller, callee, sum(requests) AS requests, sum(errors) AS errors, sum(retries) AS retries, " +
      "max(p50) AS p50, max(p95) AS p95, max(p99) AS p99 FROM edges WHERE timestamp >= $1 AND timestamp < $2 " +
      "GROUP BY caller, callee ORDER BY caller, callee",
    [new Date(from), new Date(to)],
  );
}

/** Newest first. */
export function readEvents(
  database: Reader,
  { service, kind, level, ...page }: EventQuery = {},
): Promise<readonly SqlRow[]> {
  return readPage(database, "events", page, { service, kind, level });
}

/** Newest first. */
export function readDecisions(
  database: Reader,
  { function: name, ...page }: PageQuery & { readonly function?: string } = {},
): Promise<readonly SqlRow[]> {
  return readPage(database, "decisions", page, { function: name });
}

async function readPage(
  database: Reader,
  table: string,
  { from, to, limit = 1_000 }: PageQuery,
  equals: Readonly<Record<string, string | undefined>>,
): Promise<readonly SqlRow[]> {
  const params: unknown[] = [];
  const conditions: string[] = [];
  const add = (condition: string, value: unknown): void => {
    if (value !== undefined) conditions.push(`${condition} $${params.push(value)}`);
  };
  add("timestamp >=", from === undefined ? undefined : new Date(toMs(from)));
  add("timestamp <", to === undefined ? undefined : new Date(toMs(to)));
  for (const [name, value] of Object.entries(equals)) add(`${quoteName(name)} =`, value);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const rows = Math.min(100_000, Math.max(0, Math.trunc(limit)));
  return database.queryReadOnly(
    `SELECT * FROM ${table} ${where} ORDER BY timestamp DESC, id DESC LIMIT ${rows}`,
    params,
  );
}

function toRange({ from, to }: TimeRange): { readonly from: number; readonly to: number } {
  const range = { from: toMs(from), to: toMs(to) };
  if (range.from >= range.to) throw new TuskError("REQUEST_INVALID", "the range ends before it begins");
  return range;
}

function toMs(time: unknown): number {
  // Null and booleans would be taken for 1970.
  const isTime = typeof time === "string" || typeof time === "number" || time instanceof Date;
  const ms = isTime ? new Date(time).getTime() : Number.NaN;
  if (Number.isNaN(ms)) throw new TuskError("REQUEST_INVALID", `"${String(time).slice(0, 40)}" is no time`);
  return ms;
}
