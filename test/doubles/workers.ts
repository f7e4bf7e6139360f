// Proxy workers in memory that keep the protocol's rules about versions, and can be made to hang, to refuse and to die.

import type { WorkerChannel, WorkerFleetOptions } from "../../src/control/worker-fleet.js";
import type {
  RequestRecord,
  WorkerAnswer,
  WorkerInfo,
  WorkerNotice,
  WorkerRequest,
} from "../../src/keeper/protocol.js";
import type { EndpointTable, ProxyPlan } from "../../src/plan/proxy-plan.js";

export const emptyPlan: ProxyPlan = { format: 1, version: 0, app: "shop", listeners: [], clusters: {} };

export const planOf = (app: string): ProxyPlan => ({ ...emptyPlan, app });

export function workerInfo(pid: number, slot = 1): WorkerInfo {
  return { slot, pid, startTicks: pid, socket: `/run/worker-${slot}.sock`, state: "serving" };
}

/** Lets everything that waits for nothing but promises go on. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class FakeWorker {
  readonly info: WorkerInfo;
  plan: ProxyPlan | null = null;
  recorded: readonly RequestRecord[] = [];
  table: EndpointTable | null = null;
  /** Every request but `status`, in order. */
  readonly log: string[] = [];
  /** What it has against a plan; undefined: nothing. */
  objection: ((plan: ProxyPlan) => string | undefined) | undefined;
  #held: (() => void)[] | null = null;
  readonly #connections = new Set<{ lose(): void; notify(notice: WorkerNotice): void }>();

  constructor(info: WorkerInfo) {
    this.info = info;
  }

  /** From now on nothing is answered. */
  hang(): void {
    this.#held ??= [];
  }

  /** Requests that wait for an answer since it hangs. */
  get waiting(): number {
    return this.#held?.length ?? 0;
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  /** All its connections end. */
  die(): void {
    for (const connection of [...this.#connections]) connection.lose();
    this.#connections.clear();
  }

  notify(notice: WorkerNotice): void {
    for (const connection of this.#connections) connection.notify(notice);
  }

  connect(handlers: { onNotice(notice: WorkerNotice): void; onLost(): void }): WorkerChannel {
    let reject: (error: Error) => void = () => {};
    const end = new Promise<never>((_, fail) => {
      reject = fail;
    });
    // Only those who wait for an answer are to hear of it.
    end.catch(() => {});
    const connection = {
      lose: () => {
        reject(new Error("the connection was closed"));
        handlers.onLost();
      },
      notify: handlers.onNotice,
    };
    this.#connections.add(connection);
    return {
      request: (body) => Promise.race([this.#answerInTime(body), end]),
      close: () => {
        this.#connections.delete(connection);
        reject(new Error("the connection was closed"));
      },
    };
  }

  async #answerInTime(request: WorkerRequest): Promise<WorkerAnswer> {
    const held = this.#held;
    if (held) await new Promise<void>((go) => held.push(go));
    return this.#answer(request);
  }

  #answer(request: WorkerRequest): WorkerAnswer {
    const versions = { planVersion: this.plan?.version ?? 0, endpointsVersion: this.table?.version ?? 0 };
    switch (request.type) {
      case "plan": {
        this.log.push(`plan ${request.plan.version} ${request.plan.app}`);
        const problem =
          request.plan.version < versions.planVersion ? "an older version" : this.objection?.(request.plan);
        if (problem !== undefined) return { type: "refused", ...versions, problems: [problem] };
        if (request.plan.version > versions.planVersion) this.plan = request.plan;
        return { type: "acknowledged", ...versions, planVersion: request.plan.version };
      }
      case "endpoints":
        this.log.push(`endpoints ${request.table.version}`);
        if (request.table.version < versions.endpointsVersion) {
          return { type: "refused", ...versions, problems: ["an older version"] };
        }
        if (request.table.version > versions.endpointsVersion) this.table = request.table;
        return { type: "acknowledged", ...versions, endpointsVersion: request.table.version };
      case "await-drained":
        this.log.push(`await-drained ${request.endpoint}@${request.epoch}`);
        return { type: "drained", inFlight: 0 };
      case "stats":
        return { type: "stats", stats: { pid: this.info.pid, startTicks: 1, edges: [], endpoints: [] } };
      case "status":
        return { type: "status", pid: this.info.pid, ...versions, inFlight: 0, listeners: [] };
      case "probe-passed":
        this.log.push(`probe-passed ${request.endpoint}@${request.epoch}`);
        return { type: "noted" };
      case "recorded":
        return { type: "recorded", requests: this.recorded.filter(({ requestId }) => requestId === request.id) };
      case "explain":
        return { type: "error", message: `nothing listens as ${request.listener}` };
    }
  }
}

/** By the socket that they listen on. */
export class FakeWorkers {
  readonly bySocket = new Map<string, FakeWorker>();

  add(pid: number, slot = 1): FakeWorker {
    const worker = new FakeWorker(workerInfo(pid, slot));
    this.bySocket.set(worker.info.socket, worker);
    return worker;
  }

  readonly connectWorker: WorkerFleetOptions["connectWorker"] = async (info, handlers) => {
    const worker = this.bySocket.get(info.socket);
    if (!worker) throw new Error("connect ENOENT");
    return worker.connect(handlers);
  };
}
