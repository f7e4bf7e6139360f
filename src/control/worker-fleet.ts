// The controller's side of the proxy workers: holds the plan and the endpoints that every worker should run, and brings
// each to them, whoever appears anew or falls behind. A worker that hangs holds up nobody but itself.
import type { Clock } from "../base/clock.js";
import { messageOf, TuskError } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import type { WorkerAnswer, WorkerInfo, WorkerNotice, WorkerRequest } from "../keeper/protocol.js";
import type { Endpoint, EndpointTable, ProxyPlan } from "../plan/proxy-plan.js";
import { type Channel, expectAnswer } from "./channel.js";

export type WorkerChannel = Channel<WorkerRequest, WorkerAnswer>;

export interface WorkerFleetOptions {
  readonly connectWorker: (
    worker: WorkerInfo,
    handlers: { onNotice(notice: WorkerNotice): void; onLost(): void },
  ) => Promise<WorkerChannel>;
  readonly clock: Clock;
  readonly emit: EmitEvent;
  readonly onPolicy: (notice: WorkerNotice) => void;
}

type Part = "plan" | "endpoints";
type Versions = Record<Part, number>;

interface Worker {
  readonly info: WorkerInfo;
  readonly channel: WorkerChannel;
  /** Acknowledged to this controller; -1: nothing yet. */
  readonly runs: Versions;
  /** Refused last; -1: nothing. */
  readonly refused: Versions;
  busy: boolean;
}

/** A worker that lives and cannot be reached is tried again this often. */
const retryMs = 500;

export class WorkerFleet {
  readonly #options: WorkerFleetOptions;
  /** By pid, as the keeper says. */
  readonly #known = new Map<number, WorkerInfo>();
  readonly #workers = new Map<number, Worker>();
  readonly #attaching = new Set<number>();
  /** Those of which it was said already that they cannot be reached. */
  readonly #unreachable = new Set<number>();
  readonly #watchers = new Set<() => void>();
  #plan: ProxyPlan | null = null;
  /** Null until the first is known: an empty table would take a serving worker's endpoints away. */
  #endpoints: EndpointTable | null = null;
  /** Highest versions that any worker was seen with: ours count on from there, so that it takes them. */
  readonly #floor: Versions = { plan: 0, endpoints: 0 };
  /** The last `setPlan`: what a worker had against it. */
  #attempt: { refusal: string | null } = { refusal: null };
  #closed = false;

