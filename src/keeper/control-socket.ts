// The Unix socket on which the controller (and whoever asks for the status) talks to the keeper.
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { messageOf } from "../base/errors.js";
import { readJsonLines, writeJsonLine } from "../system/lines.js";
import type { Envelope, KeeperAnswer, KeeperNotice, KeeperRequest } from "./protocol.js";

const maxLineBytes = 4 * 1024 * 1024;

export class ControlSocket {
  readonly #server: Server;
  /** Connections that said hello: they are told what happens. */
  readonly #controllers = new Set<Socket>();
  readonly #all = new Set<Socket>();
  /** Until a controller is there to be told. Bounded: only the newest matter. */
  #untold: KeeperNotice[] = [];

  constructor(answer: (request: KeeperRequest) => Promise<KeeperAnswer>) {
    this.#server = createServer((socket) => this.#serve(socket, answer));
  }

  listen(path: string): Promise<void> {
    // What is there belongs to a keeper that is dead: one keeper per app, and its predecessor was replaced by us.
    rmSync(path, { force: true });
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, () => resolve());
    });
  }

  notify(notice: KeeperNotice): void {
    if (this.#controllers.size === 0) this.#untold = [...this.#untold, notice].slice(-100);
    for (const socket of this.#controllers) writeJsonLine(socket, { body: notice } satisfies Envelope<KeeperNotice>);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#all) socket.end();
  }

  #serve(socket: Socket, answer: (request: KeeperRequest) => Promise<KeeperAnswer>): void {
    this.#all.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#all.delete(socket);
      this.#controllers.delete(socket);
    });
    const onError = (error: Error): void => writeJsonLine(socket, { body: { type: "error", message: error.message } });
    readJsonLines(
      socket,
      (value) => {
        const { id, body } = (value ?? {}) as Partial<Envelope<KeeperRequest>>;
        if (typeof body !== "object" || body === null) return onError(new Error("a line without a body"));
        answer(body)
          .catch((error): KeeperAnswer => ({ type: "error", message: messageOf(error) }))
          .then((body) => {
            writeJsonLine(socket, { id, body });
            if (body.type === "hello") this.#welcome(socket);
          });
      },
      { maxBytes: maxLineBytes, onError },
    );
  }

  #welcome(socket: Socket): void {
    this.#controllers.add(socket);
    const untold = this.#untold;
    this.#untold = [];
    for (const notice of untold) writeJsonLine(socket, { body: notice });
  }
}
