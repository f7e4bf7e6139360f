// Reads rows of TuskDB for FUJSEN and shapes what FUJSEN finds for the faces. All judgement is in fujsen/, and each is a
// decision that can be replayed.
import type { Clock } from "../../base/clock.js";
import { TuskError } from "../../base/errors.js";
import { decide } from "../../fujsen/decision.js";
import type { Insights } from "../../fujsen/insights.js";
import type { MetricsRow } from "../../fujsen/metrics-row.js";
import type { PerformanceAnalysis } from "../../fujsen/performance.js";
import { processMicroservicesMetrics } from "../../fujsen/process-metrics.js";
import type { AppSpec } from "../../model/app-spec.js";
import { uuidv7 } from "../../system/clock.js";
import type { Machine } from "../../system/machine.js";
import type { Database } from "../../tuskdb/database.js";
import type { DecisionRecord, PerformanceReport, StoredMetrics } from "../data-access.js";
import { toCapacity } from "./capacity.js";
import { parsePeriod } from "./period.js";
import { type RowsQuery, readEdges, readMetrics, rowLimit, toStoredRow } from "./stored-rows.js";

export interface AnalystOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly spec: () => AppSpec;
  readonly machine: () => Machine;
  /** Why nothing is measured, when a setting says so. */
  readonly monitoringOff: () => boolean;
}

export interface Analysed {
  readonly report: PerformanceReport;
  /** What FUJSEN decided on the way, for the table of decisions. */
  readonly decisions: readonly DecisionRecord[];
}

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
    const { ids } = await this.#options.database.insertMany("microservices_metrics", processed.rows.map(toStoredRow));
    return { stored: ids.length, storageId: ids.at(-1) ?? "", notes: processed.notes };
  }

  /** Of the newest 200,000 rows of the period; the report's `from` says where those begin. */
  async analyze(period: string, services?: readonly string[]): Promise<Analysed> {
    const { clock, database, monitoringOff } = this.#options;
    const to = clock.now();
    const query: RowsQuery = { from: to - parsePeriod(period), to, ...(services ? { services } : {}) };
    // What was measured before the setting was switched off says nothing of now.
    const isOff = monitoringOff();
    const rows = isOff ? [] : await readMetrics(database, query);
    const edges = isOff ? [] : await readEdges(database, query);
    const decisions: DecisionRecord[] = [];
    const judge = <Output>(name: string, inputs: readonly unknown[]): Output => {
      const { output, record } = decide(name, inputs);
      decisions.push({ ...record, id: uuidv7(to), at: new Date(to).toISOString() });
      return output as Output;
    };
    const analysis = judge<PerformanceAnalysis>("analyzeMicroservicesPerformance", [rows, { ...this.#known(), edges }]);
    const insights = judge<Insights>("generateMicroservicesInsights", [analysis]);
    const report: PerformanceReport = {
      period,
      from: firstOf(rows) ?? new Date(query.from).toISOString(),
      to: new Date(to).toISOString(),
      metricsAnalyzed: rows.length,
      performanceScore: analysis.score,
      services: analysis.services,
      edges: analysis.edges,
      insights,
      recommendations: insights.recommendations,
      noData: analysis.score === null ? whyNoData(rows.length, isOff) : null,
    };
    return { report, decisions };
  }

  #known() {
    const { spec, machine } = this.#options;
    const { services } = spec();
    return {
      objectives: Object.fromEntries(services.map(({ name, slo }) => [name, slo])),
      capacity: toCapacity({ services }, machine()),
    };
  }
}

/** Where rows had to be left out, the time of the oldest that was not. */
function firstOf(rows: readonly MetricsRow[]): string | null {
  return rows.length < rowLimit ? null : (rows.at(-1)?.timestamp ?? null);
}

function whyNoData(rows: number, monitoringOff: boolean): string {
  if (rows > 0) return "there are rows, but no request and no load in them";
  return monitoringOff ? "MONITORING_ENABLED is off: nothing is measured" : "no row falls into this period";
}
