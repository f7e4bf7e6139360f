// Every function of FUJSEN that can be recorded and replayed, by name. A change of what a function answers needs a new
// version, or the replay of what was recorded before would call the old answer wrong.
import { contentHash } from "../base/hash.js";
import { type AnomalyReport, anomaliesVersion, judgeAnomalies, measureAnomalies } from "./anomaly/detect-anomalies.js";
import {
  type ArchitectureAnalysis,
  analyzeMicroservicesArchitecture,
  architectureVersion,
} from "./architecture/analyze-architecture.js";
import {
  type ArchitectureOptimizations,
  architectureOptimizationsVersion,
  identifyMicroservicesOptimizations,
} from "./architecture/optimizations.js";
import {
  architecturePrioritiesVersion,
  type PrioritizedOptimizations,
  prioritizeMicroservicesOptimizations,
} from "./architecture/priorities.js";
import {
  type ArchitectureStrategies,
  architectureStrategiesVersion,
  generateMicroservicesOptimizationStrategies,
} from "./architecture/strategies.js";
import {
  generateMicroservicesScalingRecommendations,
  type ScalingRecommendations,
  scalingVersion,
} from "./capacity/scaling-recommendations.js";
import { type DemandPredictions, demandsVersion, predictMicroservicesDemands } from "./forecast/demands.js";
import { judgeDemand, measureDemand, type UsagePatterns, usagePatternsVersion } from "./forecast/usage-patterns.js";
import { generateMicroservicesInsights, type Insights, insightsVersion } from "./insights.js";
import type { MetricsRow } from "./metrics-row.js";
import { generateOptimalRouting, type OptimalRouting, optimalRoutingVersion } from "./optimal-routing.js";
import {
  judgePerformance,
  measurePerformance,
  type PerformanceAnalysis,
  type PerformanceMeasurement,
  type PerformanceOptions,
  performanceVersion,
} from "./performance.js";
import {
  judgeOneService,
  judgePerformanceMetrics,
  measureOneService,
  measurePerformanceMetrics,
  type PerformanceMetricsAnalysis,
  performanceMetricsVersion,
  type ServicePerformanceAnalysis,
} from "./performance-analysis/analysis.js";
import {
  type Bottlenecks,
  bottlenecksVersion,
  identifyMicroservicesPerformanceBottlenecks,
} from "./performance-analysis/bottlenecks.js";
import {
  generateMicroservicesPerformanceOptimizations,
  identifyServiceOptimizations,
  type Optimizations,
  optimizationsVersion,
} from "./performance-analysis/optimizations.js";
import { type ProcessedMetrics, processMicroservicesMetrics } from "./process-metrics.js";
import {
  type FailureAnalysis,
  type FailureData,
  failuresVersion,
  judgeFailure,
} from "./root-cause/analyze-failures.js";
import { type FailureMeasurement, measureFailure } from "./root-cause/measure-failure.js";
import {
  determineServiceRecoveryStrategies,
  type RecoveryStrategies,
  recoveryVersion,
} from "./root-cause/recovery-strategies.js";
import { analyzeRouteRequirements, type RouteAnalysis, routeRequirementsVersion } from "./route-requirements.js";
import { rowsDigest } from "./rows-digest.js";
import {
  generateServiceArchitecture,
  type ServiceArchitecture,
  serviceArchitectureVersion,
} from "./service-architecture.js";
import { generateServiceMetadata, type ServiceMetadata, serviceMetadataVersion } from "./service-metadata.js";
import {
  analyzeServiceRequirements,
  type ServiceRequirements,
  serviceRequirementsVersion,
} from "./service-requirements.js";

export interface DecisionFunction {
  readonly version: string;
  /** What is recorded of the inputs and given to `run`: all that the decision rests on. */
  condense(inputs: readonly unknown[]): readonly unknown[];
  run(recorded: readonly unknown[]): unknown;
  evidence(output: unknown): Readonly<Record<string, unknown>>;
}

interface Definition<Inputs extends readonly unknown[], Output> {
  readonly version: string;
  readonly run: (...inputs: Inputs) => Output;
  readonly evidence: (output: Output) => Readonly<Record<string, unknown>>;
}

/** A function whose inputs are too many to keep: `run` goes on from what `condense` made of them. */
interface CondensedDefinition<Inputs extends readonly unknown[], Condensed, Output> {
  readonly version: string;
  readonly condense: (...inputs: Inputs) => Condensed;
  readonly run: (condensed: Condensed) => Output;
  readonly evidence: (output: Output) => Readonly<Record<string, unknown>>;
}

