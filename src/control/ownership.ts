// Whether this controller still has its app: looks now and then whether the lock in the state folder is its own. One whose
// folder was removed, replaced or moved would restart for ever what no command can find. Decides nothing.
import type { Clock, Timer } from "../base/clock.js";
import type { FileLock, Holding } from "../system/lock.js";

/** One look at one file: nothing that an idle system feels. */
const periodMs = 2_000;

/** How it was lost. `taken`: another controller runs the app; `gone`: nobody does. */
export type Loss = Exclude<Holding, "held">;

export interface Ownership {
  /** As of now. */
  readonly holding: () => Holding;
  /** Resolves when it is lost; never while it is not. */
  readonly lost: Promise<Loss>;
  /** Looks no more. */
  close(): void;
}

export function watchOwnership({ lock, clock }: { readonly lock: FileLock; readonly clock: Clock }): Ownership {
  let timer: Timer;
  const lost = new Promise<Loss>((resolve) => {
    const look = (): void => {
      const holding = lock.holding();
      if (holding === "held") timer = clock.setTimer(periodMs, look);
      else resolve(holding);
    };
    timer = clock.setTimer(periodMs, look);
  });
  return { holding: lock.holding, lost, close: () => timer.cancel() };
}
