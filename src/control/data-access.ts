// What the controller's faces may ask of TuskDB and of the analysis: the second half of the control plane's contract.
import type { TuskEvent } from "../base/event.js";
import type { Insights, Recommendation } from "../fujsen/insights.js";
import type { EdgePerformance, ServicePerformance } from "../fujsen/performance.js";
import type { SqlRow, SqlValue } from "../tuskdb/database.js";

export type { SqlRow, SqlValue };

export interface QueryOptions {
  /** Default false: a statement that writes is refused with DB_READ_ONLY. */
  readonly write?: boolean;
}

/** One service now: the last whole second. */
export interface LiveMetrics {
  readonly service: string;
  readonly instances: number;
  readonly ready: number;
  /** Requests per second. */
  readonly throughput: number;
  /** 0 to 1; null without requests. */
  readonly errorRate: number | null;
  /** Milliseconds over the last minute; null without requests. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Since the controller began to watch. */
  readonly requests: number;
  readonly errors: number;
  /** Cores. */
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
}

export interface StoredMetrics {
  readonly stored: number;
  /** Id of the (last) row. */
  readonly storageId: string;
  /** What was understood differently from how it was written. */
  readonly notes: readonly string[];
}

/** Plain JSON of fujsen/performance and fujsen/insights, with where it comes from. */
export interface PerformanceReport {
  readonly period: string;
  readonly from: string;
  readonly to: string;
  /** Rows analysed. */
  readonly metricsAnalyzed: number;
  /** 0 to 100; null with no data. */
  readonly performanceScore: number | null;
  /** Worst score first; services without a score last. */
  readonly services: readonly ServicePerformance[];
  /** Calls of one service to another, most requests first. */
  readonly edges: readonly EdgePerformance[];
  readonly insights: Insights;
  readonly recommendations: readonly Recommendation[];
  /** Why there is no score, when there is none. */
  readonly noData: string | null;
}

/** Plain JSON of fujsen/decision, with the id and time under which TuskDB keeps it. */
export interface DecisionRecord {
  readonly id: string;
  readonly at: string;
  readonly function: string;
  readonly version: string;
  readonly inputs: readonly unknown[];
  readonly output: unknown;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface DataAccess {
  /** Throws DB_* codes. */
  query(sql: string, params?: readonly SqlValue[], options?: QueryOptions): Promise<readonly SqlRow[]>;
  insert(
    table: string,
    rows: readonly SqlRow[],
  ): Promise<{ readonly inserted: number; readonly ids: readonly string[] }>;
  /** One object or many with the seven documented fields. Throws REQUEST_INVALID with every problem. */
  storeMetrics(data: unknown): Promise<StoredMetrics>;
  /** `15m`, `24h`, `7d`. Throws REQUEST_INVALID. */
  analyze(period: string, services?: readonly string[]): Promise<PerformanceReport>;
  live(): readonly LiveMetrics[];
  /** Prometheus text format. */
  prometheus(): Promise<string>;
  recordDecisions(records: readonly DecisionRecord[]): Promise<void>;
  decisions(limit?: number): Promise<readonly DecisionRecord[]>;
  /** Resolves true when the first sample of the service has been stored; false at the limit. */
  awaitSample(service: string, timeoutMs: number): Promise<boolean>;
  importEvents(events: readonly TuskEvent[]): Promise<void>;
}
