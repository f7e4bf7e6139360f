// The facade that stores measurements of one's own and analyses what is stored.
import { type Insights, insightsVersion, type Recommendation } from "../fujsen/insights.js";
import type { ServicePerformance } from "../fujsen/performance.js";
import { type Outcome, outcomeOf } from "./outcome.js";
import { plainInput, requireName } from "./plain-input.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";

interface Measurement {
  /** A Date, ISO 8601, or milliseconds since 1970. */
  readonly timestamp: Date | string | number;
  /** Milliseconds. */
  readonly response_time?: number | null;
  readonly responseTime?: number | null;
  /** Requests per second. */
  readonly throughput?: number | null;
  /** 0 to 1. */
  readonly error_rate?: number | null;
  readonly errorRate?: number | null;
  /** Cores. */
  readonly cpu_usage?: number | null;
  readonly cpuUsage?: number | null;
  /** Bytes. */
  readonly memory_usage?: number | null;
  readonly memoryUsage?: number | null;
  readonly [field: string]: unknown;
}

/**
 * Names as in the table, or the same in camelCase. Missing or null: not measured. Further columns of the table may be
 * given by their names.
 */
export type MicroservicesMetrics = Measurement & ({ readonly service_id: string } | { readonly serviceId: string });

export interface StoredMicroservicesMetrics {
  readonly metricsStored: boolean;
  /** Id of the last row, UUIDv7. */
  readonly storageId: string;
  /** What was understood differently from how it was written. */
  readonly notes: readonly string[];
}

export interface AnalyzedMicroservicesPerformance {
  /** Number of rows analysed. */
  readonly metricsAnalyzed: number;
  /** 0 to 100; null with no data. */
  readonly performanceScore: number | null;
  /** What is behind the score, service by service; worst first. */
  readonly services: readonly ServicePerformance[];
  readonly insights: Insights;
  readonly optimizationRecommendations: readonly Recommendation[];
  /** Why there is no score; null when there is one. */
  readonly noData: string | null;
}

const notStored = { metricsStored: false, storageId: "", notes: [] };
const notAnalyzed = {
  metricsAnalyzed: 0,
  performanceScore: null,
  services: [],
  insights: { version: insightsVersion, summary: "nothing was analysed", insights: [], recommendations: [] },
  optimizationRecommendations: [],
  noData: "the analysis failed",
};

export class MicroservicesTuskDBIntegration {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** One object or many, all or none. Codes: REQUEST_INVALID with every problem, DB_UNAVAILABLE, DB_FULL. */
  storeMicroservicesMetrics(
    data: MicroservicesMetrics | readonly MicroservicesMetrics[],
  ): Promise<Outcome<StoredMicroservicesMetrics>> {
    return outcomeOf(async (course) => {
      const rows = plainInput(data, "the metrics");
      const control = await this.#link.control();
      const { stored, storageId, notes } = await course.at("storeMetrics", () => control.data.storeMetrics(rows));
      const metricsStored = course.judge("metricsStored", stored > 0 || "there was no row to store");
      return { metricsStored, storageId, notes };
    }, notStored);
  }

  /** Everything of the last `period` (default `24h`; `15m`, `7d`). Code: REQUEST_INVALID. */
  analyzeMicroservicesPerformance(period = "24h"): Promise<Outcome<AnalyzedMicroservicesPerformance>> {
    return outcomeOf(async (course) => {
      requireName(period, "the period");
      const control = await this.#link.control();
      const report = await course.at("analyze", () => control.data.analyze(period));
      const { metricsAnalyzed, performanceScore, services, insights, recommendations, noData } = report;
      return {
        metricsAnalyzed,
        performanceScore,
        services,
        insights,
        optimizationRecommendations: recommendations,
        noData,
      };
    }, notAnalyzed);
  }
}
