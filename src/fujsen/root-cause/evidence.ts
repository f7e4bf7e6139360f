// Suspects as an analysis shows them: each signal with its numbers, its time and a sentence for people.
import type { Symptom } from "./failure-data.js";
import type { Signal, SignalKind } from "./signals.js";
import type { Suspect } from "./suspects.js";

export interface FailureEvidence extends Omit<Signal, "service"> {
  /** One sentence with the numbers in it. */
  readonly message: string;
}

export interface SuspectService extends Omit<Suspect, "signals"> {
  /** Strongest first. */
  readonly evidence: readonly FailureEvidence[];
}

/** Beside the strongest signal, weaker ones than this only distract. */
const leastStrength = 1;

const saying: Readonly<Record<SignalKind, string>> = {
  slow: "it takes longer, beyond what its callees explain",
  failing: "more of its requests fail, beyond what its callees explain",
  network: "time is lost between caller and callee",
  cpu: "it uses more CPU",
  memory: "it uses more memory",
};

export function toSuspectService({ signals, ...suspect }: Suspect, symptom: Symptom | undefined): SuspectService {
  const worthSaying = signals.filter(({ strength }, index) => index === 0 || strength > leastStrength);
  return { ...suspect, evidence: worthSaying.map((signal) => toEvidence(signal, symptom)) };
}

function toEvidence({ service: _, ...signal }: Signal, symptom?: Symptom): FailureEvidence {
  const { kind, edge, strength, share } = signal;
  const far = `${strength.toFixed(1)} times as far as it usually goes`;
  return { ...signal, message: `${saying[kind]}${place(edge)}: ${far}${ofSymptom(share, symptom)}` };
}

const place = (edge: FailureEvidence["edge"]): string => (edge ? ` (${edge.caller} to ${edge.callee})` : "");

function ofSymptom(share: number | null, symptom?: Symptom): string {
  if (share === null || !symptom) return "";
  const whole = symptom.metric === "latency" ? "usual time" : "requests";
  return `, which is ${(share * 100).toFixed(1)} % of ${symptom.service}'s ${whole}`;
}
