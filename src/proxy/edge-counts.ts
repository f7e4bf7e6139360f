// Counts per (caller, callee), cumulative since the worker began. Bounded: both names come from plans,
// never from a request.
import { LatencyRecorder } from "../base/latency-histogram.js";
import type { EdgeStats } from "../keeper/protocol.js";
import type { RefusalCode } from "./refusals.js";

const statusClasses = Array.from({ length: 10 }, (_, hundred) => `${hundred}xx`);

export class EdgeCounts {
  readonly caller: string;
  /** Empty: refused before a callee was known. */
  readonly callee: string;
  retries = 0;
  retriesDenied = 0;
  tunnels = 0;
  tunnelsOpen = 0;
  #requests = 0;
  #errors = 0;
  #requestBytes = 0;
  #responseBytes = 0;
  readonly #statusClasses: Record<string, number> = {};
  readonly #refused: Record<string, number> = {};
  readonly #latency = new LatencyRecorder();

  constructor(caller: string, callee: string) {
    this.caller = caller;
    this.callee = callee;
  }

  /** `status` null: the client left before there was an answer. `broken`: the answer was cut short. */
  record(outcome: {
    readonly status: number | null;
    readonly broken: boolean;
    readonly durationMs: number;
    readonly requestBytes: number;
    readonly responseBytes: number;
  }): void {
    const { status } = outcome;
    const statusClass = status === null ? "none" : (statusClasses[Math.floor(status / 100)] as string);
    this.#requests++;
    this.#statusClasses[statusClass] = (this.#statusClasses[statusClass] ?? 0) + 1;
    if (outcome.broken || (status !== null && status >= 500)) this.#errors++;
    this.#requestBytes += outcome.requestBytes;
    this.#responseBytes += outcome.responseBytes;
    this.#latency.record(outcome.durationMs);
  }

  countRefusal(code: RefusalCode): void {
    this.#refused[code] = (this.#refused[code] ?? 0) + 1;
  }

  toJSON(): EdgeStats {
    return {
      caller: this.caller,
      callee: this.callee,
      requests: this.#requests,
      statusClasses: { ...this.#statusClasses },
      errors: this.#errors,
      retries: this.retries,
      retriesDenied: this.retriesDenied,
      refused: { ...this.#refused },
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      tunnels: this.tunnels,
      tunnelsOpen: this.tunnelsOpen,
      latency: this.#latency.toJSON(),
    };
  }
}

export class EdgeBook {
  readonly #edges = new Map<string, Map<string, EdgeCounts>>();

  of(caller: string, callee: string): EdgeCounts {
    let callees = this.#edges.get(caller);
    if (!callees) {
      callees = new Map();
      this.#edges.set(caller, callees);
    }
    let edge = callees.get(callee);
    if (!edge) {
      edge = new EdgeCounts(caller, callee);
      callees.set(callee, edge);
    }
    return edge;
  }

  toJSON(): EdgeStats[] {
    return [...this.#edges.values()].flatMap((callees) => [...callees.values()].map((edge) => edge.toJSON()));
  }
}
