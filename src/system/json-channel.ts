// A request-and-answer connection of JSON lines over a Unix socket: requests carry an id, notices do not.
import { connect, type Socket } from "node:net";
import { readJsonLines, writeJsonLine } from "./lines.js";

export interface ChannelOptions<Notice> {
  readonly socketPath: string;
  readonly onNotice: (notice: Notice) => void;
  /** The connection ended, or could not be made again; not called after `close`. */
  readonly onLost: (error: Error) => void;
  /** For each request that says nothing else. Default 15000. */
  readonly timeoutMs?: number;
}

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

export class JsonChannel<Request extends { readonly type: string }, Answer, Notice> {
  readonly #socket: Socket;
  readonly #options: ChannelOptions<Notice>;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #nextId = 1;
  #closed = false;

  private constructor(socket: Socket, options: ChannelOptions<Notice>) {
    this.#socket = socket;
    this.#options = options;
    readJsonLines(socket, (value) => this.#onLine(value), { onError: (error) => this.#end(error) });
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the connection was closed")));
  }

  static open<Request extends { readonly type: string }, Answer, Notice>(
    options: ChannelOptions<Notice>,
  ): Promise<JsonChannel<Request, Answer, Notice>> {
    return new Promise((resolve, reject) => {
      const socket = connect(options.socketPath);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new JsonChannel(socket, options));
      });
    });
  }

  request(body: Request, timeoutMs = this.#options.timeoutMs ?? 15_000): Promise<Answer> {
    if (this.#closed) return Promise.reject(new Error("the connection is closed"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`no answer to ${body.type} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      writeJsonLine(this.#socket, { id, body });
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
    this.#rejectAll(new Error("the connection was closed"));
  }

  #onLine(value: unknown): void {
    const { id, body } = value as { id?: number; body: unknown };
    if (id === undefined) {
      this.#options.onNotice(body as Notice);
      return;
    }
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(body as Answer);
  }

  #end(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#rejectAll(error);
    this.#options.onLost(error);
  }

  #rejectAll(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}
