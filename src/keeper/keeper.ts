// The keeper's state and rules: holds sockets, keeps workers and the controller running, answers the controller.
// Parses no traffic and knows no spec; everything it needs to be succeeded is told to the workers at each change.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { identify } from "../system/proc.js";
import { ControllerGuard } from "./controller-guard.js";
import type { Identity, KeeperState, WorkerToKeeper } from "./ipc.js";
import type { KeeperAnswer, KeeperNotice, KeeperRequest, ListenRequest, ListenResult, WorkerInfo } from "./protocol.js";
import { Sockets } from "./sockets.js";
import { type WorkerExit, WorkerSlot } from "./worker-slot.js";

export interface KeeperOptions {
  readonly runtimeFolder: string;
  readonly logsFolder: string;
  readonly workerCount: number;
  readonly notify: (notice: KeeperNotice) => void;
  readonly onEnd: () => void;
}

/** A worker that does not answer about a new socket by then is not waited for: it gets it when it is ready. */
const holdLimitMs = 2_000;
/** A worker that dies younger than this was not killed by chance: its successor waits a little. */
const youngMs = 1_000;
const retryMs = 500;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #identity: Identity;
  readonly #sockets = new Sockets();
  readonly #workers = new Map<number, WorkerSlot>();
  readonly #guard: ControllerGuard;
  readonly #holds = new Map<string, (error: string | null) => void>();
  #workerCount: number;
  #ending = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#workerCount = options.workerCount;
    this.#identity = { pid: process.pid, startTicks: identify(process.pid)?.startTicks ?? 0 };
    mkdirSync(options.runtimeFolder, { recursive: true, mode: 0o700 });
    mkdirSync(options.logsFolder, { recursive: true });
    this.#guard = new ControllerGuard({
      logsFolder: options.logsFolder,
      onRestarted: (previousPid, pid) => options.notify({ type: "controller-restarted", previousPid, pid }),
      onChange: () => this.#tellState(),
    });
  }

  start(controllerCommand: readonly string[] | null): void {
    if (controllerCommand) this.#guard.start(controllerCommand);
    this.#fillWorkers();
  }

  /** Goes on where a dead keeper was, with the worker that started us. */
  succeed(message: Extract<WorkerToKeeper, { type: "succeed" }>): void {
    const { state, slot, worker, socket } = message;
    message.names.forEach((name, index) => {
      const listener = state.listeners.find((entry) => entry.name === name);
      if (listener) this.#sockets.inherit(listener, message.firstDescriptor + index);
    });
    const adopted = WorkerSlot.parent(slot, worker, socket, this.#handlersOf(slot, worker.pid));
    this.#workers.set(slot, adopted);
    this.#guard.watch(state.controller);
    this.#tellState();
    this.#fillWorkers();
    this.#options.notify({ type: "keeper-succeeded", previousPid: state.keeper.pid, pid: process.pid });
  }

  async answer(request: KeeperRequest): Promise<KeeperAnswer> {
    switch (request.type) {
      case "hello":
        this.#guard.watch({ pid: request.pid, startTicks: request.startTicks, restart: request.restart });
        return { type: "hello", keeperPid: process.pid, workers: this.#infos(), listeners: this.#results() };
      case "listen":
        return { type: "listen", results: await this.#listen(request.listeners) };
      case "workers":
        this.#resize(request.count);
        return { type: "workers", workers: this.#infos() };
      case "status":
        return {
          type: "status",
          keeperPid: process.pid,
          controllerPid: this.#guard.watched?.pid ?? null,
          workers: this.#infos(),
          listeners: this.#results(),
        };
      case "shutdown":
        await this.end(request.drainMs);
        return { type: "shutdown" };
      default:
        return { type: "error", message: `unknown request ${JSON.stringify((request as { type?: unknown }).type)}` };
    }
  }

  /** Ends the workers, then closes the sockets. The process ends when `onEnd` lets it. */
  async end(drainMs: number): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#guard.stop();
    for (const worker of this.#workers.values()) worker.send({ type: "stop", drainMs });
    await this.#untilNoWorker(drainMs + 2_000);
    for (const worker of this.#workers.values()) killWorker(worker);
    this.#sockets.closeAll();
    rmSync(join(this.#options.runtimeFolder, "keeper.sock"), { force: true });
    this.#options.onEnd();
  }

  // --- sockets

  async #listen(wanted: readonly ListenRequest[]): Promise<ListenResult[]> {
    const names = new Set(wanted.map((listener) => listener.name));
    for (const { name } of this.#sockets.entries()) {
      if (names.has(name)) continue;
      this.#sockets.close(name);
      for (const worker of this.#workers.values()) worker.send({ type: "close", name });
    }
    const results = await Promise.all(wanted.map((listener) => this.#listenOne(listener)));
    this.#tellState();
    return results;
  }

  async #listenOne(request: ListenRequest): Promise<ListenResult> {
    const { result, opened } = this.#sockets.open(request);
    if (!opened) return result;
    const answers = [...this.#workers.values()].map((worker) => this.#hand(worker, request.name));
    const failed = (await Promise.all(answers)).find((error) => error !== null);
    return (failed && this.#sockets.fail(request.name, failed)) || result;
  }

  /** Resolves to null when the worker listens on it, or to the system's error code. */
  #hand(worker: WorkerSlot, name: string): Promise<string | null> {
    const held = this.#sockets.entries().find((entry) => entry.name === name);
    if (!held) return Promise.resolve(null);
    return new Promise((resolve) => {
      const key = `${worker.identity.pid}/${name}`;
      const timer = setTimeout(() => done(null), holdLimitMs);
      const done = (error: string | null): void => {
        clearTimeout(timer);
        this.#holds.delete(key);
        resolve(error);
      };
      this.#holds.set(key, done);
      worker.send({ type: "listener", name }, held.socket);
    });
  }

  #results(): ListenResult[] {
    return this.#sockets.entries().map(({ name, boundPort }) => ({ name, ok: true, port: boundPort }));
  }

  // --- workers

  #resize(count: number): void {
    this.#workerCount = Math.max(1, Math.min(64, Math.trunc(count)));
    for (const [slot, worker] of this.#workers) {
      if (slot > this.#workerCount) worker.send({ type: "stop", drainMs: 30_000 });
    }
    this.#fillWorkers();
    this.#tellState();
  }

  #fillWorkers(): void {
    for (let slot = 1; slot <= this.#workerCount; slot++) if (!this.#workers.has(slot)) this.#startWorker(slot, null);
  }

  #startWorker(slot: number, replaces: number | null): void {
    const { runtimeFolder, logsFolder } = this.#options;
    let pid = -1;
    const worker = WorkerSlot.fork(
      { slot, runtimeFolder, logFile: join(logsFolder, `worker-${slot}.log`) },
      {
        onMessage: (message) => this.#onMessage(worker, message, replaces),
        onExit: (exit) => this.#onExit(slot, pid, exit),
      },
    );
    pid = worker.identity.pid;
    this.#workers.set(slot, worker);
    worker.send({ type: "state", state: this.#state() });
    for (const { name } of this.#sockets.entries()) void this.#hand(worker, name);
  }

  #handlersOf(slot: number, pid: number): Parameters<typeof WorkerSlot.parent>[3] {
    return {
      onMessage: (message) => this.#onMessage(this.#workers.get(slot), message, null),
      onExit: (exit) => this.#onExit(slot, pid, exit),
    };
  }

  #onMessage(worker: WorkerSlot | undefined, message: WorkerToKeeper, replaces: number | null): void {
    if (!worker) return;
    if (message.type === "holding") this.#holds.get(`${worker.identity.pid}/${message.name}`)?.(message.error);
    if (message.type === "serving") {
      worker.state = "serving";
      this.#options.notify({ type: "worker-started", worker: worker.info, replaces });
    }
  }

  #onExit(slot: number, pid: number, { code, signal }: WorkerExit): void {
    const worker = this.#workers.get(slot);
    if (worker?.identity.pid !== pid) return;
    this.#workers.delete(slot);
    for (const [key, done] of [...this.#holds]) if (key.startsWith(`${pid}/`)) done(null);
    this.#options.notify({ type: "worker-exited", slot, pid, code, signal });
    if (this.#ending || slot > this.#workerCount) return;
    const delayMs = performance.now() - worker.startedAt < youngMs ? retryMs : 0;
    if (delayMs === 0) this.#startWorker(slot, pid);
    else setTimeout(() => this.#replace(slot, pid), delayMs);
  }

  #replace(slot: number, pid: number): void {
    if (!this.#ending && slot <= this.#workerCount && !this.#workers.has(slot)) this.#startWorker(slot, pid);
  }

  #infos(): WorkerInfo[] {
    return [...this.#workers.values()].filter((worker) => worker.state !== "starting").map((worker) => worker.info);
  }

  async #untilNoWorker(limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (this.#workers.size > 0 && performance.now() < deadline) await new Promise((go) => setTimeout(go, 10));
  }

  // --- succession

  #state(): KeeperState {
    return {
      keeper: this.#identity,
      runtimeFolder: this.#options.runtimeFolder,
      logsFolder: this.#options.logsFolder,
      workerCount: this.#workerCount,
      controller: this.#guard.watched,
      listeners: this.#sockets.entries().map(({ name, host, port, boundPort }) => ({ name, host, port, boundPort })),
    };
  }

  #tellState(): void {
    for (const worker of this.#workers.values()) worker.send({ type: "state", state: this.#state() });
  }
}

function killWorker({ identity }: WorkerSlot): void {
  if (identify(identity.pid)?.startTicks === identity.startTicks) process.kill(identity.pid, "SIGKILL");
}
