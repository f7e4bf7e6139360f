// `fault` from its written form: percentages filled in, time in milliseconds.
import type { FaultSpec } from "./app-spec.js";
import { toMs } from "./duration.js";
import type { FaultFile } from "./fault-schema.js";

export function normaliseFault({ delay, abort, until }: FaultFile): FaultSpec {
  return {
    ...(delay === undefined ? {} : { delay: { timeMs: toMs(delay.time), percentage: delay.percentage ?? 100 } }),
    ...(abort === undefined ? {} : { abort: { status: abort.status, percentage: abort.percentage ?? 100 } }),
    until,
  };
}

/** The part with the fault, or none. */
export function withFault(file: FaultFile | undefined): { readonly fault?: FaultSpec } {
  return file === undefined ? {} : { fault: normaliseFault(file) };
}
