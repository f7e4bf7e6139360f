// The engine behind `fujsen`: every call is run through its record, and handed on as one.
import type { AnomalyOptions, AnomalyReport } from "./anomaly/detect-anomalies.js";
import type { ArchitectureAnalysis } from "./architecture/analyze-architecture.js";
import type { ArchitectureInput } from "./architecture/input.js";
import type { ArchitectureOptimizations } from "./architecture/optimizations.js";
import type { PrioritizedOptimizations } from "./architecture/priorities.js";
import type { ArchitectureStrategies } from "./architecture/strategies.js";
import type { ScalingOptions, ScalingRecommendations } from "./capacity/scaling-recommendations.js";
import { type DecisionRecord, decide, type Replay, replay } from "./decision.js";
import type { DecisionFunctionName } from "./decision-functions.js";
import type { DemandOptions, DemandPredictions } from "./forecast/demands.js";
import type { DemandHistory, UsageOptions, UsagePatterns } from "./forecast/usage-patterns.js";
import type { Insights } from "./insights.js";
import type { EdgeRow, MetricsRow } from "./metrics-row.js";
import type { OptimalRouting } from "./optimal-routing.js";
import type { PerformanceAnalysis, PerformanceOptions } from "./performance.js";
import type {
  PerformanceMetricsAnalysis,
  PerformanceMetricsOptions,
  ServicePerformanceAnalysis,
  ServicePerformanceOptions,
} from "./performance-analysis/analysis.js";
import type { Bottlenecks } from "./performance-analysis/bottlenecks.js";
import type { Optimizations } from "./performance-analysis/optimizations.js";
import type { ProcessedMetrics } from "./process-metrics.js";
import type { FailureAnalysis, FailureData } from "./root-cause/analyze-failures.js";
import type { RecoveryOptions, RecoveryStrategies } from "./root-cause/recovery-strategies.js";
import type { RouteAnalysis, RouteServiceInput } from "./route-requirements.js";
import type { ServiceArchitecture } from "./service-architecture.js";
import type { ServiceFacts, ServiceMetadata } from "./service-metadata.js";
import type { ServiceConfigInput, ServiceRequirements } from "./service-requirements.js";

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

  /** What a service needs beside itself, with the variable that configures each. */
  analyzeServiceRequirements(config: ServiceConfigInput): ServiceRequirements {
    return this.#decide("analyzeServiceRequirements", [config]);
  }

  /** What a service is made of. */
  generateServiceArchitecture(requirements: ServiceRequirements): ServiceArchitecture {
    return this.#decide("generateServiceArchitecture", [requirements]);
  }

  /** What is known of the traffic that services expect at the gateway. */
  analyzeRouteRequirements(config: { readonly services: readonly RouteServiceInput[] }): RouteAnalysis {
    return this.#decide("analyzeRouteRequirements", [config]);
  }

  /** Routes, each choice with its reason. */
  generateOptimalRouting(analysis: RouteAnalysis): OptimalRouting {
    return this.#decide("generateOptimalRouting", [analysis]);
  }

  /** What the registry may say of a service; what is not known stays null. */
  generateServiceMetadata(facts: ServiceFacts): ServiceMetadata {
    return this.#decide("generateServiceMetadata", [facts]);
  }

  /**
   * The likeliest causes of a failure, or that nothing is wrong, or that too little is known. Throws REQUEST_INVALID
   * for data that cannot be read. The method is in docs/fujsen/root-cause.md.
   */
  analyzeServiceFailures(data: FailureData): FailureAnalysis {
    return this.#decide("analyzeServiceFailures", [data]);
  }

  /** What can be done about it, best first, each with precondition, effect, risk and undo; empty without a fault. */
  determineServiceRecoveryStrategies(analysis: FailureAnalysis, options: RecoveryOptions = {}): RecoveryStrategies {
    return this.#decide("determineServiceRecoveryStrategies", [analysis, options]);
  }

  /** Level, growth, seasons and bursts of each service's demand; what cannot be analysed is refused with its reason. */
  analyzeMicroservicesUsagePatterns(history: DemandHistory, options: UsageOptions = {}): UsagePatterns {
    return this.#decide("analyzeMicroservicesUsagePatterns", [history, options]);
  }

  /**
   * Episodes in which a service's requests were not as they usually are, with start, end and reason; what cannot be
   * judged is refused with its reason. Throws REQUEST_INVALID for its options. The method is in docs/fujsen/anomaly.md.
   */
  detectMicroservicesAnomalies(history: DemandHistory, options: AnomalyOptions = {}): AnomalyReport {
    return this.#decide("detectMicroservicesAnomalies", [history, options]);
  }

  /** Demand to come with intervals, and what the method missed in backtests. Throws REQUEST_INVALID for its options. */
  predictMicroservicesDemands(patterns: UsagePatterns, options: DemandOptions = {}): DemandPredictions {
    return this.#decide("predictMicroservicesDemands", [patterns, options]);
  }

  /**
   * Replicas of each service, now and hour by hour, with the model behind them; no number where the service time is not
   * known. Throws REQUEST_INVALID for settings out of range. The method is in docs/fujsen/capacity.md.
   */
  generateMicroservicesScalingRecommendations(
    predictions: DemandPredictions,
    options: ScalingOptions = {},
  ): ScalingRecommendations {
    return this.#decide("generateMicroservicesScalingRecommendations", [predictions, options]);
  }

  /**
   * Score, error budget, load and waiting of the one service that the rows are of. Throws REQUEST_INVALID for what cannot
   * be read. The method is in docs/fujsen/performance.md.
   */
  analyzeServicePerformance(
    rows: readonly MetricsRow[],
    options: ServicePerformanceOptions = {},
  ): ServicePerformanceAnalysis {
    return this.#decide("analyzeServicePerformance", [rows, options]);
  }

  /** What would help one service, with the gain that a model predicts; empty when nothing is wrong. */
  identifyServiceOptimizations(analysis: ServicePerformanceAnalysis): Optimizations {
    return this.#decide("identifyServiceOptimizations", [analysis]);
  }

  /** The same for all services and the calls between them. Throws REQUEST_INVALID for what cannot be read. */
  analyzeMicroservicesPerformanceMetrics(
    rows: readonly MetricsRow[],
    edges: readonly EdgeRow[] = [],
    options: PerformanceMetricsOptions = {},
  ): PerformanceMetricsAnalysis {
    return this.#decide("analyzeMicroservicesPerformanceMetrics", [rows, edges, options]);
  }

  /** What holds the system up, highest impact first; empty when nothing does. */
  identifyMicroservicesPerformanceBottlenecks(analysis: PerformanceMetricsAnalysis): Bottlenecks {
    return this.#decide("identifyMicroservicesPerformanceBottlenecks", [analysis]);
  }

  /** What would relieve the bottlenecks, each with the model of its gain. */
  generateMicroservicesPerformanceOptimizations(bottlenecks: Bottlenecks): Optimizations {
    return this.#decide("generateMicroservicesPerformanceOptimizations", [bottlenecks]);
  }

  /**
   * Call ratios, cycles, what users' requests need, and availability and latency of each route through the graph. Throws
   * REQUEST_INVALID for what cannot be read. The method is in docs/fujsen/architecture.md.
   */
  analyzeMicroservicesArchitecture(input: ArchitectureInput): ArchitectureAnalysis {
    return this.#decide("analyzeMicroservicesArchitecture", [input]);
  }

  /** What of an architecture costs time, failures or freedom of change; empty when nothing is known to. */
  identifyMicroservicesOptimizations(analysis: ArchitectureAnalysis): ArchitectureOptimizations {
    return this.#decide("identifyMicroservicesOptimizations", [analysis]);
  }

  /** What could be done about each finding, with effort, risk and the predicted gain. */
  generateMicroservicesOptimizationStrategies(found: ArchitectureOptimizations): ArchitectureStrategies {
    return this.#decide("generateMicroservicesOptimizationStrategies", [found]);
  }

  /** The strategies by gain over effort; those whose gain is not known are last. */
  prioritizeMicroservicesOptimizations(strategies: ArchitectureStrategies): PrioritizedOptimizations {
    return this.#decide("prioritizeMicroservicesOptimizations", [strategies]);
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
