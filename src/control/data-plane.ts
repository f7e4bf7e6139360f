// The controller's side of the proxy: tells the keeper which sockets to hold, and through the fleet every worker which
// plan and which endpoints to run. Holds the last wanted state and repeats it to whoever appears anew, so that a lost
// keeper, a replaced worker or a restarted controller all end in the same place.
import { messageOf, TuskError } from "../base/errors.js";
import type { EventDraft } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import type {
  KeeperAnswer,
  KeeperNotice,
  KeeperRequest,
  ListenRequest,
  RequestExplanation,
  RequestRecord,
  WorkerInfo,
  WorkerRequest,
  WorkerStats,
} from "../keeper/protocol.js";
import type { Endpoint, EndpointTable, ProxyPlan } from "../plan/proxy-plan.js";
import { type Channel, expectAnswer } from "./channel.js";
import type { BoundListener } from "./status.js";
import { withTimeout } from "./timing.js";
import { WorkerFleet, type WorkerFleetOptions } from "./worker-fleet.js";

export type KeeperChannel = Channel<KeeperRequest, KeeperAnswer>;

export interface DataPlaneOptions extends WorkerFleetOptions {
  /** Connects, says hello, calls back on this and every later connection, and reconnects until closed. A request waits
   *  for a successor when the keeper has just died. */
  readonly connectKeeper: (handlers: {
    onNotice(notice: KeeperNotice): void;
    onConnected(workers: readonly WorkerInfo[]): void;
  }) => Promise<KeeperChannel>;
}

export interface RenewOptions {
  /** For requests in flight in a worker that goes. */
  readonly drainMs: number;
  /** For a successor to serve and run the newest plan. Default 30000. */
  readonly limitMs?: number;
}

/** One worker after another took its predecessor's place. */
export interface WorkerRenewal {
  readonly slot: number;
  readonly previousPid: number;
  readonly pid: number;
  /** From its start until it served with the plan acknowledged. */
  readonly servingAfterMs: number;
  /** From then until its predecessor was gone. */
  readonly drainedAfterMs: number;
}

type KeeperStatus = Extract<KeeperAnswer, { type: "status" }>;

