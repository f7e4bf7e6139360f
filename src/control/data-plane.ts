// The controller's side of the proxy: tells the keeper which sockets to hold, and every worker which plan and which
// endpoints to run. Holds the last wanted state and repeats it to whoever appears anew, so that a lost keeper, a
// replaced worker or a restarted controller all end in the same place.
import { messageOf, TuskError } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type {
  KeeperAnswer,
  KeeperNotice,
  KeeperRequest,
  ListenRequest,
  RequestExplanation,
  WorkerAnswer,
  WorkerInfo,
  WorkerNotice,
  WorkerRequest,
  WorkerStats,
} from "../keeper/protocol.js";
import type { Endpoint, EndpointTable, ProxyPlan } from "../plan/proxy-plan.js";
import type { BoundListener } from "./status.js";

/** A connection that asks and is answered; what keeper/client and proxy/worker-client give. */
export interface Channel<Request, Answer> {
  request(body: Request): Promise<Answer>;
  close(): void;
}

export interface DataPlaneOptions {
  /** Connects, says hello, and calls back on every later connection and on every loss. */
  readonly connectKeeper: (handlers: {
    onNotice(notice: KeeperNotice): void;
    onConnected(workers: readonly WorkerInfo[]): void;
  }) => Promise<Channel<KeeperRequest, KeeperAnswer>>;
  readonly connectWorker: (
    worker: WorkerInfo,
    handlers: { onNotice(notice: WorkerNotice): void; onLost(): void },
  ) => Promise<Channel<WorkerRequest, WorkerAnswer>>;
  readonly emit: EmitEvent;
  readonly onEjection: (notice: WorkerNotice) => void;
}

interface Worker {
  readonly info: WorkerInfo;
  readonly channel: Channel<WorkerRequest, WorkerAnswer>;
  planVersion: number;
  endpointsVersion: number;
}

