// What an analysis means and what to do about it. An insight is said only with its evidence, a recommendation only
// where an insight calls for it; when all is well, both lists are empty.
import { detectFailing } from "./detect-failing.js";
import { detectGrowing, detectUnready } from "./detect-instances.js";
import { detectSaturated, detectTimeouts } from "./detect-saturated.js";
import { detectSlow } from "./detect-slow.js";
import type { Detector, Insight, Recommendation } from "./finding.js";
import type { PerformanceAnalysis } from "./performance.js";

export type { Evidence, Insight, Recommendation } from "./finding.js";

/** Counts up when the same analysis would give other insights. */
export const insightsVersion = "2";

export interface Insights {
  readonly version: string;
  /** One sentence for the whole. */
  readonly summary: string;
  /** What costs most points first. */
  readonly insights: readonly Insight[];
  readonly recommendations: readonly Recommendation[];
}

const detectors: readonly Detector[] = [
  detectFailing,
  detectSlow,
  detectSaturated,
  detectTimeouts,
  detectUnready,
  detectGrowing,
];

export function generateMicroservicesInsights(analysis: PerformanceAnalysis): Insights {
  const found = analysis.services.flatMap((service) => detectors.flatMap((detect) => detect(service, analysis) ?? []));
  // Array sorting is stable: with equal cost the order of services and detectors decides.
  const ranked = found.sort((left, right) => right.insight.cost - left.insight.cost);
  return {
    version: insightsVersion,
    summary: summarise(analysis, ranked.length),
    insights: ranked.map(({ insight }) => insight),
    recommendations: ranked.flatMap(({ recommendation }) => recommendation ?? []),
  };
}

function summarise({ score, worst, services }: PerformanceAnalysis, insights: number): string {
  if (score === null) return "nothing was measured";
  if (insights === 0) return `score ${score}: every service is within its objectives`;
  const reason = services.find(({ service }) => service === worst?.service)?.reason ?? "";
  return `score ${score}, lowest ${worst?.service} with ${worst?.score}: ${reason}`;
}
