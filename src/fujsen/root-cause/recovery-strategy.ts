// What can be done about a suspect: the shape of a recovery strategy, and what is known of a service that decides
// whether one is possible.
import type { SuspectService } from "./evidence.js";

export type RecoveryKind =
  | "restart"
  | "eject"
  | "roll-back"
  | "scale"
  | "shed-load"
  | "open-breaker"
  | "fail-over"
  | "disable-retries";

export interface RecoveryStrategy {
  readonly kind: RecoveryKind;
  readonly service: string;
  /** The calls that it is done to; null for the service itself. */
  readonly edge: { readonly caller: string; readonly callee: string } | null;
  /** 0 to 1: how likely the suspect is, times how well this fits what it shows. What strategies are ranked by. */
  readonly score: number;
  readonly why: string;
  readonly precondition: {
    readonly text: string;
    /** Null when nothing is known of it: it must be checked first. */
    readonly holds: boolean | null;
  };
  readonly effect: string;
  readonly risk: string;
  readonly undo: string;
}

/** What is known of one service; everything may be missing. */
export interface RecoveryFacts {
  readonly instances?: number;
  /** An instance that is worse than its siblings. */
  readonly worstInstance?: string;
  /** An earlier revision can be served again. */
  readonly earlierRevision?: boolean;
  /** Instances that there is room for. */
  readonly mostInstances?: number;
  /** Another place that serves the same. */
  readonly alternative?: string;
  /** Callers that retry requests to it. */
  readonly retryingCallers?: readonly string[];
  /** Callers that can do without it. */
  readonly toleratingCallers?: readonly string[];
}

/** A rule: how well a strategy fits a suspect, from 0 to 1, and the strategy; null when it does not apply. */
export interface RecoveryProposal {
  readonly fit: number;
  readonly strategy: Omit<RecoveryStrategy, "score" | "service">;
}

export type RecoveryRule = (suspect: SuspectService, facts: RecoveryFacts) => RecoveryProposal | null;

/** Whether the suspect shows it beyond what is usual. */
export const shows = (
  suspect: SuspectService,
  ...kinds: readonly SuspectService["evidence"][number]["kind"][]
): boolean => suspect.evidence.some(({ kind, strength }) => strength > 1 && kinds.includes(kind));
