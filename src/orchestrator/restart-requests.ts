// Who waits for which slots to be replaced.
import { TuskError } from "../base/errors.js";

interface Request {
  readonly pending: Set<string>;
  readonly failures: string[];
  readonly resolve: () => void;
  readonly reject: (error: TuskError) => void;
}

export class RestartRequests {
  readonly #requests = new Set<Request>();

  /** Rejects NOT_READY when one of the slots could not be replaced. */
  add(slots: readonly string[]): Promise<void> {
    if (slots.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#requests.add({ pending: new Set(slots), failures: [], resolve, reject });
    });
  }

  /** `failure` null: replaced. */
  settle(slot: string, failure: string | null): void {
    for (const request of this.#requests) {
      if (!request.pending.delete(slot)) continue;
      if (failure !== null) request.failures.push(`${slot}: ${failure}`);
      if (request.pending.size === 0) this.#finish(request);
    }
  }

  rejectAll(reason: string): void {
    for (const request of this.#requests) {
      request.failures.push(reason);
      this.#finish(request);
    }
  }

  #finish(request: Request): void {
    this.#requests.delete(request);
    if (request.failures.length === 0) request.resolve();
    else request.reject(new TuskError("NOT_READY", `not replaced: ${request.failures.join("; ")}`));
  }
}
