// Ends all processes of one tag and waits until none is left: SIGTERM, on demand SIGKILL, and again for those that were
// forked meanwhile. Cheap while the known ones live; only when they are gone all of /proc is looked at once more.
import type { Clock, Timer } from "../base/clock.js";
import type { ProcessStat, SignalName } from "../system/proc.js";
import { type ProcessTable, stillRuns } from "../system/process-table.js";
import { signalAll } from "./signals.js";

export interface ClearingOptions {
  readonly tag: string;
  readonly table: ProcessTable;
  readonly clock: Clock;
  /** Whether its end was seen by whoever started it; nothing is clear before. Default: always. */
  readonly mayEnd?: () => boolean;
  /** Called once, not before the call to `start` has returned. */
  readonly onClear: () => void;
  readonly onDenied?: (processes: readonly ProcessStat[]) => void;
}

const shortestLookMs = 5;
const longestLookMs = 50;

export class Clearing {
  readonly #options: ClearingOptions;
  #signal: SignalName = "SIGTERM";
  #known: readonly ProcessStat[] = [];
  #timer: Timer | null = null;
  #lookMs = shortestLookMs;
  #over = false;

  constructor(options: ClearingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#findAndSignal();
    this.#schedule(0);
  }

  /** From now on SIGKILL. */
  kill(): void {
    this.#signal = "SIGKILL";
    this.#findAndSignal();
    this.nudge();
  }

  /** Something happened: looks at once. */
  nudge(): void {
    this.#lookMs = shortestLookMs;
    this.#schedule(0);
  }

  /** Stops looking; the processes are left as they are. */
  cancel(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    if (this.#over) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#look(), { keepAlive: true });
  }

  #look(): void {
    if (this.#over) return;
    if (!this.#known.some(stillRuns)) this.#findAndSignal();
    if (this.#known.length === 0 && (this.#options.mayEnd?.() ?? true)) {
      this.cancel();
      this.#options.onClear();
      return;
    }
    this.#lookMs = Math.min(this.#lookMs * 2, longestLookMs);
    this.#schedule(this.#lookMs);
  }

  #findAndSignal(): void {
    const { table, tag, onDenied } = this.#options;
    table.refresh({ exact: true });
    this.#known = table.members(tag);
    const denied = signalAll(this.#known, this.#signal);
    if (denied.length === 0 || this.#signal !== "SIGKILL") return;
    // Of another user by now: told, and not waited for, because nothing that may be done would end them.
    this.#known = this.#known.filter((member) => !denied.includes(member));
    onDenied?.(denied);
  }
}

/** SIGTERM, SIGKILL after the grace period, and until nothing is left. */
export function clearTag(options: Omit<ClearingOptions, "onClear"> & { readonly graceMs: number }): Promise<void> {
  return new Promise((resolve) => {
    const clearing = new Clearing({
      ...options,
      onClear: () => {
        grace.cancel();
        resolve();
      },
    });
    const grace = options.clock.setTimer(options.graceMs, () => clearing.kill(), { keepAlive: true });
    clearing.start();
  });
}