// The two places where types are forgotten: a record's inputs are what its own function was given.
function define<Inputs extends readonly unknown[], Output>(definition: Definition<Inputs, Output>): DecisionFunction {
  const { version, run, evidence } = definition;
  return {
    version,
    condense: (inputs) => inputs,
    run: (inputs) => run(...(inputs as unknown as Inputs)),
    evidence: (output) => evidence(output as Output),
  };
}

function defineCondensed<Inputs extends readonly unknown[], Condensed, Output>(
  definition: CondensedDefinition<Inputs, Condensed, Output>,
): DecisionFunction {
  const { version, condense, run, evidence } = definition;
  return {
    version,
    condense: (inputs) => [condense(...(inputs as unknown as Inputs))],
    run: ([condensed]) => run(condensed as Condensed),
    evidence: (output) => evidence(output as Output),
  };
}

/** The rows themselves, a day of which has a hundred thousand, are kept by their digest alone. */
type RecordedMeasurement = PerformanceMeasurement & { readonly digest: string };

function recordMeasurement(rows: readonly MetricsRow[], options: PerformanceOptions = {}): RecordedMeasurement {
  return { digest: rowsDigest(rows, options.edges), ...measurePerformance(rows, options) };
}

type RecordedFailure = FailureMeasurement & { readonly digest: string };

/** The measurements themselves are kept by their digest alone, like the rows of a performance analysis. */
function recordFailure(data: FailureData): RecordedFailure {
  const measurement = measureFailure(data);
  return { digest: contentHash(data), ...measurement };
}

const evidenceOfOptimizations = ({ optimizations }: Optimizations) => ({
  optimizations: optimizations.map(({ kind, service, model, evidence }) => ({ kind, service, model, evidence })),
});

