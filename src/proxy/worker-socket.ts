// The worker's Unix socket: takes plans and endpoints from any controller, and answers its questions.
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { messageOf } from "../base/errors.js";
import type { Envelope, WorkerAnswer, WorkerNotice, WorkerRequest } from "../keeper/protocol.js";
import { readJsonLines, writeJsonLine } from "../system/lines.js";
import { identify } from "../system/proc.js";
import type { DataPlane } from "./data-plane.js";
import type { StoredState } from "./stored-state.js";

export interface WorkerSocketOptions {
  readonly dataPlane: DataPlane;
  readonly stored: StoredState;
  readonly inFlight: () => number;
}

export class WorkerSocket {
  readonly #options: WorkerSocketOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #startTicks = identify(process.pid)?.startTicks ?? 0;

  constructor(options: WorkerSocketOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  listen(path: string): Promise<void> {
    // A file that is there belongs to the worker whose place this one takes.
    rmSync(path, { force: true });
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, () => resolve());
    });
  }

  notify(notice: WorkerNotice): void {
    for (const socket of this.#sockets) writeJsonLine(socket, { body: notice } satisfies Envelope<WorkerNotice>);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    const onError = (error: Error): void => writeJsonLine(socket, { body: { type: "error", message: error.message } });
    const onValue = (value: unknown): void => {
      const { id, body } = (value ?? {}) as Partial<Envelope<WorkerRequest>>;
      this.#answer(body)
        .catch((error): WorkerAnswer => ({ type: "error", message: messageOf(error) }))
        .then((answer) => writeJsonLine(socket, { id, body: answer }));
    };
    readJsonLines(socket, onValue, { onError });
  }

  async #answer(request: WorkerRequest | undefined): Promise<WorkerAnswer> {
    const { dataPlane, inFlight } = this.#options;
    switch (request?.type) {
      case "plan":
        return this.#kept("plan", request.plan, dataPlane.applyPlan(request.plan));
      case "endpoints":
        return this.#kept("endpoints", request.table, dataPlane.applyEndpoints(request.table));
      case "await-drained": {
        const { endpoint, epoch, limitMs } = request;
        return { type: "drained", inFlight: await dataPlane.awaitDrained(endpoint, epoch, limitMs) };
      }
      case "stats":
        return {
          type: "stats",
          stats: { ...this.#identity(), edges: dataPlane.edges.toJSON(), endpoints: dataPlane.endpointStats() },
        };
      case "explain": {
        const { explainRequest } = await import("./explain.js");
        return { type: "explain", explanation: explainRequest(dataPlane, request) };
      }
      case "status": {
        const { planVersion, endpointsVersion, listenerNames: listeners } = dataPlane;
        return { type: "status", pid: process.pid, planVersion, endpointsVersion, inFlight: inFlight(), listeners };
      }
      default:
        return { type: "error", message: "unknown request" };
    }
  }

  #kept(part: "plan" | "endpoints", value: unknown, answer: WorkerAnswer): WorkerAnswer {
    if (answer.type === "acknowledged") this.#options.stored.save(part, value);
    return answer;
  }

  #identity(): { readonly pid: number; readonly startTicks: number } {
    return { pid: process.pid, startTicks: this.#startTicks };
  }
}
