// What all drills share: how long they run, what they report, and the load that every one of them is under.
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Load, LoadOptions } from "./load.js";
import { startLoadProcess } from "./load-process.js";
import { describeLoad, type LoadReport } from "./load-report.js";

/** `TUSK_DRILLS=long` is the form whose figures count; the short form runs with all the other tests. */
export const isLong = process.env.TUSK_DRILLS === "long";

/** Picks by form, milliseconds or counts. */
export function byForm(short: number, long: number): number {
  return isLong ? long : short;
}

/** 200 requests/s, open loop, 32 connections, in a process of its own; ended with the test at the latest. */
export async function underLoad(t: TestContext, options: LoadOptions): Promise<Load> {
  const load = startLoadProcess({ ratePerSecond: 200, connections: 32, ...options });
  t.after(() => load.stop().catch(() => undefined));
  await load.started;
  return load;
}

export function tell(t: TestContext, title: string, report: LoadReport): void {
  t.diagnostic(`${title}: ${describeLoad(report)}`);
}

/** Calls `act` every `periodMs` until `endsAt` (performance.now()), counted from now, never two at once. */
export async function every(periodMs: number, endsAt: number, act: () => Promise<void>): Promise<void> {
  for (let due = performance.now() + periodMs; due < endsAt; due += periodMs) {
    await delay(Math.max(0, due - performance.now()));
    await act();
  }
}

/** Lets the load go on for a while: the one wait of the drills that is a duration, because load over time is what they are about. */
export function letRun(ms: number): Promise<void> {
  return delay(ms);
}
