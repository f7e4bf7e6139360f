// Rows of TuskDB as FUJSEN reads and writes them: the SQL, and the names on either side.
import type { EdgeRow, MetricsRow } from "../../fujsen/metrics-row.js";
import type { Database } from "../../tuskdb/database.js";
import type { SqlRow } from "../data-access.js";

export interface RowsQuery {
  /** Milliseconds since 1970, both included. */
  readonly from: number;
  readonly to: number;
  /** Default: all. */
  readonly services?: readonly string[];
}

/** More than a day of forty services, once what is older than an hour is rolled up. Beyond it the oldest are left out. */
export const rowLimit = 200_000;
const limits = { maxRows: rowLimit };

const metricsColumns = `timestamp, service_id, response_time, throughput, error_rate, cpu_usage, memory_usage,
  interval_seconds, requests, errors, p50, p95, p99, instances, ready`;
const edgeColumns = "timestamp, caller, callee, requests, errors, p50, p95, p99";

/** Newest first. */
export async function readMetrics(database: Database, query: RowsQuery): Promise<MetricsRow[]> {
  const [where, params] = conditions(query, ["service_id"]);
  const sql = `SELECT ${metricsColumns} FROM microservices_metrics ${where}`;
  return (await database.queryReadOnly(sql, params, limits)).map(toMetricsRow);
}

/** Of the calls that a service makes and of those to it; newest first. */
export async function readEdges(database: Database, query: RowsQuery): Promise<EdgeRow[]> {
  const [where, params] = conditions(query, ["caller", "callee"]);
  return (await database.queryReadOnly(`SELECT ${edgeColumns} FROM edges ${where}`, params, limits)).map(toEdgeRow);
}

function conditions({ from, to, services }: RowsQuery, names: readonly string[]): [string, readonly string[]] {
  const params = [new Date(from).toISOString(), new Date(to).toISOString(), ...(services ?? [])];
  const list = services?.map((_, index) => `$${index + 3}`).join(", ");
  // An empty list is no SQL, and means none.
  const named = list === "" ? "FALSE" : names.map((name) => `${name} IN (${list})`).join(" OR ");
  const only = services === undefined ? "" : ` AND (${named})`;
  return [`WHERE timestamp >= $1 AND timestamp <= $2${only} ORDER BY timestamp DESC LIMIT ${rowLimit}`, params];
}

const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

export function toMetricsRow(row: SqlRow): MetricsRow {
  return {
    timestamp: String(row.timestamp),
    serviceId: String(row.service_id),
    responseTime: number(row.response_time),
    throughput: number(row.throughput),
    errorRate: number(row.error_rate),
    cpuUsage: number(row.cpu_usage),
    memoryUsage: number(row.memory_usage),
    intervalSeconds: number(row.interval_seconds) ?? 1,
    requests: number(row.requests),
    errors: number(row.errors),
    p50: number(row.p50),
    p95: number(row.p95),
    p99: number(row.p99),
    instances: number(row.instances),
    ready: number(row.ready),
  };
}

export function toEdgeRow(row: SqlRow): EdgeRow {
  return {
    timestamp: String(row.timestamp),
    caller: String(row.caller),
    callee: String(row.callee),
    requests: number(row.requests),
    errors: number(row.errors),
    p50: number(row.p50),
    p95: number(row.p95),
    p99: number(row.p99),
  };
}

export function toStoredRow(row: MetricsRow): SqlRow {
  return {
    timestamp: row.timestamp,
    service_id: row.serviceId,
    response_time: row.responseTime,
    throughput: row.throughput,
    error_rate: row.errorRate,
    cpu_usage: row.cpuUsage,
    memory_usage: row.memoryUsage,
    interval_seconds: row.intervalSeconds,
    requests: row.requests,
    errors: row.errors,
    p50: row.p50,
    p95: row.p95,
    p99: row.p99,
    instances: row.instances,
    ready: row.ready,
  };
}
