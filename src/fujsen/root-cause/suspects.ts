// From signals to suspects: which services can have caused the symptom at all, how much of it each explains, and
// whether something was changed there just before.
import type { ChangeEvent, FailureWindow } from "./failure-data.js";
import type { FailureMeasurement } from "./measure-failure.js";
import { compare } from "./names.js";
import type { Signal, SignalKind } from "./signals.js";

export interface Suspect {
  readonly service: string;
  /** 0 to 1; what suspects are ranked by. */
  readonly score: number;
  /** Of its strongest signal: 1 is as far as it usually goes, 2 and more is a finding. */
  readonly strength: number;
  /** Share of the symptom's usual time or requests that it adds; null where that is unknown. */
  readonly share: number | null;
  /** Strongest first. */
  readonly signals: readonly Signal[];
  /** The last change there before the failure or in it. */
  readonly change: ChangeEvent | null;
  /** Its requests in the failure, compared to the usual: 1 is as many as usual; null when not counted. */
  readonly load: number | null;
}

/** A share of the symptom below this is no cause of it: of its time, and of its requests. */
const leastShare: Readonly<Record<"slow" | "failing", number>> = { slow: 0.05, failing: 0.01 };
/** What a signal counts for that does not say how much of the symptom it explains. */
const indirect = 0.2;
/** Changes this long before the failure count. */
const changeWindowMs = 30 * 60_000;
/** How much more likely a change makes a suspect: deploys and configuration cause most outages (Google SRE Book, ch. 6). */
const changeOdds: Readonly<Record<ChangeEvent["kind"], number>> = { deploy: 3, config: 3, fault: 3, scale: 1.5 };

/** Best first. */
export function findSuspects({ failure, changes, signals, dependencies, loads }: FailureMeasurement): Suspect[] {
  const { symptom } = failure;
  const candidates = dependencies === null ? null : new Set(dependencies);
  const byService = new Map<string, Signal[]>();
  for (const signal of signals) {
    if (candidates && !candidates.has(signal.service)) continue;
    byService.set(signal.service, [...(byService.get(signal.service) ?? []), signal]);
  }
  const direct = symptom ? (symptom.metric === "latency" ? "slow" : "failing") : null;
  const whole = direct ? wholeShare([...byService.values()].flat(), direct) : 0;
  const loadOf = new Map(loads);
  return [...byService]
    .flatMap(([service, own]) => toSuspect(service, own, { direct, whole }) ?? [])
    .map((suspect) => ({ ...suspect, load: loadOf.get(suspect.service) ?? null }))
    .map((suspect) => withChange(suspect, lastChange(changes, suspect.service, failure)))
    .sort((left, right) => right.score - left.score || compare(left.service, right.service));
}

interface Explaining {
  readonly direct: "slow" | "failing" | null;
  readonly whole: number;
}

const isCause = (signal: Signal, direct: SignalKind | null): boolean =>
  signal.kind === direct && signal.share !== null && signal.share >= leastShare[direct === "slow" ? "slow" : "failing"];

function wholeShare(signals: readonly Signal[], direct: "slow" | "failing"): number {
  return signals.filter((signal) => isCause(signal, direct)).reduce((sum, { share }) => sum + (share ?? 0), 0);
}

function toSuspect(service: string, signals: readonly Signal[], { direct, whole }: Explaining): Suspect | null {
  if (direct === null) return suspectOf(service, signals, signals, () => 1);
  const other = direct === "slow" ? "failing" : "slow";
  const counting = signals.filter((signal) =>
    signal.kind === direct ? isCause(signal, direct) || signal.share === null : signal.kind !== other,
  );
  return suspectOf(service, signals, counting, ({ kind, share }) =>
    kind === direct && share !== null ? share / whole : indirect,
  );
}

function suspectOf(
  service: string,
  signals: readonly Signal[],
  counting: readonly Signal[],
  weightOf: (signal: Signal) => number,
): Suspect | null {
  const [strongest] = counting;
  if (!strongest) return null;
  const score = counting.reduce((best, signal) => Math.max(best, weightOf(signal) * certainty(signal)), 0);
  const share = counting.find((signal) => signal.share !== null)?.share ?? null;
  return { service, score, strength: strongest.strength, share, signals, change: null, load: null };
}

/** From 0 to 1; one half where a signal begins to be unusual. */
const certainty = ({ strength }: Signal): number => (strength * strength) / (1 + strength * strength);

function lastChange(changes: readonly ChangeEvent[], service: string, failure: FailureWindow): ChangeEvent | null {
  const [from, to] = [Date.parse(failure.from) - changeWindowMs, Date.parse(failure.to)];
  const there = changes.filter((change) => {
    const at = Date.parse(change.at);
    return change.service === service && at >= from && at <= to;
  });
  there.sort((left, right) => Date.parse(right.at) - Date.parse(left.at) || compare(left.kind, right.kind));
  return there[0] ?? null;
}

function withChange(suspect: Suspect, change: ChangeEvent | null): Suspect {
  if (!change) return suspect;
  const odds = changeOdds[change.kind] * suspect.score;
  return { ...suspect, change, score: odds / (1 - suspect.score + odds) };
}
