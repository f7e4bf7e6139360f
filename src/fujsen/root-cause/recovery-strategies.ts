// From an analysis to what can be done, best first. Where nothing is wrong, or too little is known to say what is,
// nothing is proposed: an action on a guess makes a second failure of the first.
import type { FailureAnalysis } from "./analyze-failures.js";
import { compare } from "./names.js";
import { recoveryRules } from "./recovery-rules.js";
import type { RecoveryFacts, RecoveryStrategy } from "./recovery-strategy.js";

export type { RecoveryFacts, RecoveryKind, RecoveryStrategy } from "./recovery-strategy.js";

/** Counts up when the same analysis would give other strategies. */
export const recoveryVersion = "1";

export interface RecoveryStrategies {
  readonly version: string;
  /** One sentence. */
  readonly reason: string;
  readonly strategies: readonly RecoveryStrategy[];
  /** Fitting, but their precondition is known not to hold. */
  readonly rejected: readonly RecoveryStrategy[];
}

export interface RecoveryOptions {
  /** By service. */
  readonly facts?: Readonly<Record<string, RecoveryFacts>>;
}

/** Suspects after these are too unlikely to act on. */
const mostSuspects = 3;

/** Never throws for an analysis of this version. */
export function determineServiceRecoveryStrategies(
  analysis: FailureAnalysis,
  { facts = {} }: RecoveryOptions = {},
): RecoveryStrategies {
  if (analysis.verdict !== "fault") {
    return { version: recoveryVersion, reason: analysis.reason, strategies: [], rejected: [] };
  }
  const all = analysis.suspects.slice(0, mostSuspects).flatMap((suspect) => {
    const known = Object.hasOwn(facts, suspect.service) ? (facts[suspect.service] ?? {}) : {};
    return recoveryRules.flatMap((rule): RecoveryStrategy[] => {
      const proposal = rule(suspect, known);
      if (!proposal) return [];
      return [{ ...proposal.strategy, service: suspect.service, score: suspect.score * proposal.fit }];
    });
  });
  all.sort(byScore);
  return {
    version: recoveryVersion,
    reason: analysis.reason,
    strategies: all.filter(({ precondition }) => precondition.holds !== false),
    rejected: all.filter(({ precondition }) => precondition.holds === false),
  };
}

function byScore(left: RecoveryStrategy, right: RecoveryStrategy): number {
  return right.score - left.score || compare(left.service, right.service) || compare(left.kind, right.kind);
}
