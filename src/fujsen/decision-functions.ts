// Every function of FUJSEN that can be recorded and replayed, by name. A change of what a function answers needs a new
// version, or the replay of what was recorded before would call the old answer wrong.
import { generateMicroservicesInsights, type Insights, insightsVersion } from "./insights.js";
import { generateOptimalRouting, type OptimalRouting, optimalRoutingVersion } from "./optimal-routing.js";
import { analyzeMicroservicesPerformance, type PerformanceAnalysis, performanceVersion } from "./performance.js";
import { type ProcessedMetrics, processMicroservicesMetrics } from "./process-metrics.js";
import { analyzeRouteRequirements, type RouteAnalysis, routeRequirementsVersion } from "./route-requirements.js";
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
  run(inputs: readonly unknown[]): unknown;
  evidence(output: unknown): Readonly<Record<string, unknown>>;
}

interface Definition<Inputs extends readonly unknown[], Output> {
  readonly version: string;
  readonly run: (...inputs: Inputs) => Output;
  readonly evidence: (output: Output) => Readonly<Record<string, unknown>>;
}

// The one place where types are forgotten: a record's inputs are what its own function was given.
function define<Inputs extends readonly unknown[], Output>(definition: Definition<Inputs, Output>): DecisionFunction {
  const { version, run, evidence } = definition;
  return {
    version,
    run: (inputs) => run(...(inputs as unknown as Inputs)),
    evidence: (output) => evidence(output as Output),
  };
}

export const decisionFunctions = {
  processMicroservicesMetrics: define({
    version: "1",
    run: processMicroservicesMetrics,
    evidence: (output: ProcessedMetrics) =>
      output.ok ? { rows: output.rows.length, notes: output.notes.length } : { problems: output.problems.length },
  }),
  analyzeMicroservicesPerformance: define({
    version: performanceVersion,
    run: analyzeMicroservicesPerformance,
    evidence: ({ rows, from, to, score, worst }: PerformanceAnalysis) => ({ rows, from, to, score, worst }),
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
  generateServiceMetadata: define({
    version: serviceMetadataVersion,
    run: generateServiceMetadata,
    evidence: ({ name, sources }: ServiceMetadata) => ({ name, sources }),
  }),
} as const satisfies Record<string, DecisionFunction>;

export type DecisionFunctionName = keyof typeof decisionFunctions;
