// Faults that are injected on purpose, to see what a system does when a service is slow or fails. Decided once for each
// request, each kind by its own chance. Every fault ends by itself at a time that was set when it was begun.
import type { Rng } from "../base/clock.js";

export interface FaultPolicy {
  /** 0: none. */
  readonly delayMs: number;
  /** Of the requests, 0 to 1. */
  readonly delayShare: number;
  /** The answer's status; 0: none. */
  readonly abortStatus: number;
  /** Of the requests, 0 to 1. */
  readonly abortShare: number;
  /** Wall time, milliseconds since the epoch; from then on nothing happens. */
  readonly untilEpochMs: number;
}

export const isFaultOver = ({ untilEpochMs }: FaultPolicy, nowEpochMs: number): boolean => nowEpochMs >= untilEpochMs;

/** How long this request is to be held, 0: not at all. */
export function drawFaultDelay({ delayMs, delayShare }: FaultPolicy, rng: Rng): number {
  return delayMs > 0 && rng() < delayShare ? delayMs : 0;
}

/** Whether this request is to be answered with the fault's status instead of being sent. */
export function drawFaultAbort({ abortStatus, abortShare }: FaultPolicy, rng: Rng): boolean {
  return abortStatus > 0 && rng() < abortShare;
}
