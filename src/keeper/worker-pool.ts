// Keeps the wanted number of workers running: one in each slot, replaced as soon as it is gone or about to go, and
// given every socket. Says what happened; knows nothing of controllers and clients.
import { join } from "node:path";
import type { KeeperState, WorkerIdentity, WorkerToKeeper } from "./ipc.js";
import type { KeeperAnswer, KeeperNotice, WorkerInfo } from "./protocol.js";
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
/** Two workers of one slot with nobody who says which of them goes: then it is the older. */
const unsettledMs = 60_000;
/** For a worker to end after the time that it was given. */
const endMs = 1_000;

export type Renewal = Extract<KeeperAnswer, { type: "renew" | "not-renewed" }>;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  /** By slot: the one that serves it or is about to. */
  readonly #current = new Map<number, WorkerProcess>();
  /** By slot: beside the current one, until it is settled which of the two goes. */
  readonly #successors = new Map<number, WorkerProcess>();
  readonly #unsettled = new Map<number, NodeJS.Timeout>();
  readonly #leaving = new Set<WorkerProcess>();
  /** Told to end by us. */
  readonly #dismissed = new WeakSet<WorkerProcess>();
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
    for (const worker of this.#accepting()) if (worker.slot > this.#count) this.#dismiss(worker, surplusDrainMs);
    for (let slot = 1; slot <= this.#count; slot++) if (!this.#current.has(slot)) this.#start(slot, null);
    await this.#until(() => [...this.#current.values()].every(({ state }) => state === "serving"), 10_000);
  }

  /** Another worker beside the one that serves this slot. Resolves when it serves, or it is said why not. */
  async renew(slot: number, limitMs: number): Promise<Renewal> {
    const previous = this.#current.get(slot);
    if (previous?.state !== "serving") return notRenewed(`no worker serves slot ${slot}`);
    if (this.#successors.has(slot)) return notRenewed(`slot ${slot} is being renewed already`);
    const worker = this.#fork(slot, previous.identity.pid);
    this.#successors.set(slot, worker);
    this.#equip(worker);
    this.#unsettled.set(
      slot,
      setTimeout(() => void this.settle(slot, "new", surplusDrainMs), limitMs + unsettledMs),
    );
    await this.#until(() => worker.state === "serving" || !this.#accepting().includes(worker), limitMs);
    if (worker.state === "serving") return { type: "renew", worker: worker.info, previous: previous.info };
    const hasEnded = !this.#accepting().includes(worker);
    void this.settle(slot, "old", 0);
    return notRenewed(`the new worker ${hasEnded ? "ended before it served" : `did not serve within ${limitMs} ms`}`);
  }

  /** Of two workers of one slot one goes; resolves when it is gone. Where there are no two any more, nothing happens. */
  async settle(slot: number, keep: "new" | "old", drainMs: number): Promise<void> {
    clearTimeout(this.#unsettled.get(slot));
    this.#unsettled.delete(slot);
    const [successor, current] = [this.#successors.get(slot), this.#current.get(slot)];
    if (!successor || !current) return;
    const going = keep === "new" ? current : successor;
    this.#dismiss(going, drainMs);
    if (keep === "new") this.#promote(slot);
    this.#options.onChange();
    await this.#until(() => !this.#leaving.has(going), drainMs + endMs);
    if (this.#leaving.has(going)) going.kill("SIGKILL");
  }

  /** Resolves to the first error of a worker, null when all of them listen on it. */
  async hold(held: HeldSocket): Promise<string | null> {
    const answers = await Promise.all(this.#accepting().map((one) => one.hold(held.name, held.socket)));
    return answers.find((error) => error !== null) ?? null;
  }

  async release(name: string): Promise<void> {
    await Promise.all(this.#accepting().map((worker) => worker.release(name)));
  }

  tellState(): void {
    const state = this.#options.state();
    for (const worker of this.#accepting()) worker.send({ type: "state", state });
  }

  /** Ends all of them, within `drainMs` and a little. */
  async stop(drainMs: number): Promise<void> {
    this.#ending = true;
    for (const timer of [...this.#waiting.values(), ...this.#unsettled.values()]) clearTimeout(timer);
    for (const worker of this.#all()) worker.send({ type: "stop", drainMs });
    await this.#until(() => this.#all().length === 0, drainMs + 1_000);
    for (const worker of this.#all()) worker.kill("SIGKILL");
  }

  #all(): WorkerProcess[] {
    return [...this.#accepting(), ...this.#leaving];
  }

  #accepting(): WorkerProcess[] {
    return [...this.#current.values(), ...this.#successors.values()];
  }

  #start(slot: number, replaces: number | null): void {
    const worker = this.#fork(slot, replaces);
    this.#current.set(slot, worker);
    this.#equip(worker);
  }

  #fork(slot: number, replaces: number | null): WorkerProcess {
    const { runtimeFolder, logsFolder } = this.#options;
    const boot = { slot, runtimeFolder, logsFolder, logFile: join(logsFolder, `worker-${slot}.log`) };
    return WorkerProcess.fork(boot, replaces, this.#events);
  }

  /** Once it is among ours, so that its own state names it. */
  #equip(worker: WorkerProcess): void {
    worker.send({ type: "state", state: this.#options.state() });
    worker.equip(this.#options.sockets());
    this.#options.onChange();
  }

  #onServing(worker: WorkerProcess): void {
    const planned = this.#successors.get(worker.slot) === worker ? ({ planned: true } as const) : {};
    this.#options.notify({ type: "worker-started", worker: worker.info, replaces: worker.replaces, ...planned });
    this.#wake();
  }

  /** It goes in its own time; its slot is taken at once. */
  #replace(worker: WorkerProcess): void {
    const { slot } = worker;
    if (this.#successors.get(slot) === worker) this.#successors.delete(slot);
    else if (this.#current.get(slot) !== worker) return;
    else this.#current.delete(slot);
    this.#leaving.add(worker);
    if (!this.#current.has(slot) && !this.#promote(slot) && !this.#ending && slot <= this.#count) {
      this.#start(slot, worker.identity.pid);
    }
  }

  /** False: there is no successor. */
  #promote(slot: number): boolean {
    const successor = this.#successors.get(slot);
    if (successor === undefined) return false;
    this.#successors.delete(slot);
    this.#current.set(slot, successor);
    return true;
  }

  #dismiss(worker: WorkerProcess, drainMs: number): void {
    const { slot } = worker;
    this.#leaving.add(worker);
    this.#dismissed.add(worker);
    if (this.#current.get(slot) === worker) this.#current.delete(slot);
    if (this.#successors.get(slot) === worker) this.#successors.delete(slot);
    worker.state = "draining";
    worker.send({ type: "stop", drainMs });
  }

  #onExit(worker: WorkerProcess, { code, signal }: WorkerExit): void {
    const { slot, identity } = worker;
    const wasCurrent = this.#current.get(slot) === worker;
    this.#leaving.delete(worker);
    if (wasCurrent) this.#current.delete(slot);
    if (this.#successors.get(slot) === worker) this.#successors.delete(slot);
    const planned = this.#dismissed.has(worker) ? ({ planned: true } as const) : {};
    this.#options.notify({ type: "worker-exited", slot, pid: identity.pid, code, signal, ...planned });
    const isFilled = wasCurrent && this.#promote(slot);
    this.#options.onChange();
    if (wasCurrent && !isFilled && !this.#ending && slot <= this.#count) this.#startLater(worker);
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

const notRenewed = (reason: string): Renewal => ({ type: "not-renewed", reason });
