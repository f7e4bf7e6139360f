// Every function of FUJSEN that can be recorded and replayed, by name. A change of what a function answers needs a new
// version, or the replay of what was recorded before would call the old answer wrong.
import { generateMicroservicesInsights, type Insights, insightsVersion } from "./insights.js";
import { analyzeMicroservicesPerformance, type PerformanceAnalysis, performanceVersion } from "./performance.js";
import { type ProcessedMetrics, processMicroservicesMetrics } from "./process-metrics.js";

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
} as const satisfies Record<string, DecisionFunction>;

export type DecisionFunctionName = keyof typeof decisionFunctions;
