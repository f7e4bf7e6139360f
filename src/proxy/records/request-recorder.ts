// The last requests of this worker, found by their ids. Bounded: a ring of all of them, and one of those that failed or
// were slow, which stay longer because they are the ones that somebody asks about.
import type { Clock } from "../../base/clock.js";
import type { RequestRecord } from "../../keeper/protocol.js";
import { RecordedRequest } from "./recorded-request.js";

export interface RecorderOptions {
  readonly clock: Clock;
  /** Also told of each, at once; must not keep it. */
  readonly onRecord?: (request: RecordedRequest) => void;
  /** Default 2048. */
  readonly recent?: number;
  /** Default 1024. */
  readonly notable?: number;
}

/** Slower requests are kept longer. */
export const slowMs = 1_000;

export class RequestRecorder {
  readonly #options: RecorderOptions;
  readonly #recent: Ring;
  readonly #notable: Ring;
  #spare = new RecordedRequest();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#recent = new Ring(options.recent ?? 2048);
    this.#notable = new Ring(options.notable ?? 1024);
  }

  /** To be filled in whole, and given to `keep` in the same turn. */
  take(): RecordedRequest {
    return this.#spare;
  }

  keep(request: RecordedRequest): void {
    this.#options.onRecord?.(request);
    const ring = request.isTroubled || request.durationMs >= slowMs ? this.#notable : this.#recent;
    this.#spare = ring.push(request);
  }

  /** By request id or trace id (its requests are several), oldest first. */
  find(id: string): RequestRecord[] {
    const { clock } = this.#options;
    const now = { wall: clock.now(), monotonic: clock.monotonic() };
    return [...this.#recent.entries, ...this.#notable.entries]
      .filter(({ startedAt, requestId, traceId }) => startedAt >= 0 && (requestId === id || traceId === id))
      .sort((a, b) => a.startedAt - b.startedAt)
      .map((request) => request.toJSON(now));
  }
}

class Ring {
  readonly entries: RecordedRequest[];
  #next = 0;

  constructor(size: number) {
    this.entries = Array.from({ length: size }, () => new RecordedRequest());
  }

  /** Gives back the oldest, in whose place it is: nothing is copied. */
  push(request: RecordedRequest): RecordedRequest {
    const oldest = this.entries[this.#next] as RecordedRequest;
    this.entries[this.#next] = request;
    this.#next = this.#next + 1 === this.entries.length ? 0 : this.#next + 1;
    return oldest;
  }
}
