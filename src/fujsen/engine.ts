// The engine behind `fujsen`: every call is run through its record, and handed on as one.
import { type DecisionRecord, decide, type Replay, replay } from "./decision.js";
import type { DecisionFunctionName } from "./decision-functions.js";
import type { Insights } from "./insights.js";
import type { MetricsRow } from "./metrics-row.js";
import type { PerformanceAnalysis, PerformanceOptions } from "./performance.js";
import type { ProcessedMetrics } from "./process-metrics.js";

export interface EngineOptions {
  /** Called after each call with its record. */
  readonly onDecision?: (record: DecisionRecord) => void;
}

/** Older ones are forgotten: an engine may live as long as its process. */
const mostKept = 100;

export class MicroservicesIntelligence {
  readonly #onDecision: (record: DecisionRecord) => void;
  #decisions: DecisionRecord[] = [];

  constructor({ onDecision = () => {} }: EngineOptions = {}) {
    this.#onDecision = onDecision;
  }

  /** Metrics of any program, validated into rows in our units; problems instead of rows when something is wrong. */
  processMicroservicesMetrics(data: unknown): ProcessedMetrics {
    return this.#decide("processMicroservicesMetrics", [data]);
  }

  /** Score 0 to 100 for each service and for all; null with no data. The formula is in docs/analysis.md. */
  analyzeMicroservicesPerformance(rows: readonly MetricsRow[], options: PerformanceOptions = {}): PerformanceAnalysis {
    return this.#decide("analyzeMicroservicesPerformance", [rows, options]);
  }

  /** What an analysis means and what to do; empty lists when all is well. */
  generateMicroservicesInsights(analysis: PerformanceAnalysis): Insights {
    return this.#decide("generateMicroservicesInsights", [analysis]);
  }

  /** The last 100 calls, oldest first. */
  decisions(): readonly DecisionRecord[] {
    return [...this.#decisions];
  }

  /** Runs a recorded call again and says whether its output is identical. Not recorded itself; never throws. */
  replay(record: DecisionRecord): Replay {
    return replay(record);
  }

  #decide<Output>(name: DecisionFunctionName, inputs: readonly unknown[]): Output {
    const { output, record } = decide(name, inputs);
    this.#decisions = [...this.#decisions.slice(1 - mostKept), record];
    this.#onDecision(record);
    return output as Output;
  }
}
