// A keeper in memory: holds "sockets", of which some cannot be had, and can go away and come back.
import type { DataPlaneOptions, KeeperChannel } from "../../src/control/data-plane.js";
import type {
  KeeperAnswer,
  KeeperNotice,
  KeeperRequest,
  ListenRequest,
  ListenResult,
  WorkerInfo,
} from "../../src/keeper/protocol.js";

type Handlers = Parameters<DataPlaneOptions["connectKeeper"]>[0];

export class FakeKeeper {
  workers: WorkerInfo[] = [];
  held: readonly ListenRequest[] = [];
  /** Ports that others have. */
  readonly taken = new Set<number>();
  /** Types of requests, in order; a listen with its names. */
  readonly log: string[] = [];
  away = false;
  /** So many requests are lost. */
  failures = 0;
  ended = false;
  /** Number of workers that it was told to run. */
  workerCount: number | null = null;
  /** Makes a successor for a slot; null: none comes to serve. */
  successor: (slot: number) => WorkerInfo | null = () => null;
  #handlers: Handlers | null = null;

  readonly connectKeeper = async (handlers: Handlers): Promise<KeeperChannel> => {
    this.#handlers = handlers;
    queueMicrotask(() => handlers.onConnected(this.workers));
    return { request: (body) => this.#request(body), close: () => void this.log.push("close") };
  };

  notify(notice: KeeperNotice): void {
    this.#handlers?.onNotice(notice);
  }

  /** Its successor is there. */
  comeBack(): void {
    this.away = false;
    this.#handlers?.onConnected(this.workers);
  }

  async #request(body: KeeperRequest): Promise<KeeperAnswer> {
    if (this.away || this.failures-- > 0) throw new Error("the keeper is away");
    this.log.push(body.type === "listen" ? `listen ${body.listeners.map(({ name }) => name).join(" ")}` : body.type);
    switch (body.type) {
      case "listen":
        return { type: "listen", results: this.#listen(body.listeners) };
      case "status":
        return { type: "status", keeperPid: 7, controllerPid: null, workers: this.workers, listeners: [] };
      case "workers":
        this.workerCount = body.count;
        return { type: "workers", workers: this.workers };
      case "renew":
        return this.#renew(body.slot);
      case "settle": {
        this.log.push(`keep ${body.keep}`);
        const [old, successor] = this.workers.filter(({ slot }) => slot === body.slot);
        const gone = body.keep === "new" ? old : successor;
        this.workers = this.workers.filter((worker) => worker !== gone);
        if (gone)
          this.notify({ type: "worker-exited", slot: gone.slot, pid: gone.pid, code: 0, signal: null, planned: true });
        return { type: "settle" };
      }
      case "shutdown":
        this.ended = true;
        return { type: "shutdown" };
      default:
        return { type: "error", message: `what is ${body.type}?` };
    }
  }

  #renew(slot: number): KeeperAnswer {
    const previous = this.workers.find((worker) => worker.slot === slot);
    const worker = this.successor(slot);
    if (!worker || !previous) return { type: "not-renewed", reason: "the new worker ended before it served" };
    this.workers = [...this.workers, worker];
    this.notify({ type: "worker-started", worker, replaces: previous.pid, planned: true });
    return { type: "renew", worker, previous };
  }

  #listen(wanted: readonly ListenRequest[]): ListenResult[] {
    const isTaken = ({ port }: ListenRequest): boolean => this.taken.has(port);
    this.held = wanted.filter((listener) => !isTaken(listener));
    return wanted.map((listener): ListenResult => {
      const { name, port } = listener;
      if (isTaken(listener)) return { name, ok: false, code: "EADDRINUSE", message: "EADDRINUSE" };
      return { name, ok: true, port: port === 0 ? 40_000 : port };
    });
  }
}
