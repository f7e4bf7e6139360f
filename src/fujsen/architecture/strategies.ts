// generateMicroservicesOptimizationStrategies: what could be done about each finding, with the effort, and with the gain
// that the flow model predicts for it; where the model says nothing, how much of the users' requests is at stake.
import { rounded } from "../score.js";
import { type ArchitectureAnalysis, flowCalls } from "./analyze-architecture.js";
import { type FlowCall, type FlowPart, flowsOf } from "./flow-model.js";
import type { ArchitectureFinding, ArchitectureFindingKind, ArchitectureOptimizations } from "./optimizations.js";

/** Counts up when the same findings would give other strategies. */
export const architectureStrategiesVersion = "1";

export type ArchitectureStrategyKind =
  | "break-cycle"
  | "add-replica"
  | "set-timeout"
  | "set-breaker"
  | "batch-calls"
  | "shorten-chain"
  | "relieve-hub"
  | "separate-data"
  | "split-service"
  | "merge-services"
  | "remove-service";

/** 1: an entry of configuration; 2: one service goes; 3: code of two services; 5: a service or its data moves. */
export type Effort = 1 | 2 | 3 | 5;

/**
 * `latency`, `availability`: of all users' requests before and after, by the flow model. `exposure`: nothing is gained
 * while all is well; `share` of the users' requests is what a failure there reaches. `instances`: those that are freed.
 */
export interface Gain {
  readonly basis: "latency" | "availability" | "exposure" | "instances" | "not-known";
  /** 0 to 1: of the time, of the failures, of the requests, of the instances; null: not known. */
  readonly share: number | null;
  /** ms for `latency`, share that succeeds for `availability`, instances; else null. */
  readonly before: number | null;
  readonly after: number | null;
  /** What it rests on, or why it is not known. */
  readonly model: string;
}

export interface ArchitectureStrategy {
  readonly kind: ArchitectureStrategyKind;
  readonly finding: ArchitectureFinding;
  readonly what: string;
  readonly effort: Effort;
  readonly gain: Gain;
  /** When it should not be done. */
  readonly risk: string;
}

export interface ArchitectureStrategies {
  readonly version: string;
  /** One for each finding, in their order. */
  readonly strategies: readonly ArchitectureStrategy[];
}

interface Rule {
  readonly kind: ArchitectureStrategyKind;
  readonly effort: Effort;
  what(finding: ArchitectureFinding): string;
  readonly risk: string;
  gain(finding: ArchitectureFinding, analysis: ArchitectureAnalysis): Gain;
}

const pair = ({ services: [caller, callee] }: ArchitectureFinding): string => `${caller} → ${callee}`;
const one = ({ services: [name] }: ArchitectureFinding): string => name ?? "";

const batch: Rule = {
  kind: "batch-calls",
  effort: 3,
  what: (finding) => `fetch in one call what ${pair(finding)} fetches in ${finding.evidence.callsPerRequest}`,
  risk: "one large call may take longer than a small one, which the model does not know",
  gain: (finding, analysis) =>
    predicted(analysis, (calls) => changeCall(calls, finding.services, () => 1), "one call, as long as one is now"),
};

const rules: Readonly<Record<ArchitectureFindingKind, Rule>> = {
  cycle: {
    kind: "break-cycle",
    effort: 3,
    what: ({ evidence }) =>
      `replace ${evidence.rarestCall ?? "one of the calls"} by an event, or move what it asks for`,
    risk: "what an event tells arrives later than an answer would",
    gain: exposure,
  },
  "single-point-of-failure": {
    kind: "add-replica",
    effort: 1,
    what: (finding) => `run two instances of ${one(finding)}`,
    risk: "a service that keeps state in its memory must not have two instances",
    gain: exposure,
  },
  "missing-timeout": {
    kind: "set-timeout",
    effort: 1,
    what: (finding) => `give ${pair(finding)} a time limit above its slowest good answers`,
    risk: "a limit below the time of good answers fails them; the mean alone does not tell it",
    gain: exposure,
  },
  "missing-breaker": {
    kind: "set-breaker",
    effort: 1,
    what: (finding) => `put a breaker before ${pair(finding)}`,
    risk: "with few requests a breaker opens by chance: it needs a minimum of answers",
    gain: exposure,
  },
  "n-plus-one": batch,
  chatty: batch,
  "long-chain": {
    kind: "shorten-chain",
    effort: 3,
    what: ({ services }) =>
      `let ${services.at(-2)} answer without waiting for ${services.at(-1)}: by an event or a copy`,
    risk: "a copy is older than the original",
    gain: (finding, analysis) =>
      predicted(
        analysis,
        (calls) => changeCall(calls, finding.services.slice(-2), () => 0),
        "the last call of the chain is not waited for",
      ),
  },
  hub: {
    kind: "relieve-hub",
    effort: 5,
    what: (finding) =>
      finding.evidence.direction === "in"
        ? `divide ${one(finding)} by what its callers need, or let them keep copies of its answers`
        : `move parts of what ${one(finding)} coordinates to the services that it calls`,
    risk: "a division along the wrong line makes more calls than before",
    gain: exposure,
  },
  "shared-database": {
    kind: "separate-data",
    effort: 5,
    what: ({ services, evidence }) => `let one of ${services.join(", ")} own ${evidence.store}, and the others ask it`,
    risk: "transactions over what is separated end",
    gain: exposure,
  },
  "mixed-workload": {
    kind: "split-service",
    effort: 5,
    what: (finding) => `run ${finding.evidence.slow} apart from ${finding.evidence.fast}, as a service of its own`,
    risk: "both parts may need the same data",
    gain: exposure,
  },
  "merge-candidate": {
    kind: "merge-services",
    effort: 5,
    what: ({ services: [caller, callee] }) => `make ${callee} a part of ${caller}`,
    risk: "teams, release dates and scaling may be reasons to stay apart; the graph does not know them",
    gain: () => notKnown("what a call costs beside the callee's own time is not measured"),
  },
  "never-called": {
    kind: "remove-service",
    effort: 2,
    what: (finding) => `stop ${one(finding)}, and remove it when nobody misses it`,
    risk: "it may be needed at another time than the one observed, or do work that is no call",
    gain: freedInstances,
  },
};

