// One row made safe to sum: whatever a counter reset, a clock that jumped or a damaged database put into it.
import type { MetricsRow } from "./metrics-row.js";

export interface CleanRow extends MetricsRow {
  /** Milliseconds since 1970; null when the timestamp is none. */
  readonly at: number | null;
  /** How many requests the row stands for; 0 when it measures none. */
  readonly weight: number;
  /** Failed requests of `weight`; null when not measured. */
  readonly failed: number | null;
  /** Values that were no measurement. */
  readonly ignored: number;
}

const longestInterval = 86_400;
const numbers = [
  ...(["responseTime", "throughput", "errorRate", "cpuUsage", "memoryUsage", "requests", "errors"] as const),
  ...(["p50", "p95", "p99", "instances", "ready"] as const),
];

/** Negative and not finite values (the differences of a counter that was reset) count as not measured. */
export function cleanRow(row: MetricsRow): CleanRow {
  const at = Date.parse(row.timestamp);
  // Every member by name and none by spread: a day has hundreds of thousands of rows, and spreads take ten times longer.
  const clean = {
    timestamp: row.timestamp,
    serviceId: row.serviceId,
    responseTime: measuredOrNull(row.responseTime),
    throughput: measuredOrNull(row.throughput),
    errorRate: measuredOrNull(row.errorRate),
    cpuUsage: measuredOrNull(row.cpuUsage),
    memoryUsage: measuredOrNull(row.memoryUsage),
    intervalSeconds: row.intervalSeconds > 0 ? Math.min(row.intervalSeconds, longestInterval) : 1,
    requests: measuredOrNull(row.requests),
    errors: measuredOrNull(row.errors),
    p50: measuredOrNull(row.p50),
    p95: measuredOrNull(row.p95),
    p99: measuredOrNull(row.p99),
    instances: measuredOrNull(row.instances),
    ready: measuredOrNull(row.ready),
    at: Number.isNaN(at) ? null : at,
    weight: 0,
    failed: null as number | null,
    ignored: countIgnored(row),
  };
  clean.weight = requestsOf(clean);
  clean.failed = failedOf(clean, clean.weight);
  return clean;
}

function measuredOrNull(value: number | null): number | null {
  return value !== null && value >= 0 && value < Number.POSITIVE_INFINITY ? value : null;
}

function countIgnored(row: MetricsRow): number {
  let ignored = 0;
  for (const name of numbers) {
    const value = row[name] ?? null;
    if (value !== null && measuredOrNull(value) === null) ignored++;
  }
  return ignored;
}

// A row with a latency or an error rate but no count stands for one request.
function requestsOf(row: MetricsRow): number {
  if (row.requests !== null) return row.requests;
  if (row.throughput !== null) return row.throughput * row.intervalSeconds;
  if (row.errors !== null) return Math.max(1, row.errors);
  const latency = row.responseTime ?? row.p50 ?? row.p95 ?? row.p99;
  return latency !== null || row.errorRate !== null ? 1 : 0;
}

function failedOf(row: MetricsRow, weight: number): number | null {
  if (weight <= 0) return null;
  if (row.errors !== null) return Math.min(row.errors, weight);
  return row.errorRate === null ? null : Math.min(1, row.errorRate) * weight;
}
