// The root cause of a failure, or that there is none to be found. Three outcomes, because a wrong name sends people to
// the wrong service: something is wrong and this is the likeliest cause; nothing is wrong; what is known does not suffice.
import { type SuspectService, toSuspectService } from "./evidence.js";
import type { FailureData, FailureWindow } from "./failure-data.js";
import { type FailureMeasurement, measureFailure } from "./measure-failure.js";
import { findSuspects, type Suspect } from "./suspects.js";

export type { FailureEvidence, SuspectService } from "./evidence.js";
export type { FailureData } from "./failure-data.js";

/** Counts up when the same data would give another analysis. */
export const failuresVersion = "1";

export type FailureVerdict = "fault" | "nothing-wrong" | "not-enough-evidence";

export interface FailureAnalysis {
  readonly version: string;
  readonly verdict: FailureVerdict;
  /** One sentence. */
  readonly reason: string;
  readonly failure: FailureWindow;
  /** Best first; empty when nothing is wrong. Without enough evidence, where to look first, and no more than that. */
  readonly suspects: readonly SuspectService[];
  readonly measured: {
    readonly services: number;
    readonly referenceIntervals: number;
    readonly failureIntervals: number;
    readonly ignoredValues: number;
  };
}

/** A suspect is a finding when its strength is at least this; false alarms on quiet data set it (docs/fujsen/root-cause.md). */
const finding = 2;
const fewestReference = 8;
const fewestFailure = 2;
const mostSuspects = 10;

/** Throws REQUEST_INVALID for data that cannot be read; docs/fujsen/root-cause.md tells the method. */
export function analyzeServiceFailures(data: FailureData): FailureAnalysis {
  return judgeFailure(measureFailure(data));
}

export function judgeFailure(measurement: FailureMeasurement): FailureAnalysis {
  const { failure, services, referenceIntervals, failureIntervals, ignoredValues } = measurement;
  const suspects = findSuspects(measurement);
  const { verdict, reason } = judge(measurement, suspects);
  const shown = verdict === "nothing-wrong" ? [] : suspects.slice(0, mostSuspects);
  return {
    version: failuresVersion,
    verdict,
    reason,
    failure,
    suspects: shown.map((suspect) => toSuspectService(suspect, failure.symptom)),
    measured: { services, referenceIntervals, failureIntervals, ignoredValues },
  };
}

interface Judgement {
  readonly verdict: FailureVerdict;
  readonly reason: string;
}

function judge(measurement: FailureMeasurement, suspects: readonly Suspect[]): Judgement {
  const lack = whatLacks(measurement);
  if (lack !== null) return { verdict: "not-enough-evidence", reason: lack };
  const strongest = suspects.reduce((most, { strength }) => Math.max(most, strength), 0);
  const [first] = suspects;
  if (first && strongest >= finding) {
    return { verdict: "fault", reason: `${first.service} is the likeliest cause: ${kindsOf(first)}` };
  }
  if (strongest > 1) {
    return { verdict: "not-enough-evidence", reason: "what is unusual is not unusual enough to be a cause" };
  }
  return { verdict: "nothing-wrong", reason: "every service is within what is usual for it" };
}

function kindsOf({ signals, change }: Suspect): string {
  const strong = signals.filter(({ strength }) => strength > 1).map(({ kind }) => kind);
  return [...strong, ...(change ? [`${change.kind} at ${change.at}`] : [])].join(", ");
}

function whatLacks(measurement: FailureMeasurement): string | null {
  const { failure, failureIntervals, referenceIntervals, symptomMeasured } = measurement;
  if (failureIntervals < fewestFailure) return `${failureIntervals} intervals of the failure were measured`;
  if (referenceIntervals < fewestReference)
    return `only ${referenceIntervals} intervals without the failure were measured`;
  return symptomMeasured ? null : `${failure.symptom?.service} was not measured`;
}
