// When the controller may go on with what nobody waits for: while instances keep every processor busy starting, whatever
// it did beside them would make them later. Looks at the processors themselves, because an instance that is not ready may
// just as well be waiting for something else.
import type { Clock } from "../base/clock.js";
import type { ReadonlyWatchable, Unsubscribe } from "../base/watchable.js";
import type { InstanceView } from "../orchestrator/orchestrator.js";

export interface ProcessorWait {
  readonly clock: Clock;
  readonly processors: number;
  /** Milliseconds that all processors together have been idle so far. */
  readonly idleMs: () => number;
  /** Longest wait, in milliseconds. */
  readonly limitMs: number;
}

const lookMs = 100;
/** Of one processor, over one look: less is what a busy machine has between two tasks. */
const freeShare = 0.7;

/**
 * Resolves when fewer instances are starting than there are processors, when most of a processor was idle for a moment, or
 * at the limit. Adopted instances run already and do not count.
 */
export function processorFree(
  instances: ReadonlyWatchable<ReadonlyMap<string, InstanceView>>,
  { clock, processors, idleMs, limitMs }: ProcessorWait,
): Promise<void> {
  return new Promise((resolve) => {
    const startedAt = clock.monotonic();
    let unwatch: Unsubscribe = () => {};
    let timer = { cancel: (): void => {} };
    const done = (): void => {
      timer.cancel();
      unwatch();
      resolve();
    };
    const lookAgain = (from: number, idleBefore: number): void => {
      timer = clock.setTimer(
        lookMs,
        () => {
          const now = clock.monotonic();
          const idle = idleMs();
          if (idle - idleBefore >= freeShare * (now - from) || now - startedAt >= limitMs) done();
          else lookAgain(now, idle);
        },
        { keepAlive: true },
      );
    };
    const lookAtInstances = (): void => {
      const starting = [...instances.get().values()].filter((view) => !view.ready && !view.adopted);
      if (starting.length < processors) done();
    };
    lookAgain(startedAt, idleMs());
    unwatch = instances.watch(lookAtInstances);
    lookAtInstances();
  });
}