  constructor(options: WorkerFleetOptions) {
    this.#options = options;
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

  /** There are workers, and every one runs the newest plan and endpoints. */
  get settled(): boolean {
    if (this.#plan === null || this.#endpoints === null) return false;
    return this.#allRun("plan") && this.#allRun("endpoints") && this.#workers.size > 0;
  }

  /** Calls back whenever a worker came, went or answered. */
  onChange(listener: () => void): Unsubscribe {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  // --- who there is

  /** The keeper's whole list. */
  setKnown(workers: readonly WorkerInfo[]): void {
    const pids = new Set(workers.map((worker) => worker.pid));
    for (const pid of [...this.#known.keys()]) if (!pids.has(pid)) this.remove(pid);
    for (const worker of workers) this.add(worker);
  }

  add(worker: WorkerInfo): void {
    this.#known.set(worker.pid, worker);
    void this.#attach(worker);
  }

  remove(pid: number): void {
    this.#known.delete(pid);
    this.#unreachable.delete(pid);
    this.#drop(pid);
    this.#wake();
  }

  /** Lets go of the workers, which serve on. Whoever waits is let go too. */
  close(): void {
    this.#closed = true;
    for (const { channel } of this.#workers.values()) channel.close();
    this.#workers.clear();
    this.#wake();
  }

  // --- what they should run

  /**
   * Gives the plan the next version; resolves when every worker runs it and there is one. Throws PLAN_REFUSED with the
   * reasons when one refuses it; the plan before it is wanted again then.
   */
  async setPlan(plan: ProxyPlan): Promise<void> {
    const before = this.#plan;
    const attempt = this.#want(plan);
    const isOver = (): boolean => attempt.refusal !== null || this.#attempt !== attempt || this.#isServed("plan");
    await this.#until(isOver);
    if (attempt.refusal === null || this.#attempt !== attempt) return;
    if (before) this.#want(before);
    else this.#plan = null;
    throw new TuskError("PLAN_REFUSED", `a proxy worker refused the plan: ${attempt.refusal}`);
  }

  /** Returns the table's version, for `endpointsAcknowledged`. */
  setEndpoints(clusters: Readonly<Record<string, readonly Endpoint[]>>): number {
    const version = this.#nextVersion("endpoints");
    this.#endpoints = { format: 1, version, clusters };
    this.#pushAll();
    return version;
  }

  /** Resolves when every worker that there is runs this version or a later one. */
  endpointsAcknowledged(version: number): Promise<void> {
    return this.#until(() => [...this.#workers.values()].every((worker) => worker.runs.endpoints >= version));
  }

  /** Resolves when this worker runs the newest plan and endpoints. Throws PLAN_REFUSED, and NOT_READY when it is gone. */
  async isBroughtUp(pid: number): Promise<void> {
    const parts: readonly Part[] = ["plan", "endpoints"];
    const runsAll = (worker: Worker): boolean => parts.every((part) => worker.runs[part] >= this.#wantedVersion(part));
    const hasRefused = ({ refused }: Worker): boolean =>
      parts.some((part) => refused[part] === this.#wantedVersion(part) && refused[part] >= 0);
    await this.#until(() => {
      const worker = this.#workers.get(pid);
      return !this.#known.has(pid) || (worker !== undefined && (runsAll(worker) || hasRefused(worker)));
    });
    const worker = this.#workers.get(pid);
    if (worker === undefined) throw new TuskError("NOT_READY", `proxy worker ${pid} ended before it had the plan`);
    if (!runsAll(worker)) throw new TuskError("PLAN_REFUSED", `proxy worker ${pid} refused the plan or the endpoints`);
  }

  // --- questions

  /** Asks any one worker. Throws NOT_READY when there is none. */
  ask(request: WorkerRequest): Promise<WorkerAnswer> {
    const [worker] = this.#workers.values();
    if (!worker) throw new TuskError("NOT_READY", "no proxy worker is connected");
    return worker.channel.request(request);
  }

  /** Asks all. One that is lost meanwhile has no answer. */
  async askAll(request: WorkerRequest): Promise<readonly WorkerAnswer[]> {
    const asks = [...this.#workers.values()].map(({ channel }) => channel.request(request).catch(() => null));
    return (await Promise.all(asks)).filter((answer) => answer !== null);
  }

  // --- connections

  async #attach(info: WorkerInfo): Promise<void> {
    const { pid } = info;
    if (this.#workers.has(pid) || this.#attaching.has(pid)) return;
    this.#attaching.add(pid);
    try {
      await this.#connect(info);
      this.#unreachable.delete(pid);
    } catch (error) {
      this.#warnUnreachable(info, error);
      this.#retryLater(pid);
    } finally {
      this.#attaching.delete(pid);
    }
  }

  async #connect(info: WorkerInfo): Promise<void> {
    const { pid } = info;
    const channel = await this.#options.connectWorker(info, {
      onNotice: this.#options.onPolicy,
      onLost: () => this.#lost(pid),
    });
    try {
      const status = expectAnswer(await channel.request({ type: "status" }), "status", "INTERNAL");
      // A worker's successor listens in the same place.
      if (status.pid !== pid) throw new Error(`pid ${status.pid} answers in its place`);
      if (this.#closed || !this.#known.has(pid)) return channel.close();
      this.#countOn({ plan: status.planVersion, endpoints: status.endpointsVersion });
    } catch (error) {
      channel.close();
      throw error;
    }
    const nothing = { plan: -1, endpoints: -1 };
    this.#workers.set(pid, { info, channel, runs: { ...nothing }, refused: { ...nothing }, busy: false });
    this.#pushAll();
  }

  #warnUnreachable({ slot, pid }: WorkerInfo, error: unknown): void {
    if (this.#closed || !this.#known.has(pid) || this.#unreachable.has(pid)) return;
    this.#unreachable.add(pid);
    const message = `proxy worker ${slot} (pid ${pid}) cannot be reached: ${messageOf(error)}`;
    this.#options.emit({ kind: "worker.unreachable", level: "warning", message });
  }

  #lost(pid: number): void {
    this.#drop(pid);
    this.#retryLater(pid);
  }

  #drop(pid: number): void {
    this.#workers.get(pid)?.channel.close();
    if (this.#workers.delete(pid)) this.#wake();
  }

  #retryLater(pid: number): void {
    this.#options.clock.setTimer(retryMs, () => {
      const info = this.#known.get(pid);
      if (info && !this.#closed) void this.#attach(info);
    });
  }

  // --- versions

  #want(plan: ProxyPlan): { refusal: string | null } {
    this.#plan = { ...plan, version: this.#nextVersion("plan") };
    this.#attempt = { refusal: null };
    this.#pushAll();
    return this.#attempt;
  }

  #wantedVersion(part: Part): number {
    return (part === "plan" ? this.#plan : this.#endpoints)?.version ?? -1;
  }

  #nextVersion(part: Part): number {
    this.#floor[part] = Math.max(this.#floor[part], this.#wantedVersion(part)) + 1;
    return this.#floor[part];
  }

  /** Some worker has these: what we want must be newer. */
  #countOn(seen: Versions): void {
    for (const part of ["plan", "endpoints"] as const) this.#floor[part] = Math.max(this.#floor[part], seen[part]);
    if (this.#plan && this.#plan.version <= seen.plan)
      this.#plan = { ...this.#plan, version: this.#nextVersion("plan") };
    if (this.#endpoints && this.#endpoints.version <= seen.endpoints) {
      this.#endpoints = { ...this.#endpoints, version: this.#nextVersion("endpoints") };
    }
  }

  #allRun(part: Part): boolean {
    const version = this.#wantedVersion(part);
    return [...this.#workers.values()].every((worker) => worker.runs[part] >= version);
  }

  #isServed(part: Part): boolean {
    return this.#workers.size > 0 && this.#allRun(part);
  }

