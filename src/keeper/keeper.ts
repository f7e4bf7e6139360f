// The keeper's rules: holds sockets, keeps workers and the controller running, answers the controller.
// Parses no traffic and knows no spec; everything it needs to be succeeded is told to the workers at each change.
import { bootId, signalProcess } from "../system/proc.js";
import { ControllerGuard } from "./controller-guard.js";
import type { Identity, KeeperState, WorkerIdentity, WorkerToKeeper } from "./ipc.js";
import { ListenerSet } from "./listener-set.js";
import type { KeeperAnswer, KeeperNotice, KeeperRequest } from "./protocol.js";
import type { KeeperBoot } from "./start-keeper.js";
import { WorkerPool } from "./worker-pool.js";

export interface KeeperOptions {
  readonly identity: Identity;
  readonly runtimeFolder: string;
  readonly logsFolder: string;
  readonly notify: (notice: KeeperNotice) => void;
  /** Which workers there are: whoever starts after a total loss must find them. */
  readonly onWorkers: (workers: readonly WorkerIdentity[]) => void;
  /** All has ended. */
  readonly onEnd: () => void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #listeners: ListenerSet;
  readonly #workers: WorkerPool;
  readonly #guard: ControllerGuard;
  readonly #hello: Promise<void>;
  #onHello = (): void => {};
  #ending: Promise<void> | null = null;

  constructor(options: KeeperOptions) {
    const { runtimeFolder, logsFolder, notify } = options;
    this.#options = options;
    this.#workers = new WorkerPool({
      runtimeFolder,
      logsFolder,
      notify,
      sockets: () => this.#listeners.held,
      state: () => this.#state(),
      onChange: () => this.#onWorkersChanged(),
    });
    this.#hello = new Promise((resolve) => {
      this.#onHello = resolve;
    });
    this.#listeners = new ListenerSet(this.#workers);
    this.#guard = new ControllerGuard({
      logsFolder,
      onRestarted: (previousPid, pid) => notify({ type: "controller-restarted", previousPid, pid }),
      onFirstFailed: () => void this.end(0),
      onChange: () => this.#workers.tellState(),
    });
  }

  /** Resolves when the workers serve. Where a controller was started beside, they wait for its hello: until then it
   *  leaves the processors to the instances that it starts, and has nothing for a worker to do. */
  async start({ workerCount, controllerCommand, controller }: KeeperBoot): Promise<void> {
    if (controllerCommand && controller) {
      this.#guard.expect({ ...controller, restart: controllerCommand });
      await this.#hello;
    } else if (controllerCommand) this.#guard.start(controllerCommand);
    await this.#workers.resize(workerCount);
  }

  /** Its connection ended: sooner than the next regular look. */
  lookAtController(): void {
    this.#guard.look();
  }

  /** Goes on where a dead keeper was, with the worker that started us. */
  async succeed(message: Extract<WorkerToKeeper, { type: "succeed" }>): Promise<void> {
    const { state } = message;
    this.#listeners.inherit(state.listeners, message.names, message.firstDescriptor);
    this.#workers.adopt(message);
    this.#guard.watch(state.controller);
    this.#options.notify({ type: "keeper-succeeded", previousPid: state.keeper.pid, pid: process.pid });
    await this.#workers.resize(state.workerCount);
    // Those that another worker's call left without a channel: each has been replaced, and drains.
    for (const { pid, startTicks } of state.workers) {
      if (pid !== message.worker.pid) signalProcess({ pid, startTicks, bootId: bootId() }, "SIGTERM");
    }
  }

  async answer(request: KeeperRequest): Promise<KeeperAnswer> {
    switch (request.type) {
      case "hello":
        this.#onHello();
        this.#guard.watch({ pid: request.pid, startTicks: request.startTicks, restart: request.restart });
        return {
          type: "hello",
          keeperPid: process.pid,
          workers: this.#workers.infos,
          listeners: this.#listeners.results,
        };
      case "listen": {
        const results = await this.#listeners.set(request.listeners);
        this.#workers.tellState();
        return { type: "listen", results };
      }
      case "workers":
        await this.#workers.resize(request.count);
        return { type: "workers", workers: this.#workers.infos };
      case "renew":
        return this.#workers.renew(request.slot, request.limitMs);
      case "settle":
        await this.#workers.settle(request.slot, request.keep, request.drainMs);
        return { type: "settle" };
      case "status":
        return {
          type: "status",
          keeperPid: process.pid,
          controllerPid: this.#guard.watched?.pid ?? null,
          workers: this.#workers.infos,
          listeners: this.#listeners.results,
        };
      case "shutdown":
        await this.end(request.drainMs);
        return { type: "shutdown" };
      default:
        return { type: "error", message: `unknown request ${JSON.stringify((request as { type?: unknown }).type)}` };
    }
  }

  /** Ends the workers, then closes the sockets. */
  end(drainMs: number): Promise<void> {
    this.#ending ??= this.#end(drainMs);
    return this.#ending;
  }

  async #end(drainMs: number): Promise<void> {
    this.#guard.stop();
    await this.#workers.stop(drainMs);
    this.#listeners.closeAll();
    this.#options.onEnd();
  }

  #onWorkersChanged(): void {
    this.#workers.tellState();
    if (!this.#ending) this.#options.onWorkers(this.#workers.identities);
  }

  #state(): KeeperState {
    const { identity, runtimeFolder, logsFolder } = this.#options;
    return {
      keeper: identity,
      runtimeFolder,
      logsFolder,
      workerCount: this.#workers.count,
      controller: this.#guard.watched,
      listeners: this.#listeners.held.map(({ name, host, port, boundPort }) => ({ name, host, port, boundPort })),
      workers: this.#workers.identities,
    };
  }
}
