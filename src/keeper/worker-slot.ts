// One proxy worker as the keeper sees it: forked here, or the one that called this keeper as its successor.
import { fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { identify } from "../system/proc.js";
import type { Identity, KeeperToWorker, WorkerToKeeper } from "./ipc.js";
import type { NativeSocket } from "./native-socket.js";
import type { WorkerBoot, WorkerInfo } from "./protocol.js";

const workerEntry = fileURLToPath(new URL("../proxy/worker.js", import.meta.url));
/** A proxy keeps little and makes much short-lived garbage; small spaces keep its resident size down. */
const workerFlags = ["--max-semi-space-size=2", "--max-old-space-size=512"];

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The process at the other end of the channel, child or parent. */
interface Peer {
  send(message: KeeperToWorker, socket?: NativeSocket): void;
}

export interface WorkerHandlers {
  readonly onMessage: (message: WorkerToKeeper) => void;
  readonly onExit: (exit: WorkerExit) => void;
}

export class WorkerSlot {
  readonly slot: number;
  readonly identity: Identity;
  readonly startedAt = performance.now();
  state: WorkerInfo["state"] = "starting";
  readonly #peer: Peer;
  readonly #socket: string;

  private constructor(slot: number, identity: Identity, socket: string, peer: Peer) {
    this.slot = slot;
    this.identity = identity;
    this.#socket = socket;
    this.#peer = peer;
  }

  get info(): WorkerInfo {
    return { slot: this.slot, ...this.identity, socket: this.#socket, state: this.state };
  }

  send(message: KeeperToWorker, socket?: NativeSocket): void {
    this.#peer.send(message, socket);
  }

  static fork(boot: WorkerBoot, handlers: WorkerHandlers): WorkerSlot {
    const log = openSync(boot.logFile, "a");
    const child = fork(workerEntry, [JSON.stringify(boot)], {
      stdio: ["ignore", log, log, "ipc"],
      execArgv: [...process.execArgv, ...workerFlags],
    });
    closeSync(log);
    child.on("message", (message) => handlers.onMessage(message as WorkerToKeeper));
    child.once("exit", (code, signal) => handlers.onExit({ code, signal }));
    const pid = child.pid ?? -1;
    const identity = { pid, startTicks: identify(pid)?.startTicks ?? 0 };
    const peer: Peer = {
      // A child that has just died: its exit is reported, and its successor gets everything anew.
      send: (message, socket) => child.connected && child.send(message, socket as never, ignoreError),
    };
    return new WorkerSlot(boot.slot, identity, join(boot.runtimeFolder, `worker-${boot.slot}.sock`), peer);
  }

  /** The worker that started this keeper: our parent. */
  static parent(slot: number, identity: Identity, socket: string, handlers: WorkerHandlers): WorkerSlot {
    process.on("message", (message) => handlers.onMessage(message as WorkerToKeeper));
    process.once("disconnect", () => handlers.onExit({ code: null, signal: null }));
    const peer: Peer = {
      send: (message, socket) => process.connected && process.send?.(message, socket as never, undefined, ignoreError),
    };
    const worker = new WorkerSlot(slot, identity, socket, peer);
    worker.state = "serving";
    return worker;
  }
}

function ignoreError(_error: Error | null): void {
  // The channel closed while sending: the exit of that worker says so too.
}