export const decisionFunctions = {
  analyzeServicePerformance: defineCondensed({
    version: performanceMetricsVersion,
    condense: measureOneService,
    run: judgeOneService,
    evidence: ({ rows, service }: ServicePerformanceAnalysis) => ({
      rows,
      score: service?.score ?? null,
      budget: service?.budget ?? null,
    }),
  }),
  identifyServiceOptimizations: define({
    version: optimizationsVersion,
    run: identifyServiceOptimizations,
    evidence: evidenceOfOptimizations,
  }),
  analyzeMicroservicesPerformanceMetrics: defineCondensed({
    version: performanceMetricsVersion,
    condense: measurePerformanceMetrics,
    run: judgePerformanceMetrics,
    evidence: ({ rows, score, services }: PerformanceMetricsAnalysis) => ({
      rows,
      score,
      services: services.map(({ service, reason, budget }) => ({ service, reason, budget })),
    }),
  }),
  identifyMicroservicesPerformanceBottlenecks: define({
    version: bottlenecksVersion,
    run: identifyMicroservicesPerformanceBottlenecks,
    evidence: ({ bottlenecks }: Bottlenecks) => ({
      bottlenecks: bottlenecks.map(({ kind, service, impact, evidence }) => ({ kind, service, impact, evidence })),
    }),
  }),
  generateMicroservicesPerformanceOptimizations: define({
    version: optimizationsVersion,
    run: generateMicroservicesPerformanceOptimizations,
    evidence: evidenceOfOptimizations,
  }),
  processMicroservicesMetrics: define({
    version: "2",
    run: processMicroservicesMetrics,
    evidence: (output: ProcessedMetrics) =>
      output.ok ? { rows: output.rows.length, notes: output.notes.length } : { problems: output.problems.length },
  }),
  analyzeMicroservicesPerformance: defineCondensed({
    version: performanceVersion,
    condense: recordMeasurement,
    run: ({ digest: _, ...measurement }: RecordedMeasurement) => judgePerformance(measurement),
    evidence: ({ rows, from, to, score, worst }: PerformanceAnalysis) => ({ rows, from, to, score, worst }),
  }),
  analyzeMicroservicesArchitecture: define({
    version: architectureVersion,
    run: analyzeMicroservicesArchitecture,
    evidence: ({ services, edges, calls, routes, notKnown }: ArchitectureAnalysis) => ({
      services: services.length,
      edges: edges.length,
      calls,
      routes: routes.map(({ name, availability, computedLatencyMs }) => ({ name, availability, computedLatencyMs })),
      notKnown,
    }),
  }),
  identifyMicroservicesOptimizations: define({
    version: architectureOptimizationsVersion,
    run: identifyMicroservicesOptimizations,
    evidence: ({ findings }: ArchitectureOptimizations) => ({
      findings: findings.map(({ kind, services, evidence }) => ({ kind, services, evidence })),
    }),
  }),
  generateMicroservicesOptimizationStrategies: define({
    version: architectureStrategiesVersion,
    run: generateMicroservicesOptimizationStrategies,
    evidence: ({ strategies }: ArchitectureStrategies) => ({
      strategies: strategies.map(({ kind, finding, gain }) => ({ kind, services: finding.services, gain })),
    }),
  }),
  prioritizeMicroservicesOptimizations: define({
    version: architecturePrioritiesVersion,
    run: prioritizeMicroservicesOptimizations,
    evidence: ({ optimizations }: PrioritizedOptimizations) => ({
      order: optimizations.map(({ kind, finding, why }) => ({ kind, services: finding.services, why })),
    }),
  }),
  generateMicroservicesInsights: define({
    version: insightsVersion,
    run: generateMicroservicesInsights,
    evidence: ({ insights }: Insights) => ({
      insights: insights.map(({ kind, service, evidence }) => ({ kind, service, evidence })),
    }),
  }),
  analyzeServiceRequirements: define({
    version: serviceRequirementsVersion,
    run: analyzeServiceRequirements,
    evidence: ({ service, capabilities, unknown }: ServiceRequirements) => ({
      service,
      capabilities: capabilities.map(({ capability, dependency }) => ({ capability, dependency })),
      unknown: unknown.map(({ name }) => name),
    }),
  }),
  generateServiceArchitecture: define({
    version: serviceArchitectureVersion,
    run: generateServiceArchitecture,
    evidence: ({ service, replicas, resources }: ServiceArchitecture) => ({ service, replicas, resources }),
  }),
  analyzeRouteRequirements: define({
    version: routeRequirementsVersion,
    run: analyzeRouteRequirements,
    evidence: ({ requirements }: RouteAnalysis) => ({ reasons: requirements.map(({ reason }) => reason) }),
  }),
  generateOptimalRouting: define({
    version: optimalRoutingVersion,
    run: generateOptimalRouting,
    evidence: ({ routes }: OptimalRouting) => ({ routes: routes.map(({ name, reasons }) => ({ name, reasons })) }),
  }),
  analyzeServiceFailures: defineCondensed({
    version: failuresVersion,
    condense: recordFailure,
    run: ({ digest: _, ...measurement }: RecordedFailure) => judgeFailure(measurement),
    evidence: ({ verdict, reason, suspects, measured }: FailureAnalysis) => ({
      verdict,
      reason,
      suspects: suspects.map(({ service, score, evidence }) => ({ service, score, evidence })),
      measured,
    }),
  }),
  determineServiceRecoveryStrategies: define({
    version: recoveryVersion,
    run: determineServiceRecoveryStrategies,
    evidence: ({ reason, strategies, rejected }: RecoveryStrategies) => ({
      reason,
      strategies: strategies.map(({ kind, service, why }) => ({ kind, service, why })),
      rejected: rejected.map(({ kind, service, precondition }) => ({ kind, service, precondition })),
    }),
  }),
  analyzeMicroservicesUsagePatterns: defineCondensed({
    version: usagePatternsVersion,
    condense: measureDemand,
    run: judgeDemand,
    evidence: ({ services, refused }: UsagePatterns) => ({
      services: services.map(({ service, level, growthPerWeek, seasons }) => ({
        service,
        level,
        growthPerWeek,
        seasons,
      })),
      refused,
    }),
  }),
  detectMicroservicesAnomalies: defineCondensed({
    version: anomaliesVersion,
    condense: measureAnomalies,
    run: judgeAnomalies,
    evidence: ({ services, refused }: AnomalyReport) => ({
      services: services.map(({ service, values, missing, episodes }) => ({ service, values, missing, episodes })),
      refused,
    }),
  }),
  predictMicroservicesDemands: define({
    version: demandsVersion,
    run: predictMicroservicesDemands,
    evidence: ({ services }: DemandPredictions) => ({
      services: services.map(({ service, method, reason, backtest }) => ({ service, method, reason, backtest })),
    }),
  }),
  generateMicroservicesScalingRecommendations: define({
    version: scalingVersion,
    run: generateMicroservicesScalingRecommendations,
    evidence: ({ recommendations }: ScalingRecommendations) => ({
      services: recommendations.map(({ service, verdict, reason, replicas, model, expected }) => ({
        service,
        verdict,
        reason,
        replicas,
        model,
        expected,
      })),
    }),
  }),
  generateServiceMetadata: define({
    version: serviceMetadataVersion,
    run: generateServiceMetadata,
    evidence: ({ name, sources }: ServiceMetadata) => ({ name, sources }),
  }),
} as const satisfies Record<string, DecisionFunction>;

export type DecisionFunctionName = keyof typeof decisionFunctions;
