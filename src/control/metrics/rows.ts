// From samples to the rows of TuskDB: units fixed here (milliseconds, requests per second, cores, bytes), and what is
// not known is null, never zero. Pure.
import { type LatencyHistogram, meanOf, quantileOf } from "../../base/latency-histogram.js";
import type { InstanceView } from "../../orchestrator/orchestrator.js";
import type { EdgeSample } from "./deltas.js";
import { sumOf } from "./deltas.js";

export interface SampleTime {
  /** ISO 8601, end of the interval. */
  readonly timestamp: string;
  readonly intervalSeconds: number;
}

export type Row = Readonly<Record<string, unknown>>;

export function toServiceRows(
  services: readonly string[],
  samples: readonly EdgeSample[],
  views: readonly InstanceView[],
  time: SampleTime,
): Row[] {
  return services.map((service) => {
    const traffic = sumOf(samples.filter((sample) => sample.callee === service));
    const own = views.filter((view) => view.service === service);
    return {
      timestamp: time.timestamp,
      service_id: service,
      response_time: rounded(meanOf(traffic.latency)),
      throughput: traffic.requests / time.intervalSeconds,
      error_rate: traffic.requests > 0 ? traffic.errors / traffic.requests : null,
      cpu_usage: total(own.map((view) => (view.cpuPercent === null ? null : view.cpuPercent / 100))),
      memory_usage: total(own.map((view) => view.memoryBytes)),
      interval_seconds: time.intervalSeconds,
      requests: traffic.requests,
      errors: traffic.errors,
      ...percentiles(traffic.latency),
      instances: own.length,
      ready: own.filter((view) => view.ready).length,
    };
  });
}

export function toEdgeRows(samples: readonly EdgeSample[], time: SampleTime): Row[] {
  return samples
    .filter((sample) => sample.callee !== "")
    .map(({ caller, callee, requests, errors, retries, latency }) => ({
      timestamp: time.timestamp,
      caller,
      callee,
      interval_seconds: time.intervalSeconds,
      requests,
      errors,
      retries,
      ...percentiles(latency),
    }));
}

function percentiles(latency: LatencyHistogram): Row {
  const at = (q: number): number | null => rounded(quantileOf(latency, q));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), sketch: latency.count > 0 ? latency : null };
}

/** Microseconds are enough. */
const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 1000) / 1000);

/** Null when nothing is known of any; what is known otherwise. */
function total(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}
