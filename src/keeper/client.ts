// The controller's connection to the keeper: says hello, and says it again to whoever took the keeper's place.
import { messageOf, TuskError } from "../base/errors.js";
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
  /** Nobody took the keeper's place within `awayMs`: it and all workers are gone. Called again after each such time. */
  readonly onAway?: () => void;
  /** Default 3000: a worker that lives starts a successor within a second. */
  readonly awayMs?: number;
  /** Longest wait for the first connection, and of a request for a successor. Default 10000. */
  readonly connectMs?: number;
}

export interface KeeperClient {
  /** Waits for a successor when the keeper has just died. Rejects with KEEPER_LOST when none comes in time. */
  request(body: KeeperRequest): Promise<KeeperAnswer>;
  close(): void;
}

type Channel = JsonChannel<KeeperRequest, KeeperAnswer, KeeperNotice>;

const retryMs = 50;
const defaultConnectMs = 10_000;
const defaultAwayMs = 3_000;
/** For the keeper to start or end its workers, beyond the time that it gives them. */
const endMarginMs = 10_000;

/** Rejects with KEEPER_LOST when no keeper answers within `connectMs`. Afterwards it reconnects for ever. */
export async function connectKeeper(options: KeeperClientOptions): Promise<KeeperClient> {
  const connection = new KeeperConnection(options);
  await connection.channel();
  return {
    request: async (body) => {
      const channel = await connection.channel();
      return channel.request(body, limitOf(body));
    },
    close: () => connection.close(),
  };
}

/** Undefined: the usual one. */
function limitOf(body: KeeperRequest): number | undefined {
  if (body.type === "shutdown" || body.type === "settle") return body.drainMs + endMarginMs;
  return body.type === "renew" ? body.limitMs + endMarginMs : undefined;
}

class KeeperConnection {
  readonly #options: KeeperClientOptions;
  readonly #connectMs: number;
  #open: Channel | null = null;
  /** Notices that came right behind the hello: they are newer than its list of workers, and must be told after it. */
  #early: KeeperNotice[] | null = [];
  #waiting: ((channel: Channel | null) => void)[] = [];
  #closed = false;

  constructor(options: KeeperClientOptions) {
    this.#options = options;
    this.#connectMs = options.connectMs ?? defaultConnectMs;
    void this.#connect();
  }

  /** The present connection, or the next one. */
  channel(): Promise<Channel> {
    if (this.#open) return Promise.resolve(this.#open);
    return new Promise((resolve, reject) => {
      const lost = new TuskError("KEEPER_LOST", `no keeper answers on ${this.#options.socketPath}`);
      const timer = setTimeout(() => reject(lost), this.#connectMs);
      this.#waiting.push((channel) => {
        clearTimeout(timer);
        if (channel) resolve(channel);
        else reject(lost);
      });
      if (this.#closed) this.#settle(null);
    });
  }

  close(): void {
    this.#closed = true;
    this.#open?.close();
    this.#open = null;
    this.#settle(null);
  }

  async #connect(): Promise<void> {
    const { onAway, awayMs = defaultAwayMs } = this.#options;
    let awaySince = performance.now();
    while (!this.#closed && this.#open === null) {
      if (performance.now() - awaySince > awayMs) {
        awaySince = performance.now();
        onAway?.();
      }
      const opened = await this.#tryOpen();
      if (opened === null) await new Promise((go) => setTimeout(go, retryMs));
      else if (this.#closed) opened.channel.close();
      else this.#take(opened);
    }
  }

  #tryOpen(): Promise<Opened | null> {
    this.#early = [];
    const onNotice = (notice: KeeperNotice): void => this.#onNotice(notice);
    const opened = openChannel({ ...this.#options, onNotice }, () => this.#onLost());
    // Nobody is there yet, or it went away: it is tried again.
    return opened.catch(() => null);
  }

  #take({ channel, workers }: Opened): void {
    this.#open = channel;
    this.#settle(channel);
    // Whoever waited has the channel by then.
    setImmediate(() => {
      if (this.#closed) return;
      this.#options.onConnected(workers);
      const early = this.#early ?? [];
      this.#early = null;
      for (const notice of early) this.#options.onNotice(notice);
    });
  }

  #onNotice(notice: KeeperNotice): void {
    if (this.#early) this.#early.push(notice);
    else this.#options.onNotice(notice);
  }

  #onLost(): void {
    this.#open = null;
    void this.#connect();
  }

  #settle(channel: Channel | null): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settle of waiting) settle(channel);
  }
}

interface Opened {
  readonly channel: Channel;
  readonly workers: readonly WorkerInfo[];
}

async function openChannel(options: KeeperClientOptions, onLost: () => void): Promise<Opened> {
  const { socketPath, onNotice, restart } = options;
  let welcome = false;
  const channel: Channel = await JsonChannel.open({ socketPath, onNotice, onLost: () => welcome && onLost() });
  const startTicks = identify(process.pid)?.startTicks ?? 0;
  try {
    const answer = await channel.request({ type: "hello", pid: process.pid, startTicks, restart });
    if (answer.type !== "hello") throw new Error(`the keeper answered hello with ${answer.type}`);
    welcome = true;
    return { channel, workers: answer.workers };
  } catch (error) {
    channel.close();
    throw new TuskError("KEEPER_LOST", messageOf(error), { cause: error });
  }
}
