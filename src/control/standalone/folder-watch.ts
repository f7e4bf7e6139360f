// Calls back when a folder of objects has changed and rests: a file that is still being written may be sound and half of
// itself. Looks at the files' times and sizes, which works on every file system and through symbolic links.
import type { Clock, Timer } from "../../base/clock.js";
import { type ObjectFolder, type Stamps, sameStamps } from "./object-folder.js";

const periodMs = 100;
/** A look may take this share of the time, however many files there are. */
const effort = 0.05;

export interface FolderWatchOptions {
  readonly folder: ObjectFolder;
  readonly clock: Clock;
  /** What was read at the start. */
  readonly known: Stamps;
  /** The next look comes when it is done. */
  readonly onChange: () => Promise<void>;
}

export function watchFolder({ folder, clock, known, onChange }: FolderWatchOptions): { close(): void } {
  let applied = known;
  let seen: Stamps | null = known;
  let timer: Timer;
  let closed = false;
  const look = async (): Promise<number> => {
    const startedAt = clock.monotonic();
    const now = folder.look();
    const tookMs = clock.monotonic() - startedAt;
    if (now !== null && seen !== null && sameStamps(now, seen) && !sameStamps(now, applied)) {
      applied = now;
      await onChange();
    }
    seen = now;
    return tookMs;
  };
  const schedule = (delayMs: number): void => {
    timer = clock.setTimer(delayMs, () => {
      void look().then((tookMs) => {
        if (!closed) schedule(Math.max(periodMs, tookMs / effort));
      });
    });
  };
  schedule(periodMs);
  return {
    close: () => {
      closed = true;
      timer.cancel();
    },
  };
}
