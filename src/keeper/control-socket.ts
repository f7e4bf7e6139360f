// The Unix socket on which the controller (and whoever asks for the status) talks to the keeper.
import { type JsonConnection, serveJson } from "../system/json-server.js";
import type { KeeperAnswer, KeeperNotice, KeeperRequest } from "./protocol.js";

const maxLineBytes = 4 * 1024 * 1024;
/** Notices kept for a controller that is away; only the newest matter. */
const mostUntold = 100;

/** A process that is killed closes its sockets a moment before it counts as dead. */
const dyingMs = 20;

type Connection = JsonConnection<KeeperNotice>;

export interface ControlSocketOptions {
  readonly answer: (request: KeeperRequest) => Promise<KeeperAnswer>;
  /** One that had said hello is disconnected: it may be dead. */
  readonly onControllerLeft: () => void;
}

export class ControlSocket {
  readonly #options: ControlSocketOptions;
  /** Connections that said hello: they are told what happens. */
  readonly #controllers = new Set<Connection>();
  #untold: KeeperNotice[] = [];

  constructor(options: ControlSocketOptions) {
    this.#options = options;
  }

  async listen(path: string): Promise<void> {
    await serveJson<KeeperRequest, KeeperAnswer, KeeperNotice>({
      path,
      maxLineBytes,
      onRequest: (request, connection) => this.#onRequest(request, connection),
    });
  }

  /** To every controller, or to the first that comes. */
  notify(notice: KeeperNotice): void {
    if (this.#controllers.size === 0) this.#untold = [...this.#untold, notice].slice(-mostUntold);
    for (const controller of this.#controllers) controller.notify(notice);
  }

  async #onRequest(request: KeeperRequest, connection: Connection): Promise<KeeperAnswer> {
    const answer = await this.#options.answer(request);
    // After its answer has been written, which is the next thing that happens.
    if (answer.type === "hello") setImmediate(() => this.#welcome(connection));
    return answer;
  }

  #welcome(connection: Connection): void {
    this.#controllers.add(connection);
    connection.onClose(() => {
      this.#controllers.delete(connection);
      setTimeout(this.#options.onControllerLeft, dyingMs);
    });
    const untold = this.#untold;
    this.#untold = [];
    for (const notice of untold) connection.notify(notice);
  }
}
