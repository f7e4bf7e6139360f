// An open-loop load generator: requests are due at fixed times whatever became of the earlier ones, and latency counts
// from the due time, so that a stalled system cannot hide its stall (no coordinated omission). Never retries.
import { Agent, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { LoadRecorder, type LoadReport } from "./load-report.js";

export interface LoadOptions {
  readonly url: string;
  /** Default GET. */
  readonly method?: string;
  /** Default 200. */
  readonly ratePerSecond?: number;
  /** Keep-alive connections at most. Default 32. */
  readonly connections?: number;
  /** Default true. False: a new connection for each request. */
  readonly keepAlive?: boolean;
  /** The run ends by itself after this. */
  readonly durationMs: number;
  /** From the due time to the end of the answer. Default 10000. */
  readonly timeoutMs?: number;
}

export interface Load {
  /** Resolves at the first answer, whatever it is: the load is on. */
  readonly started: Promise<void>;
  /** Resolves when every request has its outcome. */
  readonly done: Promise<LoadReport>;
  /** Sends no more; `done` follows when those under way have ended. */
  stop(): Promise<LoadReport>;
}

const tickMs = 2;

/** In this process. Where the tested system shares the event loop, use `startLoadProcess`. */
export function startLoad(options: LoadOptions): Load {
  const run = new LoadRun(options);
  return { started: run.started, done: run.done, stop: () => run.stop() };
}

class LoadRun {
  readonly started: Promise<void>;
  readonly done: Promise<LoadReport>;
  readonly #options: Required<LoadOptions>;
  readonly #recorder = new LoadRecorder();
  readonly #agent: Agent;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #sockets = new WeakSet<Socket>();
  #underWay = 0;
  #onFirst: () => void = () => {};
  #onDone: (report: LoadReport) => void = () => {};
  #endedAt: number | null = null;

  constructor(options: LoadOptions) {
    this.#options = {
      method: "GET",
      ratePerSecond: 200,
      connections: 32,
      keepAlive: true,
      timeoutMs: 10_000,
      ...options,
    };
    // First in, first out spreads the requests over all connections, so that all of them are put to the test.
    const { keepAlive, connections: maxSockets } = this.#options;
    this.#agent = new Agent({ keepAlive, maxSockets, scheduling: "fifo" });
    this.started = new Promise((resolve) => {
      this.#onFirst = resolve;
    });
    this.done = new Promise((resolve) => {
      this.#onDone = resolve;
    });
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#tick();
  }

  stop(): Promise<LoadReport> {
    this.#end();
    return this.done;
  }

  #tick(): void {
    const { durationMs, ratePerSecond } = this.#options;
    const elapsed = Math.min(performance.now() - this.#startedAt, durationMs);
    const intervalMs = 1000 / ratePerSecond;
    while (this.#endedAt === null && this.#recorder.sent * intervalMs < elapsed)
      this.#send(this.#recorder.sent * intervalMs);
    if (elapsed >= durationMs) this.#end();
  }

  #end(): void {
    if (this.#endedAt !== null) return;
    this.#endedAt = performance.now();
    clearInterval(this.#timer);
    this.#finishIfIdle();
  }

  #send(dueMs: number): void {
    this.#recorder.sent++;
    this.#underWay++;
    const now = performance.now() - this.#startedAt;
    this.#recorder.lagMs = Math.max(this.#recorder.lagMs, now - dueMs);
    let ended = false;
    const finish = (outcome: Outcome): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      this.#record(dueMs, outcome);
    };
    const outgoing = request(this.#options.url, { method: this.#options.method, agent: this.#agent });
    const timer = setTimeout(() => {
      finish({ failure: "timed out" });
      outgoing.destroy();
    }, this.#options.timeoutMs);
    outgoing.on("socket", (socket) => this.#countConnection(socket));
    outgoing.on("response", (response) => readAnswer(response, (outcome) => finish(outcome)));
    outgoing.on("error", (error: NodeJS.ErrnoException) => finish({ failure: error.code ?? error.message }));
    outgoing.end();
  }

  #countConnection(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    this.#recorder.connections++;
  }

  #record(dueMs: number, outcome: Outcome): void {
    if (outcome.status !== undefined) this.#recorder.status(outcome.status);
    if (outcome.failure === undefined) {
      this.#recorder.success(performance.now() - this.#startedAt - dueMs, outcome.servedBy);
    } else this.#recorder.failure(dueMs, outcome.failure);
    this.#onFirst();
    this.#underWay--;
    this.#finishIfIdle();
  }

  #finishIfIdle(): void {
    if (this.#endedAt === null || this.#underWay > 0) return;
    this.#agent.destroy();
    this.#onFirst();
    this.#onDone(this.#recorder.report(this.#endedAt - this.#startedAt));
  }
}

interface Outcome {
  readonly status?: number;
  readonly servedBy?: string;
  /** Absent: it succeeded. */
  readonly failure?: string;
}

/** Success is a status below 400 and an answer that ended as it should. */
function readAnswer(response: IncomingMessage, finish: (outcome: Outcome) => void): void {
  const status = response.statusCode ?? 0;
  const servedBy = response.headers["x-served-by"];
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    if (status >= 400 && text.length < 4096) text += chunk;
  });
  response.on("end", () => {
    if (!response.complete) finish({ status, failure: "cut off" });
    else if (status >= 400) finish({ status, failure: `status ${status}${codeIn(text)}` });
    else finish(typeof servedBy === "string" ? { status, servedBy } : { status });
  });
  response.on("error", () => finish({ status, failure: "cut off" }));
}

// The code of a problem+json answer made by the proxy; says who refused and why.
function codeIn(text: string): string {
  const match = /"code"\s*:\s*"([A-Z_]+)"/.exec(text);
  return match ? ` ${match[1]}` : "";
}
