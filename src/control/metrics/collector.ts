// Once a second: asks the workers for their counts and the driver for CPU and memory, and makes one row a service and
// one row an edge of it. Keeps the last minute in memory for the live table. Writes through the sink it is given.
import type { Clock, Timer } from "../../base/clock.js";
import { type LatencyHistogram, mergeHistograms, quantileOf } from "../../base/latency-histogram.js";
import type { WorkerStats } from "../../keeper/protocol.js";
import type { InstanceView } from "../../orchestrator/orchestrator.js";
import type { LiveMetrics } from "../data-access.js";
import { type CountBase, type EdgeSample, stepDeltas, sumOf } from "./deltas.js";
import { type Row, type SampleTime, toEdgeRows, toServiceRows } from "./rows.js";

export interface CollectorOptions {
  readonly clock: Clock;
  readonly stats: () => Promise<readonly WorkerStats[]>;
  readonly views: () => readonly InstanceView[];
  /** Off: nothing is asked and nothing is kept. */
  readonly enabled: () => boolean;
  readonly onRows: (services: readonly Row[], edges: readonly Row[]) => void;
  /** Counts up to which a former controller has made rows. */
  readonly base: CountBase;
  readonly onBase: (base: CountBase) => void;
}

const periodMs = 1_000;
const keptSeconds = 60;

interface Second {
  readonly seconds: number;
  readonly samples: readonly EdgeSample[];
}

export class MetricsCollector {
  readonly #options: CollectorOptions;
  readonly #totals = new Map<string, { requests: number; errors: number }>();
  #base: CountBase;
  #recent: Second[] = [];
  #lastAt: number;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#base = options.base;
    this.#lastAt = options.clock.monotonic();
  }

  start(): void {
    this.#timer = this.#options.clock.setTimer(periodMs, () => void this.#tick());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  live(): LiveMetrics[] {
    const views = this.#options.views();
    const services = [...new Set(views.map((view) => view.service))];
    return services.map((service) => this.#liveOf(service, views));
  }

  /** One sample now; also what the timer does. */
  async sample(): Promise<void> {
    const { clock, stats, views, onRows, onBase } = this.#options;
    const { samples, base } = stepDeltas(this.#base, await stats());
    const now = clock.monotonic();
    const time: SampleTime = {
      timestamp: new Date(clock.now()).toISOString(),
      intervalSeconds: Math.max(0.001, (now - this.#lastAt) / 1000),
    };
    this.#lastAt = now;
    this.#base = base;
    this.#keep(samples, time.intervalSeconds);
    const current = views();
    const services = [...new Set(current.map((view) => view.service))];
    onRows(toServiceRows(services, samples, current, time), toEdgeRows(samples, time));
    if (samples.length > 0) onBase(base);
  }

  async #tick(): Promise<void> {
    if (this.#options.enabled()) await this.sample();
    else this.#lastAt = this.#options.clock.monotonic();
    if (!this.#closed) this.start();
  }

  #keep(samples: readonly EdgeSample[], seconds: number): void {
    this.#recent = [...this.#recent, { seconds, samples }].slice(-keptSeconds);
    for (const { callee, requests, errors } of samples) {
      const total = this.#totals.get(callee) ?? { requests: 0, errors: 0 };
      this.#totals.set(callee, { requests: total.requests + requests, errors: total.errors + errors });
    }
  }

  #liveOf(service: string, views: readonly InstanceView[]): LiveMetrics {
    const own = views.filter((view) => view.service === service);
    const last = this.#recent.at(-1);
    const now = sumOf((last?.samples ?? []).filter((sample) => sample.callee === service));
    const minute: LatencyHistogram = mergeHistograms(
      this.#recent.flatMap(({ samples }) =>
        samples.filter(({ callee }) => callee === service).map(({ latency }) => latency),
      ),
    );
    const [row] = toServiceRows([service], [], own, { timestamp: "", intervalSeconds: 1 });
    return {
      service,
      instances: own.length,
      ready: own.filter((view) => view.ready).length,
      throughput: now.requests / (last?.seconds ?? 1),
      errorRate: now.requests > 0 ? now.errors / now.requests : null,
      p50: quantileOf(minute, 0.5),
      p95: quantileOf(minute, 0.95),
      p99: quantileOf(minute, 0.99),
      requests: this.#totals.get(service)?.requests ?? 0,
      errors: this.#totals.get(service)?.errors ?? 0,
      cpu: (row?.cpu_usage as number | null | undefined) ?? null,
      memoryBytes: (row?.memory_usage as number | null | undefined) ?? null,
    };
  }
}
