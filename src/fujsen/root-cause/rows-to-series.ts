// TuskDB's rows as series: one for each service (or pair of services) and metric.
import type { EdgeRow, MetricsRow } from "../metrics-row.js";
import type { FailureMetric, FailureSeries } from "./failure-data.js";

interface SeriesUnderWay {
  readonly service: string;
  readonly caller?: string;
  readonly metric: FailureMetric;
  /** A row that is there twice counts once, the last one. */
  readonly points: Map<number, number | null>;
}

const metricOfRow: readonly (readonly [FailureMetric, (row: MetricsRow) => number | null])[] = [
  ["latency", (row) => row.responseTime ?? row.p50],
  ["errorRate", (row) => row.errorRate ?? shareOf(row.errors, row.requests)],
  ["requests", (row) => row.requests ?? product(row.throughput, row.intervalSeconds)],
  ["cpu", (row) => row.cpuUsage],
  ["memory", (row) => row.memoryUsage],
];

const metricOfEdge: readonly (readonly [FailureMetric, (edge: EdgeRow) => number | null])[] = [
  ["latency", (edge) => edge.p50],
  ["errorRate", (edge) => shareOf(edge.errors, edge.requests)],
  ["requests", (edge) => edge.requests],
];

/** Rows without a readable time are left out. */
export function rowsToSeries(rows: readonly MetricsRow[], edges: readonly EdgeRow[]): FailureSeries[] {
  const found = new Map<string, SeriesUnderWay>();
  for (const row of rows) {
    for (const [metric, read] of metricOfRow) {
      addPoint(found, { service: row.serviceId, metric }, row.timestamp, read(row));
    }
  }
  for (const edge of edges) {
    for (const [metric, read] of metricOfEdge) {
      addPoint(found, { service: edge.callee, caller: edge.caller, metric }, edge.timestamp, read(edge));
    }
  }
  return [...found.values()].map(({ points, ...series }) => ({
    ...series,
    timestamps: [...points.keys()],
    values: [...points.values()],
  }));
}

function addPoint(
  found: Map<string, SeriesUnderWay>,
  about: Omit<SeriesUnderWay, "points">,
  timestamp: string,
  value: number | null,
): void {
  const at = Date.parse(timestamp);
  if (Number.isNaN(at)) return;
  const key = JSON.stringify([about.service, about.caller, about.metric]);
  const series = found.get(key) ?? { ...about, points: new Map() };
  found.set(key, series);
  series.points.set(at, value);
}

const shareOf = (errors: number | null, requests: number | null): number | null =>
  errors === null || !requests ? null : errors / requests;

const product = (left: number | null, right: number | null): number | null =>
  left === null || right === null ? null : left * right;
