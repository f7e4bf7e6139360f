// Keeps the controller running: watches the one that said hello and runs its command again when it dies.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { identify } from "../system/proc.js";
import type { Identity, WatchedController } from "./ipc.js";
import { type BackoffPolicy, nextStart, restedBackoff } from "./restart-backoff.js";

/** For a controller that is not our child: nobody tells of its end. */
const pollMs = 500;
const backoff: BackoffPolicy = { steadyMs: 10_000, firstDelayMs: 1_000, longestDelayMs: 30_000 };

/** Ended on purpose (0), or has said why it cannot run (2): starting it again would change nothing. */
const meantExits: readonly (number | null)[] = [0, 2];

export interface GuardOptions {
  readonly logsFolder: string;
  readonly onRestarted: (previousPid: number, pid: number) => void;
  /** The first controller of a new system ended by itself before it had said hello: there is nothing to keep. */
  readonly onFirstFailed: () => void;
  readonly onChange: () => void;
}

export class ControllerGuard {
  readonly #options: GuardOptions;
  #watched: WatchedController | null = null;
  #since = 0;
  #backoff = restedBackoff;
  #poll: NodeJS.Timeout | null = null;
  #pause: NodeJS.Timeout | null = null;
  #anyHello = false;
  #stopped = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  get watched(): WatchedController | null {
    return this.#watched;
  }

  /** A controller said hello, or this keeper inherits one. The latest is the one that counts. */
  watch(controller: WatchedController | null): void {
    this.#anyHello = true;
    this.#set(controller);
  }

  /** Somebody else has started it, and it will say hello. */
  expect(controller: WatchedController): void {
    // It may have said hello already.
    if (!this.#anyHello) this.#set(controller);
  }

  start(command: readonly string[]): void {
    const [program = process.execPath, ...args] = command;
    const log = openSync(join(this.#options.logsFolder, "controller.log"), "a");
    const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log] });
    closeSync(log);
    const pid = child.pid ?? -1;
    const identity = { pid, startTicks: identify(pid)?.startTicks ?? 0 };
    this.#set({ ...identity, restart: command });
    child.once("error", () => this.#onDeath(identity));
    child.once("exit", (code) => this.#onExit(identity, code));
  }

  stop(): void {
    this.#stopped = true;
    if (this.#poll) clearInterval(this.#poll);
    if (this.#pause) clearTimeout(this.#pause);
  }

  /** Whether the watched one still runs. */
  look(): void {
    const watched = this.#watched;
    if (watched && identify(watched.pid)?.startTicks !== watched.startTicks) this.#onDeath(watched);
  }

  #set(controller: WatchedController | null): void {
    if (this.#stopped) return;
    if (controller?.pid !== this.#watched?.pid) this.#since = performance.now();
    this.#watched = controller;
    this.#poll ??= setInterval(() => this.look(), pollMs);
    this.#options.onChange();
  }

  #onExit(identity: Identity, code: number | null): void {
    if (!this.#isWatched(identity)) return;
    if (!meantExits.includes(code)) {
      this.#onDeath(identity);
      return;
    }
    this.#watched = null;
    this.#options.onChange();
    if (!this.#anyHello) this.#options.onFirstFailed();
  }

  #onDeath(identity: Identity): void {
    const watched = this.#watched;
    // Another controller has said hello since, or this death was seen already.
    if (this.#stopped || watched === null || !this.#isWatched(identity)) return;
    this.#watched = null;
    this.#options.onChange();
    const { restart } = watched;
    if (restart === null) return;
    const next = nextStart(this.#backoff, performance.now() - this.#since, backoff);
    this.#backoff = next.state;
    this.#pause = setTimeout(() => this.#restart(restart, identity.pid), next.delayMs);
  }

  #restart(command: readonly string[], previousPid: number): void {
    if (this.#stopped || this.#watched !== null) return;
    this.start(command);
    this.#options.onRestarted(previousPid, this.#watched === null ? -1 : (this.#watched as WatchedController).pid);
  }

  #isWatched({ pid, startTicks }: Identity): boolean {
    return this.#watched?.pid === pid && this.#watched.startTicks === startTicks;
  }
}
