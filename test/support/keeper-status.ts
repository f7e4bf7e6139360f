// Asks a keeper for its status over its own socket: finer than a command line can look, which takes longer to start
// than a worker takes to be replaced.
import { once } from "node:events";
import { connect } from "node:net";
import type { Envelope, KeeperAnswer, KeeperRequest } from "../../src/keeper/protocol.js";
import { readJsonLines, writeJsonLine } from "../../src/system/lines.js";

export type KeeperStatus = Extract<KeeperAnswer, { type: "status" }>;

/** Rejects when no keeper answers on this socket. */
export async function keeperStatus(socketPath: string): Promise<KeeperStatus> {
  const socket = connect(socketPath);
  try {
    await once(socket, "connect");
    const request: Envelope<KeeperRequest> = { id: 1, body: { type: "status" } };
    const answer = new Promise<KeeperStatus>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("the keeper closed the connection")));
      readJsonLines(socket, (line) => isStatus(line) && resolve(line.body), { onError: reject });
    });
    writeJsonLine(socket, request);
    return await answer;
  } finally {
    socket.destroy();
  }
}

function isStatus(line: unknown): line is Envelope<KeeperStatus> {
  return (line as Envelope<KeeperAnswer>).body?.type === "status";
}
