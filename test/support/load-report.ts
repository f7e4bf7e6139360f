// What a load run has measured. Plain JSON, because it may come from another process. Counts are exact, the list of
// failures is cut after the first ones.

export interface LoadFailure {
  /** Since the start of the run, when the request was due. */
  readonly atMs: number;
  /** `status 503 NO_ENDPOINT`, `ECONNREFUSED`, `ECONNRESET`, `timed out`, `cut off`. */
  readonly reason: string;
}

export interface LoadReport {
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly durationMs: number;
  readonly ratePerSecond: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly failures: readonly LoadFailure[];
  /** Successful requests by the `x-served-by` header of their answer. */
  readonly servedBy: Readonly<Record<string, number>>;
  /** From the moment that a request was due to the end of its answer; successful ones. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
  /** How late the generator itself was at most: more than some 50 ms says that the machine, not the tested system, was slow. */
  readonly lagMs: number;
  /** TCP connections opened. */
  readonly connections: number;
}

/** Collects outcomes while a run goes on. */
export class LoadRecorder {
  readonly #statuses = new Map<string, number>();
  readonly #reasons = new Map<string, number>();
  readonly #servedBy = new Map<string, number>();
  readonly #failures: LoadFailure[] = [];
  readonly #latencies: number[] = [];
  #failed = 0;
  sent = 0;
  lagMs = 0;
  connections = 0;

  status(status: number): void {
    count(this.#statuses, String(status));
  }

  success(latencyMs: number, servedBy: string | undefined): void {
    this.#latencies.push(latencyMs);
    if (servedBy !== undefined) count(this.#servedBy, servedBy);
  }

  failure(atMs: number, reason: string): void {
    this.#failed++;
    count(this.#reasons, reason);
    if (this.#failures.length < 20) this.#failures.push({ atMs: Math.round(atMs), reason });
  }

  report(durationMs: number): LoadReport {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (share: number): number =>
      round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
    return {
      sent: this.sent,
      succeeded: sorted.length,
      failed: this.#failed,
      durationMs: round(durationMs),
      ratePerSecond: round((this.sent * 1000) / durationMs),
      statuses: Object.fromEntries(this.#statuses),
      reasons: Object.fromEntries(this.#reasons),
      failures: this.#failures,
      servedBy: Object.fromEntries(this.#servedBy),
      latencyMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
      lagMs: round(this.lagMs),
      connections: this.connections,
    };
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** One line for people. */
export function describeLoad(report: LoadReport): string {
  const { sent, failed, ratePerSecond, latencyMs, lagMs } = report;
  const reasons = failed === 0 ? "" : ` ${JSON.stringify(report.reasons)}`;
  const { p50, p99, max } = latencyMs;
  return `${sent} requests at ${ratePerSecond}/s, ${failed} failed${reasons}, p50 ${p50} p99 ${p99} max ${max} ms, generator late by at most ${lagMs} ms`;
}
