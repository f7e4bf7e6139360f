// Long work in steps: a generator that yields where something else may be done first. The same code runs at once, or with
// the traffic of a worker between its steps.
import { setImmediate as turn } from "node:timers/promises";

export type Steps<Result> = Generator<void, Result>;

/** Of a large table, looked at without a break: one or two milliseconds. */
export const endpointsInStep = 2_500;

export function runToEnd<Result>(steps: Steps<Result>): Result {
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** Each step in a turn of the event loop of its own. */
export async function runInTurns<Result>(steps: Steps<Result>): Promise<Result> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    await turn();
  }
}