export function generateMicroservicesOptimizationStrategies({
  findings,
  analysis,
}: Pick<ArchitectureOptimizations, "findings" | "analysis">): ArchitectureStrategies {
  const strategies = findings.map((finding) => {
    const { kind, effort, what, risk, gain } = rules[finding.kind];
    return { kind, finding, what: what(finding), effort, gain: gain(finding, analysis), risk };
  });
  return { version: architectureStrategiesVersion, strategies };
}

function notKnown(model: string): Gain {
  return { basis: "not-known", share: null, before: null, after: null, model };
}

function exposure({ share }: ArchitectureFinding): Gain {
  if (share === null) return notKnown("how many of the users' requests go through it is not known");
  return { basis: "exposure", share, before: null, after: null, model: "share of the users' requests through it" };
}

function freedInstances({ evidence }: ArchitectureFinding, { services }: ArchitectureAnalysis): Gain {
  const { replicas } = evidence;
  const all = services.reduce((sum, service) => sum + (service.replicas ?? Number.NaN), 0);
  if (typeof replicas !== "number" || !(all > 0)) return notKnown("how many instances run is not known");
  return {
    ...{ basis: "instances", share: rounded(replicas / all, 4), before: all, after: all - replicas },
    model: "instances that run now",
  };
}

type Edit = (calls: readonly FlowCall[]) => FlowCall[];

function changeCall(calls: readonly FlowCall[], [caller, callee]: readonly string[], to: () => number): FlowCall[] {
  return calls.map((call) =>
    call.caller === caller && call.callee === callee ? { ...call, callsPerRequest: to() } : call,
  );
}

interface Whole {
  readonly latencyMs: number | null;
  readonly availability: number | null;
}

/** The larger of the two relative gains, of time and of failures. */
function predicted(analysis: ArchitectureAnalysis, edit: Edit, model: string): Gain {
  const calls = flowCalls(analysis.edges);
  const [before, after] = [overRoutes(analysis, calls), overRoutes(analysis, edit(calls))];
  const gains = [timeGain(before, after, model), failureGain(before, after, model)].filter((gain) => gain !== null);
  const [best] = gains.sort((left, right) => (right.share ?? 0) - (left.share ?? 0));
  return best ?? notKnown("the routes' requests, availability and latency are not known as a whole");
}

function timeGain({ latencyMs: before }: Whole, { latencyMs: after }: Whole, model: string): Gain | null {
  if (before === null || after === null || before <= 0) return null;
  const share = rounded(Math.max(0, (before - after) / before), 4);
  return { basis: "latency", share, before: rounded(before, 4), after: rounded(after, 4), model };
}

function failureGain({ availability: before }: Whole, { availability: after }: Whole, model: string): Gain | null {
  if (before === null || after === null || before >= 1) return null;
  const share = rounded(Math.max(0, (after - before) / (1 - before)), 4);
  return { basis: "availability", share, before: rounded(before, 4), after: rounded(after, 4), model };
}

/** Mean over all users' requests; null unless every route with requests is known. */
function overRoutes({ services, routes }: ArchitectureAnalysis, calls: readonly FlowCall[]): Whole {
  const flows = flowsOf(services as readonly FlowPart[], calls);
  const total = routes.reduce((sum, { requests }) => sum + (requests ?? Number.NaN), 0);
  if (!(total > 0)) return { latencyMs: null, availability: null };
  const mean = (pick: "latencyMs" | "availability"): number | null => {
    let sum = 0;
    for (const { service, requests } of routes) {
      const value = flows.get(service)?.[pick] ?? null;
      if (requests === null || requests === 0) continue;
      if (value === null) return null;
      sum += (value * requests) / total;
    }
    return sum;
  };
  return { latencyMs: mean("latencyMs"), availability: mean("availability") };
}
