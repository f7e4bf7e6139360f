// All that the judgement of a failure rests on, in a size that depends on the number of services alone: what a decision
// record keeps of hours of measurements.
import type { ChangeEvent, FailureData, FailureWindow } from "./failure-data.js";
import { compare } from "./names.js";
import { observe } from "./observations.js";
import type { Observations } from "./observed.js";
import { median } from "./robust.js";
import { findSignals, type Signal } from "./signals.js";

export interface FailureMeasurement {
  readonly failure: FailureWindow;
  readonly changes: readonly ChangeEvent[];
  /** Strongest first. */
  readonly signals: readonly Signal[];
  /** The symptom's service and all that it depends on; null without a symptom. */
  readonly dependencies: readonly string[] | null;
  /** By service: requests in the failure, compared to the usual. */
  readonly loads: readonly (readonly [service: string, load: number])[];
  readonly symptomMeasured: boolean;
  readonly services: number;
  readonly referenceIntervals: number;
  readonly failureIntervals: number;
  readonly ignoredValues: number;
}

/** Throws REQUEST_INVALID. */
export function measureFailure(data: FailureData): FailureMeasurement {
  const observations = observe(data);
  const { symptom } = data.failure;
  const { intervals, services, ignoredValues } = observations;
  return {
    failure: data.failure,
    changes: data.changes ?? [],
    signals: findSignals(observations, symptom),
    dependencies: symptom ? [...dependencies(observations.callees, symptom.service)].sort(compare) : null,
    loads: [...services.keys()].flatMap((service) => loadOf(observations, service)),
    symptomMeasured: symptom === undefined || services.has(symptom.service),
    services: services.size,
    referenceIntervals: intervals.reference.length,
    failureIntervals: intervals.failure.length,
    ignoredValues,
  };
}

/** The service itself and all that it calls, directly or not; cycles end. */
export function dependencies(callees: ReadonlyMap<string, readonly string[]>, service: string): Set<string> {
  const found = new Set([service]);
  for (const caller of found) for (const callee of callees.get(caller) ?? []) found.add(callee);
  return found;
}

function loadOf({ services, intervals }: Observations, service: string): [string, number][] {
  const requests = services.get(service)?.requests;
  if (!requests) return [];
  const levelOver = (indexes: readonly number[]): number =>
    median(indexes.map((index) => requests[index] ?? Number.NaN));
  const load = levelOver(intervals.failure) / levelOver(intervals.reference);
  return Number.isFinite(load) ? [[service, load]] : [];
}