export class DataPlane {
  readonly #options: DataPlaneOptions;
  #keeper: Channel<KeeperRequest, KeeperAnswer> | null = null;
  readonly #workers = new Map<number, Worker>();
  readonly #attaching = new Map<number, Promise<void>>();
  readonly #waiters = new Set<() => void>();
  #wanted: readonly ListenRequest[] = [];
  #bound: ReadonlyMap<string, BoundListener> = new Map();
  #plan: ProxyPlan | null = null;
  #planFloor = 0;
  /** Null until the first is known: an empty table would take a serving worker's endpoints away. */
  #endpoints: EndpointTable | null = null;
  /** Highest versions that any worker was seen with, so that ours count on from there. */
  #endpointsFloor = 0;
  #pushing = false;
  #refusal: string | null = null;
  #closed = false;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
  }

  get bound(): ReadonlyMap<string, BoundListener> {
    return this.#bound;
  }

  get plan(): ProxyPlan | null {
    return this.#plan;
  }

  get endpoints(): EndpointTable | null {
    return this.#endpoints;
  }

  get workers(): readonly WorkerInfo[] {
    return [...this.#workers.values()].map((worker) => worker.info);
  }

  /** Every worker runs the newest plan and endpoints. */
  get settled(): boolean {
    return (
      this.#workers.size > 0 &&
      this.#plan !== null &&
      this.#endpoints !== null &&
      this.#all((worker) => this.#isCurrent(worker))
    );
  }

  async connect(): Promise<void> {
    this.#keeper = await this.#options.connectKeeper({
      onNotice: (notice) => this.#onKeeperNotice(notice),
      onConnected: (workers) => this.#onKeeperConnected(workers),
    });
  }

  /** Binds what is missing and keeps what is bound. Throws nothing for a port that is taken: the results say it. */
  async listen(wanted: readonly ListenRequest[]): Promise<ReadonlyMap<string, BoundListener>> {
    this.#wanted = wanted;
    if (!this.#keeper) throw new TuskError("KEEPER_LOST", "the keeper is not connected");
    const answer = await this.#keeper.request({ type: "listen", listeners: wanted });
    if (answer.type !== "listen") throw new TuskError("KEEPER_LOST", `the keeper answered ${answer.type}`);
    const hosts = new Map(wanted.map((request) => [request.name, request.host]));
    this.#bound = new Map(
      answer.results.map((result) => [result.name, { host: hosts.get(result.name) ?? "127.0.0.1", result }]),
    );
    return this.#bound;
  }

  /** Gives the plan the next version. Resolves when every worker runs it; throws PLAN_REFUSED with the reasons. */
  async setPlan(plan: ProxyPlan): Promise<void> {
    this.#plan = { ...plan, version: Math.max(this.#plan?.version ?? 0, this.#planFloor) + 1 };
    this.#refusal = null;
    this.#push();
    await this.#until(
      () => this.#refusal !== null || (this.#workers.size > 0 && this.#all((worker) => this.#runsPlan(worker))),
    );
    if (this.#refusal !== null)
      throw new TuskError("PLAN_REFUSED", `a proxy worker refused the plan: ${this.#refusal}`);
  }

  setEndpoints(clusters: Readonly<Record<string, readonly Endpoint[]>>): number {
    const version = Math.max(this.#endpoints?.version ?? 0, this.#endpointsFloor) + 1;
    this.#endpoints = { format: 1, version, clusters };
    this.#push();
    return version;
  }

  async endpointsAcknowledged(version: number): Promise<void> {
    await this.#until(() => this.#all((worker) => worker.endpointsVersion >= version));
  }

  /** Calls back whenever a worker came, went or acknowledged. */
  onChange(listener: () => void): () => void {
    this.#waiters.add(listener);
    return () => void this.#waiters.delete(listener);
  }

  /** Resolves when no worker has a request in flight to this endpoint, or at the limit. */
  async awaitDrained(endpoint: string, epoch: string, limitMs: number): Promise<void> {
    const asks = [...this.#workers.values()].map((worker) =>
      worker.channel.request({ type: "await-drained", endpoint, epoch, limitMs }).catch(() => undefined),
    );
    // A worker that is lost meanwhile has no request in flight any more.
    await Promise.all(asks);
  }

  async explain(request: Extract<WorkerRequest, { type: "explain" }>): Promise<RequestExplanation> {
    const [worker] = this.#workers.values();
    if (!worker) throw new TuskError("NOT_READY", "no proxy worker is connected");
    const answer = await worker.channel.request(request);
    if (answer.type === "explain") return answer.explanation;
    throw new TuskError("INTERNAL", answer.type === "error" ? answer.message : `the worker answered ${answer.type}`);
  }

  async stats(): Promise<readonly WorkerStats[]> {
    const answers = await Promise.all(
      [...this.#workers.values()].map((worker) => worker.channel.request({ type: "stats" }).catch(() => null)),
    );
    // A worker that went away between two samples is reported by its successor's counts.
    return answers.flatMap((answer) => (answer?.type === "stats" ? [answer.stats] : []));
  }

  async keeperStatus(): Promise<Extract<KeeperAnswer, { type: "status" }> | null> {
    const answer = await this.#keeper?.request({ type: "status" });
    return answer?.type === "status" ? answer : null;
  }

  async shutdown(drainMs: number): Promise<void> {
    this.#closed = true;
    await this.#keeper?.request({ type: "shutdown", drainMs });
    this.close();
  }

  /** Lets go of keeper and workers, which serve on. */
  close(): void {
    this.#closed = true;
    this.#keeper?.close();
    for (const worker of this.#workers.values()) worker.channel.close();
    this.#workers.clear();
    this.#wake();
  }

  #onKeeperConnected(workers: readonly WorkerInfo[]): void {
    for (const worker of workers) void this.#attach(worker);
    if (this.#keeper && this.#wanted.length > 0) {
      this.listen(this.#wanted).catch((error) => this.#warn("keeper.listen-failed", messageOf(error)));
    }
  }

  #onKeeperNotice(notice: KeeperNotice): void {
    const { emit } = this.#options;
    switch (notice.type) {
      case "worker-started":
        if (notice.replaces !== null) {
          emit({
            kind: "worker.replaced",
            level: "warning",
            message: `proxy worker ${notice.worker.slot} (pid ${notice.worker.pid}) replaces pid ${notice.replaces}`,
          });
        }
        void this.#attach(notice.worker);
        break;
      case "worker-exited": {
        const how = notice.signal ? `signal ${notice.signal}` : `code ${notice.code}`;
        emit({
          kind: "worker.exited",
          level: "warning",
          message: `proxy worker ${notice.slot} (pid ${notice.pid}) ended with ${how}`,
        });
        this.#detach(notice.pid);
        break;
      }
      case "controller-restarted":
        emit({
          kind: "controller.restarted",
          level: "warning",
          message: `the controller (pid ${notice.previousPid}) died; pid ${notice.pid} took over and adopted what runs`,
        });
        break;
      case "keeper-succeeded":
        emit({
          kind: "keeper.succeeded",
          level: "warning",
          message: `the keeper (pid ${notice.previousPid}) died; pid ${notice.pid} took over with the sockets open`,
        });
        break;
    }
  }

  #attach(info: WorkerInfo): Promise<void> {
    if (this.#workers.has(info.pid)) return Promise.resolve();
    const running = this.#attaching.get(info.pid);
    if (running) return running;
    const attaching = this.#connectWorker(info).finally(() => this.#attaching.delete(info.pid));
    this.#attaching.set(info.pid, attaching);
    return attaching;
  }

  async #connectWorker(info: WorkerInfo): Promise<void> {
    try {
      const channel = await this.#options.connectWorker(info, {
        onNotice: (notice) => this.#options.onEjection(notice),
        onLost: () => this.#detach(info.pid),
      });
      const status = await channel.request({ type: "status" });
      if (this.#closed) return channel.close();
      if (status.type !== "status") throw new Error(`the worker answered ${status.type}`);
      this.#countOnFrom(status.planVersion, status.endpointsVersion);
      this.#workers.set(info.pid, { info, channel, planVersion: -1, endpointsVersion: -1 });
      this.#push();
    } catch (error) {
      // It may be gone already; its successor is announced by the keeper.
      this.#warn(
        "worker.unreachable",
        `proxy worker ${info.slot} (pid ${info.pid}) cannot be reached: ${messageOf(error)}`,
      );
    }
  }

  /** A worker that ran before this controller may hold higher versions: ours go on from there, so that it takes them. */
  #countOnFrom(planVersion: number, endpointsVersion: number): void {
    if (this.#plan && this.#plan.version <= planVersion) this.#plan = { ...this.#plan, version: planVersion + 1 };
    if (this.#endpoints && this.#endpoints.version <= endpointsVersion) {
      this.#endpoints = { ...this.#endpoints, version: endpointsVersion + 1 };
    }
    this.#planFloor = Math.max(this.#planFloor, planVersion);
    this.#endpointsFloor = Math.max(this.#endpointsFloor, endpointsVersion);
  }

  #all(holds: (worker: Worker) => boolean): boolean {
    return [...this.#workers.values()].every(holds);
  }

  #runsPlan(worker: Worker): boolean {
    return worker.planVersion >= (this.#plan?.version ?? -1);
  }

  #detach(pid: number): void {
    this.#workers.get(pid)?.channel.close();
    if (this.#workers.delete(pid)) this.#wake();
  }

  #isCurrent(worker: Worker): boolean {
    return this.#runsPlan(worker) && worker.endpointsVersion >= (this.#endpoints?.version ?? -1);
  }

  /** Sends the newest state to all who lack it, one exchange at a time, so that only the latest is ever queued. */
  #push(): void {
    if (this.#pushing) return;
    this.#pushing = true;
    queueMicrotask(() => void this.#pushAll());
  }

  async #pushAll(): Promise<void> {
    try {
      for (let behind = this.#behind(); behind.length > 0; behind = this.#behind()) {
        await Promise.all(behind.map((worker) => this.#bringUp(worker)));
        this.#wake();
      }
    } finally {
      this.#pushing = false;
      this.#wake();
    }
  }

  #behind(): Worker[] {
    if (this.#closed || this.#refusal !== null) return [];
    return [...this.#workers.values()].filter((worker) => !this.#isCurrent(worker));
  }

  async #bringUp(worker: Worker): Promise<void> {
    const plan = this.#plan;
    const table = this.#endpoints;
    try {
      if (
        plan &&
        worker.planVersion < plan.version &&
        !this.#accepted(await worker.channel.request({ type: "plan", plan }))
      )
        return;
      worker.planVersion = plan?.version ?? -1;
      if (table && worker.endpointsVersion < table.version) {
        if (!this.#accepted(await worker.channel.request({ type: "endpoints", table }))) return;
        worker.endpointsVersion = table.version;
      }
    } catch {
      // The connection ended: the worker is gone, and whoever replaces it is brought up anew.
      this.#detach(worker.info.pid);
    }
  }

  #accepted(answer: WorkerAnswer): boolean {
    if (answer.type === "acknowledged") return true;
    this.#refusal = answer.type === "refused" ? answer.problems.join("; ") : `unexpected answer ${answer.type}`;
    this.#options.emit({
      kind: "plan.refused",
      level: "error",
      message: `a proxy worker refused the plan: ${this.#refusal}`,
    });
    return false;
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!this.#closed && !holds()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #warn(kind: string, message: string): void {
    if (!this.#closed) this.#options.emit({ kind, level: "warning", message });
  }
}
