// The worker's end of the keeper: receives sockets, and when the keeper is gone without having said so, starts its
// successor and hands the sockets on by inheritance. Serves no traffic itself.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { acquireLock } from "../system/lock.js";
import { identify } from "../system/proc.js";
import type { KeeperState, KeeperToWorker, WorkerToKeeper } from "./ipc.js";
import { keeperEntry, keeperFlags } from "./start-keeper.js";

export interface WorkerLinkOptions {
  readonly slot: number;
  /** Path of this worker's own Unix socket. */
  readonly socket: string;
  /** A bound socket to accept on: give it to `server.listen`. Rejects with the system's error when that fails. */
  readonly onListener: (name: string, handle: object) => Promise<void>;
  /** Accepts no more on it when it returns. */
  readonly onClose: (name: string) => void;
  readonly onStop: (drainMs: number) => void;
  /** Name and descriptor of every listening socket. */
  readonly descriptors: () => readonly { readonly name: string; readonly fd: number }[];
}

/** Before another try, when a successor ended or another worker was to call it. */
const retryMs = 500;
/** For a worker that is left alone in a folder that is gone. */
const forsakenDrainMs = 1_000;
/** stdin, stdout, stderr and the channel come before the sockets. */
const firstDescriptor = 4;

export class WorkerLink {
  readonly #options: WorkerLinkOptions;
  #state: KeeperState | null = null;
  #successor: ChildProcess | null = null;
  #stopping = false;

  constructor(options: WorkerLinkOptions) {
    this.#options = options;
    process.on("message", (message, handle) =>
      this.#onMessage(message as KeeperToWorker, handle as object | undefined),
    );
    process.once("disconnect", () => this.#succeed());
  }

  /** The worker runs its plan and its own socket answers. */
  serving(): void {
    this.#send({ type: "serving", socket: this.#options.socket });
  }

  /** The worker ends because somebody told it to, who is not the keeper. */
  draining(): void {
    this.#stopping = true;
    this.#send({ type: "draining" });
  }

  #send(message: WorkerToKeeper): void {
    if (this.#successor?.connected) this.#successor.send(message, ignoreError);
    else if (process.connected) process.send?.(message, undefined, undefined, ignoreError);
  }

  #onMessage(message: KeeperToWorker, handle: object | undefined): void {
    switch (message.type) {
      case "state":
        this.#state = message.state;
        break;
      case "listener":
        void this.#hold(message.name, handle ?? {});
        break;
      case "close":
        this.#options.onClose(message.name);
        this.#send({ type: "closed", name: message.name });
        break;
      case "stop":
        this.#stopping = true;
        this.#options.onStop(message.drainMs);
        break;
    }
  }

  async #hold(name: string, handle: object): Promise<void> {
    try {
      await this.#options.onListener(name, handle);
      this.#send({ type: "holding", name, error: null });
    } catch (error) {
      this.#send({ type: "holding", name, error: (error as NodeJS.ErrnoException).code ?? "EINVAL" });
    }
  }

  /** The keeper is gone: one of the workers calls the next, the others are replaced by it. */
  #succeed(): void {
    this.#successor = null;
    const state = this.#state;
    if (this.#stopping) return;
    if (state === null || !existsSync(state.runtimeFolder)) {
      this.#stopping = true;
      this.#options.onStop(forsakenDrainMs);
      return;
    }
    const claim = join(state.runtimeFolder, `succession-${state.keeper.pid}-${state.keeper.startTicks}.lock`);
    const claimed = acquireLock(claim);
    if ("lock" in claimed) this.#callSuccessor(state, () => rmSync(claim, { force: true }));
    // Whoever holds the claim may die before there is a successor.
    else this.#tryAgain();
  }

  #callSuccessor(state: KeeperState, release: () => void): void {
    const { slot, socket, descriptors } = this.#options;
    const listening = descriptors();
    const log = openSync(join(state.logsFolder, "keeper.log"), "a");
    const child = spawn(process.execPath, [...keeperFlags, keeperEntry, "--successor"], {
      detached: true,
      stdio: ["ignore", log, log, "ipc", ...listening.map(({ fd }) => fd)],
    });
    closeSync(log);
    this.#successor = child;
    child.on("message", (message, handle) => this.#onMessage(message as KeeperToWorker, handle as object | undefined));
    // One of the two comes, or both. A successor that dies is succeeded like the first.
    let gone = false;
    const onGone = (): void => {
      if (gone) return;
      gone = true;
      release();
      if (this.#state === state) this.#tryAgain();
      else this.#succeed();
    };
    child.once("error", onGone).once("exit", onGone);
    const worker = { pid: process.pid, startTicks: identify(process.pid)?.startTicks ?? 0 };
    const names = listening.map(({ name }) => name);
    child.send(
      { type: "succeed", state, slot, worker, socket, names, firstDescriptor } satisfies WorkerToKeeper,
      ignoreError,
    );
    child.unref();
  }

  /** It ended before it told its own state: it could not start, or there is another keeper, which ends this worker. */
  #tryAgain(): void {
    this.#successor = null;
    setTimeout(() => this.#succeed(), retryMs);
  }
}

function ignoreError(_error: Error | null): void {
  // The other end died while we sent: the end of the channel says so too.
}
