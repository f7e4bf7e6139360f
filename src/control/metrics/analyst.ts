// Reads rows of TuskDB for FUJSEN and shapes what FUJSEN finds for the faces. All judgement is in fujsen/; here is the
// SQL and the mapping of names.
import type { Clock } from "../../base/clock.js";
import { TuskError } from "../../base/errors.js";
import { generateMicroservicesInsights } from "../../fujsen/insights.js";
import type { MetricsRow } from "../../fujsen/metrics-row.js";
import { analyzeMicroservicesPerformance } from "../../fujsen/performance.js";
import { processMicroservicesMetrics } from "../../fujsen/process-metrics.js";
import type { AppSpec } from "../../model/app-spec.js";
import type { Database } from "../../tuskdb/database.js";
import type { PerformanceReport, SqlRow, StoredMetrics } from "../data-access.js";
import { parsePeriod } from "./period.js";

export interface AnalystOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly spec: () => AppSpec;
  /** Why nothing is measured, when a setting says so. */
  readonly monitoringOff: () => boolean;
}

/** More rows than a day of ten services, once the first hour is rolled up. */
const rowLimit = 500_000;

export class Analyst {
  readonly #options: AnalystOptions;

  constructor(options: AnalystOptions) {
    this.#options = options;
  }

  /** Throws REQUEST_INVALID with every problem; stores all or nothing. */
  async store(data: unknown): Promise<StoredMetrics> {
    const processed = processMicroservicesMetrics(data);
    if (!processed.ok) {
      throw new TuskError("REQUEST_INVALID", "the metrics cannot be stored", { problems: processed.problems });
    }
    const { ids } = await this.#options.database.insertMany("microservices_metrics", processed.rows.map(toRow));
    return { stored: ids.length, storageId: ids.at(-1) ?? "", notes: processed.notes };
  }

  async analyze(period: string, services?: readonly string[]): Promise<PerformanceReport> {
    const to = this.#options.clock.now();
    const from = to - parsePeriod(period);
    const rows = await this.#read(from, to, services);
    const { spec, monitoringOff } = this.#options;
    const objectives = Object.fromEntries(spec().services.map(({ name, slo }) => [name, slo]));
    const analysis = analyzeMicroservicesPerformance(rows, { objectives });
    const insights = generateMicroservicesInsights(analysis);
    return {
      period,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      metricsAnalyzed: rows.length,
      performanceScore: analysis.score,
      services: analysis.services,
      insights,
      recommendations: insights.recommendations,
      noData: analysis.score === null ? whyNoData(rows.length, monitoringOff()) : null,
    };
  }

  async #read(from: number, to: number, services?: readonly string[]): Promise<MetricsRow[]> {
    const rows = await this.#options.database.query(
      `SELECT timestamp, service_id, response_time, throughput, error_rate, cpu_usage, memory_usage,
              interval_seconds, requests, errors, p50, p95, p99, instances, ready
         FROM microservices_metrics
        WHERE timestamp >= $1 AND timestamp <= $2
        ORDER BY timestamp LIMIT ${rowLimit}`,
      [new Date(from).toISOString(), new Date(to).toISOString()],
    );
    const wanted = services && new Set(services);
    return (rows as readonly SqlRow[]).map(fromRow).filter((row) => !wanted || wanted.has(row.serviceId));
  }
}

function whyNoData(rows: number, monitoringOff: boolean): string {
  if (rows > 0) return "there are rows, but no request and no load in them";
  return monitoringOff ? "MONITORING_ENABLED is off: nothing is measured" : "no row falls into this period";
}

const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

function fromRow(row: SqlRow): MetricsRow {
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

function toRow(row: MetricsRow): SqlRow {
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