  // --- bringing them there

  #pushAll(): void {
    for (const worker of this.#workers.values()) void this.#bringUp(worker);
  }

  /** One exchange at a time, so that only the newest is ever on its way. */
  async #bringUp(worker: Worker): Promise<void> {
    if (worker.busy) return;
    worker.busy = true;
    // Several changes of one turn become one exchange.
    await Promise.resolve();
    try {
      for (let part = this.#behind(worker); part; part = this.#behind(worker)) {
        await this.#send(worker, part);
        this.#wake();
      }
    } catch {
      // The connection ended, or the worker hangs: whoever is there in its place, or it itself, is brought up anew.
      if (this.#workers.get(worker.info.pid) === worker) this.#lost(worker.info.pid);
    } finally {
      worker.busy = false;
    }
  }

  #behind(worker: Worker): Part | undefined {
    if (this.#closed || this.#workers.get(worker.info.pid) !== worker) return undefined;
    return (["plan", "endpoints"] as const).find((part) => {
      const version = this.#wantedVersion(part);
      return worker.runs[part] < version && worker.refused[part] !== version;
    });
  }

  async #send(worker: Worker, part: Part): Promise<void> {
    const [plan, table] = [this.#plan, this.#endpoints];
    const version = this.#wantedVersion(part);
    if (part === "plan" && plan)
      this.#note(worker, { part, version }, await worker.channel.request({ type: part, plan }));
    if (part === "endpoints" && table) {
      this.#note(worker, { part, version }, await worker.channel.request({ type: part, table }));
    }
  }

  #note(worker: Worker, sent: { readonly part: Part; readonly version: number }, answer: WorkerAnswer): void {
    const { part, version } = sent;
    if (answer.type === "acknowledged") {
      worker.runs[part] = version;
      return;
    }
    if (answer.type === "refused" && (part === "plan" ? answer.planVersion : answer.endpointsVersion) > version) {
      this.#countOn({ plan: answer.planVersion, endpoints: answer.endpointsVersion });
      return;
    }
    worker.refused[part] = version;
    this.#refused(sent, answer);
  }

  #refused({ part, version }: { readonly part: Part; readonly version: number }, answer: WorkerAnswer): void {
    const why = answer.type === "refused" ? answer.problems.join("; ") : `it answered ${answer.type}`;
    if (part === "plan" && version === this.#plan?.version) this.#attempt.refusal = why;
    const what = part === "plan" ? "the plan" : "the endpoint table";
    const message = `a proxy worker refused ${what} of version ${version} and keeps the one before it: ${why}`;
    this.#options.emit({ kind: `${part}.refused`, level: "error", message });
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!this.#closed && !holds()) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
