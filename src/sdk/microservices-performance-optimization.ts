// The facade that analyses all services, finds what holds them up and says what would help. It changes nothing yet.
import type { Bottleneck } from "../fujsen/performance-analysis/bottlenecks.js";
import type { Optimization } from "../fujsen/performance-analysis/optimizations.js";
import { type Outcome, outcomeOf } from "./outcome.js";
import { readPerformanceData } from "./performance-data.js";
import { plainObject, requireName, requireNames } from "./plain-input.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";

export interface PerformanceOptimizationInput {
  /** Default `1h`; `15m`, `24h`. */
  readonly period?: string;
  /** Default: all. */
  readonly services?: readonly string[];
}

export interface OptimizedMicroservicesPerformance {
  /** Number of services with a score. */
  readonly performanceAnalyzed: number;
  readonly bottlenecksIdentified: number;
  /** 0: applying is not built yet. */
  readonly optimizationsApplied: number;
  /** Highest impact first. */
  readonly bottlenecks: readonly Bottleneck[];
  /** What would relieve them, each with the model of its gain. */
  readonly optimizations: readonly Optimization[];
}

const notOptimized = {
  performanceAnalyzed: 0,
  bottlenecksIdentified: 0,
  optimizationsApplied: 0,
  bottlenecks: [],
  optimizations: [],
};

export class MicroservicesPerformanceOptimizationBestPractices {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** Codes: REQUEST_INVALID, UNKNOWN_SERVICE, DB_UNAVAILABLE, DB_TOO_MANY_ROWS: ask for a shorter period. */
  optimizeMicroservicesPerformance(
    data: PerformanceOptimizationInput = {},
  ): Promise<Outcome<OptimizedMicroservicesPerformance>> {
    return outcomeOf(async (course) => {
      const { period = "1h", services } = plainObject(data, "the data");
      requireName(period, "the period");
      if (services !== undefined) requireNames(services, "`services`");
      const control = await this.#link.control();
      const { rows, edges, objectives, capacity, reason } = await course.at("getMetrics", () =>
        readPerformanceData(control, period, services),
      );
      const found = await course.at("analyzeMicroservicesPerformanceMetrics", () =>
        this.#link.decide((fujsen) => {
          const analysis = fujsen.analyzeMicroservicesPerformanceMetrics(rows, edges, { objectives, capacity });
          const identified = fujsen.identifyMicroservicesPerformanceBottlenecks(analysis);
          const { optimizations } = fujsen.generateMicroservicesPerformanceOptimizations(identified);
          return { analysis, bottlenecks: identified.bottlenecks, optimizations };
        }),
      );
      const { analysis, bottlenecks, optimizations } = found;
      const scored = analysis.services.filter(({ score }) => score !== null).length;
      course.judge("performanceAnalyzed", scored > 0 || reason || "no request and no load is in the rows");
      course.notBuilt("optimizationsApplied", "applyOptimizations");
      return {
        performanceAnalyzed: scored,
        bottlenecksIdentified: bottlenecks.length,
        optimizationsApplied: 0,
        bottlenecks,
        optimizations,
      };
    }, notOptimized);
  }
}
