// The controller's connection to one worker. It is not made again when it ends: the keeper announces the worker that
// comes next.
import type { WorkerAnswer, WorkerNotice, WorkerRequest } from "../keeper/protocol.js";
import { JsonChannel } from "../system/json-channel.js";

export interface WorkerClientOptions {
  readonly socketPath: string;
  readonly onNotice: (notice: WorkerNotice) => void;
  readonly onLost: () => void;
}

export interface WorkerClient {
  request(body: WorkerRequest): Promise<WorkerAnswer>;
  close(): void;
}

/** Rejects when nobody listens there. */
export async function connectWorker(options: WorkerClientOptions): Promise<WorkerClient> {
  const channel = await JsonChannel.open<WorkerRequest, WorkerAnswer, WorkerNotice>(options);
  return {
    request: (body) => channel.request(body, body.type === "await-drained" ? body.limitMs + 5_000 : undefined),
    close: () => channel.close(),
  };
}
