// The controller's connection to the keeper: says hello, and says it again to whoever took the keeper's place.
import { JsonChannel } from "../system/json-channel.js";
import { identify } from "../system/proc.js";
import type { KeeperAnswer, KeeperNotice, KeeperRequest, WorkerInfo } from "./protocol.js";

export interface KeeperClientOptions {
  readonly socketPath: string;
  /** What the keeper runs when this process dies; null: nothing. */
  readonly restart: readonly string[] | null;
  readonly onNotice: (notice: KeeperNotice) => void;
  /** At the first connection and at every later one. */
  readonly onConnected: (workers: readonly WorkerInfo[]) => void;
  /** Longest wait for the first connection. Default 10000. */
  readonly connectMs?: number;
}

export interface KeeperClient {
  /** Rejects when the keeper is away or does not answer in time. */
  request(body: KeeperRequest): Promise<KeeperAnswer>;
  close(): void;
}

type Channel = JsonChannel<KeeperRequest, KeeperAnswer, KeeperNotice>;
const retryMs = 50;

/** Rejects when no keeper answers within `connectMs`. Afterwards it reconnects for ever. */
export async function connectKeeper(options: KeeperClientOptions): Promise<KeeperClient> {
  let channel: Channel | null = null;
  let closed = false;
  const reconnect = async (deadline: number): Promise<void> => {
    while (!closed) {
      try {
        channel = await open(options, () => {
          channel = null;
          void reconnect(Number.POSITIVE_INFINITY);
        });
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((go) => setTimeout(go, retryMs));
      }
    }
  };
  await reconnect(performance.now() + (options.connectMs ?? 10_000));
  return {
    request: (body) => {
      if (!channel) return Promise.reject(new Error("the keeper is away"));
      return channel.request(body, body.type === "shutdown" ? body.drainMs + 10_000 : undefined);
    },
    close: () => {
      closed = true;
      channel?.close();
    },
  };
}

async function open(options: KeeperClientOptions, onLost: () => void): Promise<Channel> {
  const channel: Channel = await JsonChannel.open({
    socketPath: options.socketPath,
    onNotice: options.onNotice,
    onLost,
  });
  const startTicks = identify(process.pid)?.startTicks ?? 0;
  const answer = await channel.request({ type: "hello", pid: process.pid, startTicks, restart: options.restart });
  if (answer.type !== "hello") {
    channel.close();
    throw new Error(`the keeper answered hello with ${answer.type}`);
  }
  // The caller must hold the client before it is told.
  queueMicrotask(() => options.onConnected(answer.workers));
  return channel;
}
