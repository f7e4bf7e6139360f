// prioritizeMicroservicesOptimizations: strategies by gain over effort. Those whose gain is not known come last, and say so.
import { rounded } from "../score.js";
import { by } from "./order.js";
import type { ArchitectureStrategies, ArchitectureStrategy, Gain } from "./strategies.js";

/** Counts up when the same strategies would be ranked otherwise. */
export const architecturePrioritiesVersion = "1";

export interface PrioritizedStrategy extends ArchitectureStrategy {
  /** From 1. */
  readonly rank: number;
  /** Weight × share of the gain ÷ effort, 0 to 1; null: the gain is not known. */
  readonly priority: number | null;
  /** The division, in numbers. */
  readonly why: string;
}

export interface PrioritizedOptimizations {
  readonly version: string;
  /** Highest priority first; those without one in the order of effort. */
  readonly optimizations: readonly PrioritizedStrategy[];
}

/** What is at stake in a failure counts less than what is gained with every request. docs/fujsen/architecture.md. */
const weights: Readonly<Record<Gain["basis"], number>> = {
  latency: 1,
  availability: 1,
  instances: 0.5,
  exposure: 0.25,
  "not-known": 0,
};

export function prioritizeMicroservicesOptimizations({
  strategies,
}: Pick<ArchitectureStrategies, "strategies">): PrioritizedOptimizations {
  const ranked = strategies
    .map((strategy) => ({ ...strategy, ...priorityOf(strategy) }))
    .sort(by(({ kind, finding }) => JSON.stringify([kind, finding.services])))
    .sort((left, right) => (right.priority ?? -1) - (left.priority ?? -1) || left.effort - right.effort)
    .map((strategy, index) => ({ ...strategy, rank: index + 1 }));
  return { version: architecturePrioritiesVersion, optimizations: ranked };
}

function priorityOf({ gain, effort }: ArchitectureStrategy): Pick<PrioritizedStrategy, "priority" | "why"> {
  const { basis, share, model } = gain;
  if (share === null) return { priority: null, why: model };
  const weight = weights[basis];
  const priority = rounded((weight * share) / effort, 4);
  return { priority, why: `${weight} (${basis}) × ${share} ÷ effort ${effort} = ${priority}` };
}
