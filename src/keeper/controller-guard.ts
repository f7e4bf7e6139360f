// Keeps the controller running: watches the one that said hello and runs its command again when it dies.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { identify } from "../system/proc.js";
import type { WatchedController } from "./ipc.js";

const pollMs = 250;
/** One that lived this long is started again at once. */
const steadyMs = 10_000;
const longestDelayMs = 30_000;

/** Ended on purpose (0), or has said why it cannot start (2): starting it again would change nothing. */
const meantExits: readonly number[] = [0, 2];

export interface GuardOptions {
  readonly logsFolder: string;
  readonly onRestarted: (previousPid: number, pid: number) => void;
  readonly onChange: () => void;
}

export class ControllerGuard {
  readonly #options: GuardOptions;
  #watched: WatchedController | null = null;
  #poll: NodeJS.Timeout | null = null;
  #delayMs = 0;
  #startedAt = 0;
  #stopped = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  get watched(): WatchedController | null {
    return this.#watched;
  }

  /** A controller said hello, or this keeper inherits one. */
  watch(controller: WatchedController | null): void {
    this.#watched = controller;
    this.#poll ??= setInterval(() => this.#look(), pollMs);
    this.#options.onChange();
  }

  start(command: readonly string[]): void {
    const [program = process.execPath, ...args] = command;
    const log = openSync(join(this.#options.logsFolder, "controller.log"), "a");
    const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log] });
    closeSync(log);
    const pid = child.pid ?? -1;
    const startTicks = identify(pid)?.startTicks ?? 0;
    this.#startedAt = performance.now();
    this.watch({ pid, startTicks, restart: command });
    child.once("error", () => this.#gone(pid, startTicks));
    child.once("exit", (code) => {
      if (code !== null && meantExits.includes(code)) this.#forget(pid, startTicks);
      else this.#gone(pid, startTicks);
    });
  }

  stop(): void {
    this.#stopped = true;
    if (this.#poll) clearInterval(this.#poll);
  }

  /** For a controller that is not our child. */
  #look(): void {
    const watched = this.#watched;
    if (watched && identify(watched.pid)?.startTicks !== watched.startTicks)
      this.#gone(watched.pid, watched.startTicks);
  }

  #forget(pid: number, startTicks: number): void {
    if (this.#watched?.pid !== pid || this.#watched.startTicks !== startTicks) return;
    this.#watched = null;
    this.#options.onChange();
  }

  #gone(pid: number, startTicks: number): void {
    const watched = this.#watched;
    // Another controller has said hello since, or this death was seen already.
    if (this.#stopped || watched?.pid !== pid || watched.startTicks !== startTicks) return;
    this.#watched = null;
    const { restart } = watched;
    this.#options.onChange();
    if (restart === null) return;
    const steady = performance.now() - this.#startedAt > steadyMs;
    this.#delayMs = steady ? 0 : Math.min(longestDelayMs, this.#delayMs === 0 ? 1 : this.#delayMs * 2 + 1000);
    setTimeout(() => {
      if (this.#stopped || this.#watched !== null) return;
      this.start(restart);
      this.#options.onRestarted(pid, this.#watched === null ? -1 : (this.#watched as WatchedController).pid);
    }, this.#delayMs);
  }
}
