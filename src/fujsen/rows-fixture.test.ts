// Rows of a healthy service, to be made worse by the tests.
import type { MetricsRow } from "./metrics-row.js";

const start = Date.parse("2026-01-01T10:00:00.000Z");

export function row(second: number, change: Partial<MetricsRow> = {}): MetricsRow {
  return {
    timestamp: new Date(start + second * 1000).toISOString(),
    serviceId: "users",
    responseTime: 20,
    throughput: 50,
    errorRate: 0,
    cpuUsage: 0.2,
    memoryUsage: 1e8,
    intervalSeconds: 1,
    requests: 50,
    errors: 0,
    p50: 15,
    p95: 40,
    p99: 80,
    instances: 2,
    ready: 2,
    ...change,
  };
}

export function minuteOf(serviceId: string, change: Partial<MetricsRow> = {}): MetricsRow[] {
  return Array.from({ length: 60 }, (_, second) => row(second, { serviceId, ...change }));
}