export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #fleet: WorkerFleet;
  #keeper: KeeperChannel | null = null;
  #wanted: readonly ListenRequest[] = [];
  #bound: ReadonlyMap<string, BoundListener> = new Map();
  /** Null: as many as the keeper runs. */
  #workerCount: number | null = null;
  #renewing = false;
  #ending = false;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
    this.#fleet = new WorkerFleet(options);
  }

  /** By listener name, as of the last `listen`: with those that could not be bound. */
  get bound(): ReadonlyMap<string, BoundListener> {
    return this.#bound;
  }

  get plan(): ProxyPlan | null {
    return this.#fleet.plan;
  }

  /** Null until the first table is known. */
  get endpoints(): EndpointTable | null {
    return this.#fleet.endpoints;
  }

  /** Every worker runs the newest plan and endpoints. */
  get settled(): boolean {
    return this.#fleet.settled;
  }

  async connect(): Promise<void> {
    this.#keeper = await this.#options.connectKeeper({
      onNotice: (notice) => this.#onNotice(notice),
      onConnected: (workers) => this.#onConnected(workers),
    });
  }

  // --- sockets

  /** Binds what is missing, closes what is not wanted. Throws nothing for a port that is taken: the results say it. */
  async listen(wanted: readonly ListenRequest[]): Promise<ReadonlyMap<string, BoundListener>> {
    this.#wanted = wanted;
    const { results } = expectAnswer(await this.#ask({ type: "listen", listeners: wanted }), "listen", "KEEPER_LOST");
    const hosts = new Map(wanted.map((request) => [request.name, request.host]));
    this.#bound = new Map(
      results.map((result) => [result.name, { host: hosts.get(result.name) ?? "127.0.0.1", result }]),
    );
    return this.#bound;
  }

  // --- workers

  /** As last told to the keeper; null: not yet. */
  get workerCount(): number | null {
    return this.#workerCount;
  }

  /** Resolves when so many serve; those that are too many drain. */
  async setWorkerCount(count: number): Promise<void> {
    this.#workerCount = count;
    expectAnswer(await this.#ask({ type: "workers", count }), "workers", "KEEPER_LOST");
  }

  /**
   * Replaces the workers one after another: each successor serves, and has acknowledged the plan, before its predecessor
   * drains. Throws CONFLICT while that is going on, and TIMEOUT or PLAN_REFUSED for a successor that does not come to
   * serve: then its predecessor serves on.
   */
  async renewWorkers({ drainMs, limitMs = 30_000 }: RenewOptions): Promise<readonly WorkerRenewal[]> {
    if (this.#renewing) throw new TuskError("CONFLICT", "the proxy workers are being restarted already");
    this.#renewing = true;
    try {
      const { workers } = expectAnswer(await this.#ask({ type: "status" }), "status", "KEEPER_LOST");
      const slots = [...new Set(workers.filter(({ state }) => state === "serving").map(({ slot }) => slot))];
      if (slots.length === 0) throw new TuskError("NOT_READY", "no proxy worker serves");
      const renewals: WorkerRenewal[] = [];
      for (const slot of slots) renewals.push(await this.#renew(slot, drainMs, limitMs));
      return renewals;
    } finally {
      this.#renewing = false;
    }
  }

  async #renew(slot: number, drainMs: number, limitMs: number): Promise<WorkerRenewal> {
    const { clock, emit } = this.#options;
    const begin = clock.monotonic();
    const answer = await this.#ask({ type: "renew", slot, limitMs });
    if (answer.type === "not-renewed") throw new TuskError("TIMEOUT", `proxy worker ${slot} stays: ${answer.reason}`);
    const { worker, previous } = expectAnswer(answer, "renew", "KEEPER_LOST");
    try {
      const late = `proxy worker ${slot} stays: its successor has not acknowledged the plan`;
      await withTimeout(this.#fleet.isBroughtUp(worker.pid), { clock, limitMs }, late);
    } catch (error) {
      await this.#ask({ type: "settle", slot, keep: "old", drainMs: 0 });
      throw error;
    }
    const served = clock.monotonic();
    const message = `proxy worker ${slot}: pid ${worker.pid} serves, pid ${previous.pid} drains`;
    emit({ kind: "worker.renewed", level: "info", message });
    expectAnswer(await this.#ask({ type: "settle", slot, keep: "new", drainMs }), "settle", "KEEPER_LOST");
    emit({ kind: "worker.drained", level: "info", message: `proxy worker ${slot}: pid ${previous.pid} is gone` });
    return {
      slot,
      previousPid: previous.pid,
      pid: worker.pid,
      servingAfterMs: Math.round(served - begin),
      drainedAfterMs: Math.round(clock.monotonic() - served),
    };
  }

  // --- plan and endpoints

  /** Resolves when every worker runs it; throws PLAN_REFUSED with the reasons, and the plan before it stays. */
  setPlan(plan: ProxyPlan): Promise<void> {
    return this.#fleet.setPlan(plan);
  }

  /** Returns the table's version. */
  setEndpoints(clusters: Readonly<Record<string, readonly Endpoint[]>>): number {
    return this.#fleet.setEndpoints(clusters);
  }

  endpointsAcknowledged(version: number): Promise<void> {
    return this.#fleet.endpointsAcknowledged(version);
  }

  /** Calls back whenever a worker came, went or acknowledged. */
  onChange(listener: () => void): Unsubscribe {
    return this.#fleet.onChange(listener);
  }

  /** Resolves when no worker has a request in flight to this endpoint, or at the limit. */
  async awaitDrained(endpoint: string, epoch: string, limitMs: number): Promise<void> {
    await this.#fleet.askAll({ type: "await-drained", endpoint, epoch, limitMs });
  }

  /** Told to every worker; one that is lost meanwhile ends the ejection by its time. */
  async probePassed(request: Extract<WorkerRequest, { type: "probe-passed" }>): Promise<void> {
    await this.#fleet.askAll(request);
  }

  // --- questions

  async explain(request: Extract<WorkerRequest, { type: "explain" }>): Promise<RequestExplanation> {
    return expectAnswer(await this.#fleet.ask(request), "explain", "INTERNAL").explanation;
  }

  /** What any worker, also one that drains, knows of a request that is over; by request id or trace id, oldest first. */
  async recorded(id: string): Promise<readonly RequestRecord[]> {
    const answers = await this.#fleet.askAll({ type: "recorded", id });
    const found = answers.flatMap((answer) => (answer.type === "recorded" ? answer.requests : []));
    return found.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  }

  /** Of every worker. One that went away between two samples is followed by its successor's counts. */
  async stats(): Promise<readonly WorkerStats[]> {
    const answers = await this.#fleet.askAll({ type: "stats" });
    return answers.flatMap((answer) => (answer.type === "stats" ? [answer.stats] : []));
  }

  /** Null while the keeper is away. */
  async keeperStatus(): Promise<KeeperStatus | null> {
    try {
      return expectAnswer(await this.#ask({ type: "status" }), "status", "KEEPER_LOST");
    } catch {
      // Killed a moment ago: its successor is not there yet.
      return null;
    }
  }

  // --- the end

  /** Ends workers, sockets and keeper. One that is killed meanwhile has a successor, which is asked again. */
  async shutdown(drainMs: number): Promise<void> {
    this.#ending = true;
    const ended = (await this.#endKeeper(drainMs)) || (await this.#endKeeper(drainMs));
    if (!ended) this.#warn("keeper.lost", "the keeper did not answer at the end; it and its workers are probably gone");
    this.close();
  }

  /** Lets go of keeper and workers, which serve on. */
  close(): void {
    this.#ending = true;
    this.#keeper?.close();
    this.#fleet.close();
  }

  async #endKeeper(drainMs: number): Promise<boolean> {
    try {
      expectAnswer(await this.#ask({ type: "shutdown", drainMs }), "shutdown", "KEEPER_LOST");
      return true;
    } catch {
      // It died before it answered, or nobody is there.
      return false;
    }
  }

  // --- the keeper

  async #ask(request: KeeperRequest): Promise<KeeperAnswer> {
    if (!this.#keeper) throw new TuskError("KEEPER_LOST", "the keeper is not connected");
    try {
      return await this.#keeper.request(request);
    } catch (error) {
      throw new TuskError("KEEPER_LOST", `the keeper did not answer: ${messageOf(error)}`, { cause: error });
    }
  }

  #onConnected(workers: readonly WorkerInfo[]): void {
    if (this.#ending) return;
    this.#fleet.setKnown(workers);
    if (this.#keeper && this.#workerCount !== null) {
      this.setWorkerCount(this.#workerCount).catch((error) => this.#warn("keeper.workers-failed", messageOf(error)));
    }
    if (!this.#keeper || this.#wanted.length === 0) return;
    this.listen(this.#wanted).catch((error) => this.#warn("keeper.listen-failed", messageOf(error)));
  }

  #onNotice(notice: KeeperNotice): void {
    const event = describeNotice(notice);
    if (event && !this.#ending) this.#options.emit(event);
    if (notice.type === "worker-started") this.#fleet.add(notice.worker);
    if (notice.type === "worker-exited") this.#fleet.remove(notice.pid);
  }

  #warn(kind: string, message: string): void {
    this.#options.emit({ kind, level: "warning", message });
  }
}

/** Null: nothing that somebody would ask about. */
function describeNotice(notice: KeeperNotice): EventDraft | null {
  const warning = (kind: string, message: string): EventDraft => ({ kind, level: "warning", message });
  switch (notice.type) {
    case "worker-started": {
      if (notice.planned) return null;
      const { slot, pid } = notice.worker;
      if (notice.replaces === null) return null;
      return warning("worker.replaced", `proxy worker ${slot} (pid ${pid}) replaces pid ${notice.replaces}`);
    }
    case "worker-exited": {
      if (notice.planned) return null;
      const how = notice.signal ? `signal ${notice.signal}` : `code ${notice.code}`;
      return warning("worker.exited", `proxy worker ${notice.slot} (pid ${notice.pid}) ended with ${how}`);
    }
    case "controller-restarted": {
      const { previousPid, pid } = notice;
      const message = `the controller (pid ${previousPid}) died; pid ${pid} took over and adopted what runs`;
      return warning("controller.restarted", message);
    }
    case "keeper-succeeded": {
      const { previousPid, pid } = notice;
      const message = `the keeper (pid ${previousPid}) died; pid ${pid} took over with the sockets open`;
      return warning("keeper.succeeded", message);
    }
  }
}
