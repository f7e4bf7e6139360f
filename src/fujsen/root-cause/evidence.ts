// Suspects as an analysis shows them: each signal with its numbers, its time and a sentence for people.
import type { ChangeEvent, Symptom } from "./failure-data.js";
import type { Observations } from "./observations.js";
import type { Signal, SignalKind } from "./signals.js";
import type { Suspect } from "./suspects.js";

export interface FailureEvidence {
  readonly kind: SignalKind;
  /** 1 is as far as it usually goes in as much time; 2 and more is a finding. */
  readonly strength: number;
  /** Share of the symptom's usual time or requests that this alone adds; null where that is unknown. */
  readonly share: number | null;
  /** ISO 8601; the end of the two worst intervals. */
  readonly at: string | null;
  readonly edge: { readonly caller: string; readonly callee: string } | null;
  readonly message: string;
}

export interface SuspectService extends Omit<Suspect, "signals"> {
  /** Strongest first. */
  readonly evidence: readonly FailureEvidence[];
  readonly change: ChangeEvent | null;
}

/** Beside the strongest signal, weaker ones than this only distract. */
const leastStrength = 0.5;

const saying: Readonly<Record<SignalKind, string>> = {
  slow: "it takes longer, beyond what its callees explain",
  failing: "more of its requests fail, beyond what its callees explain",
  network: "time is lost between caller and callee",
  cpu: "it uses more CPU",
  memory: "it uses more memory",
};

export function toSuspectService(
  { signals, ...suspect }: Suspect,
  { times }: Observations,
  symptom: Symptom | undefined,
): SuspectService {
  const worthSaying = signals.filter(({ deviation }, index) => index === 0 || deviation.strength > leastStrength);
  return { ...suspect, evidence: worthSaying.map((signal) => toEvidence(signal, times, symptom)) };
}

function toEvidence({ kind, deviation, share, edge }: Signal, times: readonly number[], symptom?: Symptom) {
  const at = times[deviation.at];
  return {
    kind,
    strength: deviation.strength,
    share,
    at: at === undefined ? null : new Date(at).toISOString(),
    edge,
    message: `${saying[kind]}${place(edge)}: ${deviation.strength.toFixed(1)} times as far as it usually goes${ofSymptom(share, symptom)}`,
  };
}

const place = (edge: FailureEvidence["edge"]): string => (edge ? ` (${edge.caller} to ${edge.callee})` : "");

function ofSymptom(share: number | null, symptom?: Symptom): string {
  if (share === null || !symptom) return "";
  const whole = symptom.metric === "latency" ? "usual time" : "requests";
  return `, which is ${(share * 100).toFixed(1)} % of ${symptom.service}'s ${whole}`;
}
