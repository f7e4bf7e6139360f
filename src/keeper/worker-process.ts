// One proxy worker as the keeper sees it: forked here, or the one that called this keeper as its successor.
// Turns its messages into answers to what it was asked; decides nothing.
import { fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { identify } from "../system/proc.js";
import type { Identity, KeeperToWorker, WorkerToKeeper } from "./ipc.js";
import type { NativeSocket } from "./native-socket.js";
import type { WorkerBoot, WorkerInfo } from "./protocol.js";

const workerEntry = fileURLToPath(new URL("../proxy/worker.js", import.meta.url));
/** A proxy keeps little and makes much short-lived garbage: room for it costs memory under load, and saves a tenth of the CPU. */
const workerFlags = ["--max-semi-space-size=8", "--max-old-space-size=512"];
/** For a worker to say that it listens, or does not any more. It gets its sockets anew if it is replaced. */
const answerMs = 5_000;

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface WorkerEvents {
  readonly onServing: (worker: WorkerProcess) => void;
  /** It ends because somebody else told it to. */
  readonly onDraining: (worker: WorkerProcess) => void;
  readonly onExit: (worker: WorkerProcess, exit: WorkerExit) => void;
}

/** The process at the other end of the channel, child or parent. */
interface Peer {
  send(message: KeeperToWorker, socket?: NativeSocket): void;
}

export class WorkerProcess {
  readonly slot: number;
  readonly identity: Identity;
  /** Pid of the one whose place it takes. */
  readonly replaces: number | null;
  readonly startedAt = performance.now();
  state: WorkerInfo["state"] = "starting";
  readonly #peer: Peer;
  readonly #socket: string;
  readonly #events: WorkerEvents;
  readonly #asked = new Map<string, (error: string | null) => void>();
  #equipped: Promise<unknown> = Promise.resolve();
  #gone = false;

  private constructor(
    place: {
      readonly slot: number;
      readonly identity: Identity;
      readonly socket: string;
      readonly replaces: number | null;
    },
    peer: Peer,
    events: WorkerEvents,
  ) {
    this.slot = place.slot;
    this.identity = place.identity;
    this.replaces = place.replaces;
    this.#socket = place.socket;
    this.#peer = peer;
    this.#events = events;
  }

  get info(): WorkerInfo {
    return { slot: this.slot, ...this.identity, socket: this.#socket, state: this.state };
  }

  send(message: KeeperToWorker): void {
    this.#peer.send(message);
  }

  /** What it starts with: it counts as serving when it listens on all of them. */
  equip(sockets: readonly { readonly name: string; readonly socket: NativeSocket }[]): void {
    this.#equipped = Promise.all(sockets.map(({ name, socket }) => this.hold(name, socket)));
  }

  /** Null: it listens on it, or is gone. Else the system's error code. */
  hold(name: string, socket: NativeSocket): Promise<string | null> {
    const answer = this.#ask(`holding ${name}`);
    this.#peer.send({ type: "listener", name }, socket);
    return answer;
  }

  /** Resolves when it accepts no more on it. */
  release(name: string): Promise<string | null> {
    const answer = this.#ask(`closed ${name}`);
    this.#peer.send({ type: "close", name });
    return answer;
  }

  kill(signal: NodeJS.Signals): void {
    const { pid, startTicks } = this.identity;
    if (identify(pid)?.startTicks === startTicks) process.kill(pid, signal);
  }

  static fork(boot: WorkerBoot, replaces: number | null, events: WorkerEvents): WorkerProcess {
    const log = openSync(boot.logFile, "a");
    const child = fork(workerEntry, [JSON.stringify(boot)], {
      stdio: ["ignore", log, log, "ipc"],
      execArgv: workerFlags,
    });
    closeSync(log);
    const pid = child.pid ?? -1;
    const place = {
      slot: boot.slot,
      identity: { pid, startTicks: identify(pid)?.startTicks ?? 0 },
      socket: join(boot.runtimeFolder, `worker-${boot.slot}.sock`),
      replaces,
    };
    const peer: Peer = {
      // A child that has just died: its exit is reported, and its successor gets everything anew.
      send: (message, socket) => child.connected && child.send(message, socket as never, ignoreError),
    };
    const worker = new WorkerProcess(place, peer, events);
    child.on("message", (message) => worker.#onMessage(message as WorkerToKeeper));
    child.once("exit", (code, signal) => worker.#onExit({ code, signal }));
    // It could not be started, so there is no exit.
    child.once("error", () => worker.#onExit({ code: null, signal: null }));
    return worker;
  }

  /** The worker that started this keeper: our parent. */
  static parent(message: Extract<WorkerToKeeper, { type: "succeed" }>, events: WorkerEvents): WorkerProcess {
    const { slot, worker: identity, socket } = message;
    const peer: Peer = {
      send: (sent, handle) => process.connected && process.send?.(sent, handle as never, undefined, ignoreError),
    };
    const worker = new WorkerProcess({ slot, identity, socket, replaces: null }, peer, events);
    worker.state = "serving";
    process.on("message", (received) => worker.#onMessage(received as WorkerToKeeper));
    process.once("disconnect", () => worker.#onExit({ code: null, signal: null }));
    return worker;
  }

  #ask(key: string): Promise<string | null> {
    if (this.#gone) return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(null), answerMs);
      const done = (error: string | null): void => {
        clearTimeout(timer);
        this.#asked.delete(key);
        resolve(error);
      };
      this.#asked.set(key, done);
    });
  }

  #onMessage(message: WorkerToKeeper): void {
    switch (message.type) {
      case "holding":
        this.#asked.get(`holding ${message.name}`)?.(message.error);
        break;
      case "closed":
        this.#asked.get(`closed ${message.name}`)?.(null);
        break;
      case "serving":
        void this.#equipped.then(() => this.#serves());
        break;
      case "draining":
        this.state = "draining";
        this.#events.onDraining(this);
        break;
      case "succeed":
        break;
    }
  }

  #serves(): void {
    if (this.#gone || this.state !== "starting") return;
    this.state = "serving";
    this.#events.onServing(this);
  }

  #onExit(exit: WorkerExit): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const settle of [...this.#asked.values()]) settle(null);
    this.#events.onExit(this, exit);
  }
}

function ignoreError(_error: Error | null): void {
  // The channel closed while sending: the exit of that worker says so too.
}
