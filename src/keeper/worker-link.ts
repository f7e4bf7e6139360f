// The worker's end of the keeper: receives sockets, and when the keeper is gone without having said so, starts its
// successor and hands the sockets on by inheritance. Serves no traffic itself.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { identify } from "../system/proc.js";
import type { KeeperState, KeeperToWorker, WorkerToKeeper } from "./ipc.js";
import { keeperEntry, keeperFlags } from "./start-keeper.js";

export interface WorkerLinkOptions {
  readonly slot: number;
  /** Path of this worker's own Unix socket. */
  readonly socket: string;
  /** A bound socket to accept on: give it to `server.listen`. Rejects with the system's error when that fails. */
  readonly onListener: (name: string, handle: object) => Promise<void>;
  readonly onClose: (name: string) => void;
  readonly onStop: (drainMs: number) => void;
  /** Name and descriptor of every listening socket. */
  readonly descriptors: () => readonly { readonly name: string; readonly fd: number }[];
}

/** How often a worker that is not the one to call the successor looks for it. */
const lookMs = 100;

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
    process.once("disconnect", () => this.#onKeeperGone());
  }

  /** The worker runs its plan and accepts. */
  serving(): void {
    this.#send({ type: "serving", socket: this.#options.socket });
  }

  #send(message: WorkerToKeeper): void {
    const ignoreError = (): void => {
      // The keeper died while we sent: its end of the channel says so too.
    };
    if (this.#successor?.connected) this.#successor.send(message, ignoreError);
    else if (process.connected) process.send?.(message, undefined, undefined, ignoreError);
  }

  #onMessage(message: KeeperToWorker, handle: object | undefined): void {
    const { onListener, onClose, onStop } = this.#options;
    switch (message.type) {
      case "state":
        this.#state = message.state;
        break;
      case "listener":
        onListener(message.name, handle ?? {}).then(
          () => this.#send({ type: "holding", name: message.name, error: null }),
          (error: NodeJS.ErrnoException) =>
            this.#send({ type: "holding", name: message.name, error: error.code ?? "EINVAL" }),
        );
        break;
      case "close":
        onClose(message.name);
        break;
      case "stop":
        this.#stopping = true;
        onStop(message.drainMs);
        break;
    }
  }

  #onKeeperGone(): void {
    this.#successor = null;
    if (this.#stopping || this.#state === null) return;
    const claim = claimOf(this.#state);
    if (tryClaim(claim)) this.#callSuccessor(this.#state);
    else this.#awaitReplacement(this.#state, claim);
  }

  #callSuccessor(state: KeeperState): void {
    const { slot, socket, descriptors } = this.#options;
    const self = identify(process.pid);
    if (self === null) return;
    const listening = descriptors();
    const log = openSync(join(state.logsFolder, "keeper.log"), "a");
    const child = spawn(process.execPath, [...keeperFlags, keeperEntry, "--successor"], {
      detached: true,
      stdio: ["ignore", log, log, "ipc", ...listening.map(({ fd }) => fd)],
    });
    closeSync(log);
    this.#successor = child;
    child.on("message", (message, handle) => this.#onMessage(message as KeeperToWorker, handle as object | undefined));
    // One of the two comes, or both: a successor that dies is succeeded like the first.
    let gone = false;
    const onGone = (): void => {
      if (gone) return;
      gone = true;
      rmSync(claimOf(state), { force: true });
      this.#onKeeperGone();
    };
    child.once("error", onGone);
    child.once("exit", onGone);
    child.send({
      type: "succeed",
      state,
      slot,
      worker: { pid: self.pid, startTicks: self.startTicks },
      socket,
      names: listening.map(({ name }) => name),
      firstDescriptor: 4,
    } satisfies WorkerToKeeper);
    child.unref();
  }

  /** Another worker calls the successor, which starts a new worker in our place: when that serves, we are done. */
  #awaitReplacement(state: KeeperState, claim: string): void {
    const look = async (): Promise<void> => {
      if (this.#stopping) return;
      const replacement = await servingPid(join(state.runtimeFolder, "keeper.sock"), this.#options.slot);
      if (replacement !== null && replacement !== process.pid) {
        this.#stopping = true;
        this.#options.onStop(30_000);
        return;
      }
      if (replacement === null && !isHeld(claim)) {
        rmSync(claim, { force: true });
        if (tryClaim(claim)) return this.#callSuccessor(state);
      }
      setTimeout(() => void look(), lookMs);
    };
    setTimeout(() => void look(), lookMs);
  }
}

const claimOf = (state: KeeperState): string =>
  join(state.runtimeFolder, `succession-${state.keeper.pid}-${state.keeper.startTicks}`);

/** One worker calls the successor: whoever makes the file first. It appears with its content, by a link. */
function tryClaim(path: string): boolean {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function isHeld(path: string): boolean {
  try {
    const holder = JSON.parse(readFileSync(path, "utf8")) as { pid: number; startTicks: number };
    return identify(holder.pid)?.startTicks === holder.startTicks;
  } catch {
    // Gone: nobody holds it.
    return false;
  }
}

/** The pid that a running keeper says serves this slot; null when no keeper answers or nobody serves yet. */
function servingPid(keeperSocket: string, slot: number): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = connect(keeperSocket);
    const give = (pid: number | null): void => {
      socket.destroy();
      resolve(pid);
    };
    socket.setTimeout(1_000, () => give(null));
    socket.once("error", () => give(null));
    socket.once("connect", () => socket.write(`${JSON.stringify({ id: 1, body: { type: "status" } })}\n`));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (!text.includes("\n")) return;
      const { body } = JSON.parse(text.slice(0, text.indexOf("\n"))) as {
        body: { workers?: { slot: number; pid: number; state: string }[] };
      };
      const serving = body.workers?.find((worker) => worker.slot === slot && worker.state === "serving");
      give(serving?.pid ?? null);
    });
  });
}
