// The last requests of this worker, found by their ids. Bounded: a ring of all of them, and one of those that failed or
// were slow, which stay longer because they are the ones that somebody asks about.
import type { Clock } from "../../base/clock.js";
import type { RequestRecord } from "../../keeper/protocol.js";
import { RecordRing } from "./record-ring.js";
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
  readonly #recent: RecordRing;
  readonly #notable: RecordRing;
  readonly #request = new RecordedRequest();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#recent = new RecordRing(options.recent ?? 2048);
    this.#notable = new RecordRing(options.notable ?? 1024);
  }

  /** To be filled in whole, and given to `keep` in the same turn. */
  take(): RecordedRequest {
    return this.#request;
  }

  keep(request: RecordedRequest): void {
    this.#options.onRecord?.(request);
    const isNotable = request.isTroubled || request.durationMs >= slowMs;
    (isNotable ? this.#notable : this.#recent).push(request);
  }

  /** By request id or trace id (its requests are several), oldest first. */
  find(id: string): RequestRecord[] {
    const { clock } = this.#options;
    const now = { wall: clock.now(), monotonic: clock.monotonic() };
    return [...this.#recent.find(id), ...this.#notable.find(id)]
      .sort((a, b) => a.startedAt - b.startedAt)
      .map((request) => request.toJSON(now));
  }
}
