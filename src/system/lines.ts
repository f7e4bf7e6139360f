// Newline-delimited JSON over a stream, with a limit on a line, so that a broken peer cannot fill the memory.
import type { Socket } from "node:net";

export interface LineOptions {
  /** Longest line in bytes. Default 64 MiB. A longer one ends the connection. */
  readonly maxBytes?: number;
  /** A line that is no JSON, or too long. The connection is destroyed after it. */
  readonly onError: (error: Error) => void;
}

/** Calls back once a line, in order, and no more once the connection is destroyed. A last line without its end is dropped. */
export function readJsonLines(socket: Socket, onValue: (value: unknown) => void, options: LineOptions): void {
  const limit = options.maxBytes ?? 64 * 1024 * 1024;
  let parts: Buffer[] = [];
  let held = 0;
  const fail = (message: string): void => {
    options.onError(new Error(message));
    socket.destroy();
  };
  socket.on("data", (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString("utf8");
      parts = [];
      held = 0;
      start = end + 1;
      if (line.trim() === "") continue;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        fail("a line that is not JSON");
        return;
      }
      onValue(value);
      if (socket.destroyed) return;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      held += chunk.length - start;
      if (held > limit) fail(`a line of more than ${limit} bytes`);
    }
  });
}

/** Does nothing on a connection that has ended: whoever waits for an answer learns it from the end. */
export function writeJsonLine(socket: Socket, value: unknown): void {
  if (!socket.destroyed && socket.writable) socket.write(`${JSON.stringify(value)}\n`);
}
