// Keeps the wanted number of workers running: one in each slot, replaced as soon as it is gone or about to go, and
// given every socket. Says what happened; knows nothing of controllers and clients.
import { join } from "node:path";
import type { KeeperState, WorkerIdentity, WorkerToKeeper } from "./ipc.js";
import type { KeeperNotice, WorkerInfo } from "./protocol.js";
import { type BackoffPolicy, type BackoffState, nextStart, restedBackoff } from "./restart-backoff.js";
import type { HeldSocket } from "./sockets.js";
import { type WorkerEvents, type WorkerExit, WorkerProcess } from "./worker-process.js";

export interface WorkerPoolOptions {
  readonly runtimeFolder: string;
  readonly logsFolder: string;
  readonly sockets: () => readonly HeldSocket[];
  readonly state: () => KeeperState;
  readonly notify: (notice: KeeperNotice) => void;
  /** A worker came or went. */
  readonly onChange: () => void;
}

const backoff: BackoffPolicy = { steadyMs: 1_000, firstDelayMs: 100, longestDelayMs: 5_000 };
/** For workers that are one too many. */
const surplusDrainMs = 30_000;
const mostWorkers = 64;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  /** By slot: the one that serves it or is about to. */
  readonly #current = new Map<number, WorkerProcess>();
  readonly #leaving = new Set<WorkerProcess>();
  readonly #backoff = new Map<number, BackoffState>();
  readonly #waiting = new Map<number, NodeJS.Timeout>();
  readonly #events: WorkerEvents;
  #count = 0;
  #ending = false;
  #wakers: (() => void)[] = [];

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#events = {
      onServing: (worker) => this.#onServing(worker),
      onDraining: (worker) => this.#replace(worker),
      onExit: (worker, exit) => this.#onExit(worker, exit),
    };
  }

  get count(): number {
    return this.#count;
  }

  /** Those that a controller can talk to. */
  get infos(): WorkerInfo[] {
    return this.#all().flatMap((worker) => (worker.state === "starting" ? [] : [worker.info]));
  }

  get identities(): WorkerIdentity[] {
    return this.#all().map(({ slot, identity }) => ({ slot, ...identity }));
  }

  /** The worker that called this keeper: it goes on in its slot. */
  adopt(message: Extract<WorkerToKeeper, { type: "succeed" }>): void {
    this.#current.set(message.slot, WorkerProcess.parent(message, this.#events));
    this.#options.onChange();
  }

  /** Resolves when every slot has a worker that serves, or after ten seconds. */
  async resize(count: number): Promise<void> {
    this.#count = Math.max(1, Math.min(mostWorkers, Math.trunc(count)));
    for (const worker of [...this.#current.values()]) if (worker.slot > this.#count) this.#dismiss(worker);
    for (let slot = 1; slot <= this.#count; slot++) if (!this.#current.has(slot)) this.#start(slot, null);
    await this.#until(() => [...this.#current.values()].every(({ state }) => state === "serving"), 10_000);
  }

  /** Resolves to the first error of a worker, null when all of them listen on it. */
  async hold(held: HeldSocket): Promise<string | null> {
    const answers = await Promise.all([...this.#current.values()].map((one) => one.hold(held.name, held.socket)));
    return answers.find((error) => error !== null) ?? null;
  }

  async release(name: string): Promise<void> {
    await Promise.all([...this.#current.values()].map((worker) => worker.release(name)));
  }

  tellState(): void {
    const state = this.#options.state();
    for (const worker of this.#current.values()) worker.send({ type: "state", state });
  }

  /** Ends all of them, within `drainMs` and a little. */
  async stop(drainMs: number): Promise<void> {
    this.#ending = true;
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    for (const worker of this.#all()) worker.send({ type: "stop", drainMs });
    await this.#until(() => this.#all().length === 0, drainMs + 1_000);
    for (const worker of this.#all()) worker.kill("SIGKILL");
  }

  #all(): WorkerProcess[] {
    return [...this.#current.values(), ...this.#leaving];
  }

  #start(slot: number, replaces: number | null): void {
    const { runtimeFolder, logsFolder } = this.#options;
    const boot = { slot, runtimeFolder, logFile: join(logsFolder, `worker-${slot}.log`) };
    const worker = WorkerProcess.fork(boot, replaces, this.#events);
    this.#current.set(slot, worker);
    worker.send({ type: "state", state: this.#options.state() });
    worker.equip(this.#options.sockets());
    this.#options.onChange();
  }

  #onServing(worker: WorkerProcess): void {
    this.#options.notify({ type: "worker-started", worker: worker.info, replaces: worker.replaces });
    this.#wake();
  }

  /** It goes in its own time; its slot is taken at once. */
  #replace(worker: WorkerProcess): void {
    if (this.#current.get(worker.slot) !== worker) return;
    this.#leaving.add(worker);
    this.#current.delete(worker.slot);
    if (!this.#ending && worker.slot <= this.#count) this.#start(worker.slot, worker.identity.pid);
  }

  #dismiss(worker: WorkerProcess): void {
    this.#leaving.add(worker);
    this.#current.delete(worker.slot);
    worker.state = "draining";
    worker.send({ type: "stop", drainMs: surplusDrainMs });
  }

  #onExit(worker: WorkerProcess, { code, signal }: WorkerExit): void {
    const { slot, identity } = worker;
    const wasCurrent = this.#current.get(slot) === worker;
    this.#leaving.delete(worker);
    if (wasCurrent) this.#current.delete(slot);
    this.#options.notify({ type: "worker-exited", slot, pid: identity.pid, code, signal });
    this.#options.onChange();
    if (wasCurrent && !this.#ending && slot <= this.#count) this.#startLater(worker);
    this.#wake();
  }

  #startLater({ slot, identity, startedAt }: WorkerProcess): void {
    const next = nextStart(this.#backoff.get(slot) ?? restedBackoff, performance.now() - startedAt, backoff);
    this.#backoff.set(slot, next.state);
    if (next.delayMs === 0) {
      this.#start(slot, identity.pid);
      return;
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(slot);
      if (slot <= this.#count && !this.#current.has(slot)) this.#start(slot, identity.pid);
    }, next.delayMs);
    this.#waiting.set(slot, timer);
  }

  #until(holds: () => boolean, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(limit);
        this.#wakers = this.#wakers.filter((one) => one !== check);
        resolve();
      };
      const check = (): void => {
        if (holds()) done();
      };
      const limit = setTimeout(done, limitMs);
      this.#wakers.push(check);
      check();
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}
