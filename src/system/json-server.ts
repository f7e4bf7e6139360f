// The answering side of a protocol of JSON lines on a Unix socket; json-channel.ts is the asking side.
import { chmodSync, renameSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { messageOf } from "../base/errors.js";
import { readJsonLines, writeJsonLine } from "./lines.js";

export interface JsonConnection<Notice> {
  notify(notice: Notice): void;
  onClose(listener: () => void): void;
}

export interface JsonServerOptions<Request, Answer, Notice> {
  readonly path: string;
  /** A throw is answered as `{ type: "error", message }`. */
  readonly onRequest: (request: Request, connection: JsonConnection<Notice>) => Answer | Promise<Answer>;
  /** Default 64 MiB. A longer line ends its connection. */
  readonly maxLineBytes?: number;
}

export interface JsonServer<Notice> {
  /** To every connection. */
  broadcast(notice: Notice): void;
  /** Ends every connection after what is written. The socket's file stays: a successor may have put its own there. */
  close(): void;
}

/**
 * Takes the path over from whoever had it, in one step: the socket is made beside it and renamed, so that there is no
 * moment without one, and the end of an earlier server does not remove this one's file. Readable by this user alone.
 */
export async function serveJson<Request, Answer, Notice = never>(
  options: JsonServerOptions<Request, Answer, Notice>,
): Promise<JsonServer<Notice>> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serveConnection(socket, options);
  });
  await listenAt(server, options.path);
  return {
    broadcast(notice) {
      for (const socket of sockets) writeJsonLine(socket, { body: notice });
    },
    close() {
      server.close();
      for (const socket of sockets) socket.end();
    },
  };
}

function serveConnection<Request, Answer, Notice>(
  socket: Socket,
  options: JsonServerOptions<Request, Answer, Notice>,
): void {
  const connection: JsonConnection<Notice> = {
    notify: (notice) => writeJsonLine(socket, { body: notice }),
    onClose: (listener) => void socket.once("close", listener),
  };
  const answer = async (value: unknown): Promise<void> => {
    const { id, body } = (value ?? {}) as { id?: number; body?: Request };
    try {
      if (typeof body !== "object" || body === null) throw new Error("a request is { id, body }");
      writeJsonLine(socket, { id, body: await options.onRequest(body, connection) });
    } catch (error) {
      writeJsonLine(socket, { id, body: { type: "error", message: messageOf(error) } });
    }
  };
  socket.on("error", () => socket.destroy());
  const onError = (error: Error): void => connection.notify({ type: "error", message: error.message } as Notice);
  const limit = options.maxLineBytes === undefined ? {} : { maxBytes: options.maxLineBytes };
  readJsonLines(socket, (value) => void answer(value), { ...limit, onError });
}

function listenAt(server: Server, path: string): Promise<void> {
  const beside = `${path}.${process.pid}`;
  rmSync(beside, { force: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(beside, () => {
      chmodSync(beside, 0o600);
      renameSync(beside, path);
      resolve();
    });
  });
}
