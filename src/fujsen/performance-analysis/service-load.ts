// What a service is asked for, and what its latency says of the waiting inside it.
import { estimateService, meanLatency } from "../capacity/service-estimate.js";
import type { CleanRow } from "../clean-row.js";
import { rounded } from "../score.js";

export interface QueueFit {
  readonly serviceSeconds: number;
  /** Requests that one instance serves at a time. */
  readonly concurrency: number;
  readonly rSquared: number;
  /** At the highest measured load. */
  readonly peakUtilization: number;
  /** Of the latency at the highest measured load, 0 to 1, by the model. */
  readonly waitingShare: number;
}

export interface ServiceLoad {
  /** Requests per second; null when not measured. */
  readonly meanRate: number | null;
  readonly peakRate: number | null;
  readonly instances: number | null;
  readonly queue: QueueFit | null;
  /** Why there is no queueing model; null when there is one. */
  readonly queueUnknown: string | null;
}

const groups = 48;
const leastFit = 0.7;

export function measureLoad(rows: readonly CleanRow[]): ServiceLoad {
  const rated = rows.filter(({ requests, throughput }) => requests !== null || throughput !== null);
  const seconds = rated.reduce((sum, { intervalSeconds }) => sum + intervalSeconds, 0);
  const rates = rated.map((row) => row.weight / row.intervalSeconds);
  const instances = rows.reduce<number | null>((last, row) => row.ready || row.instances || last, null);
  return {
    meanRate: seconds > 0 ? rounded(rated.reduce((sum, { weight }) => sum + weight, 0) / seconds, 4) : null,
    peakRate:
      rates.length > 0
        ? rounded(
            rates.reduce((most, rate) => Math.max(most, rate), 0),
            4,
          )
        : null,
    instances,
    ...fitQueue(rated),
  };
}

function fitQueue(rows: readonly CleanRow[]): Pick<ServiceLoad, "queue" | "queueUnknown"> {
  const estimate = estimateService(observationsOf(rows));
  if (!estimate.ok) return { queue: null, queueUnknown: estimate.reason };
  const { serviceSeconds, concurrency, rSquared, peakUtilization } = estimate;
  if (!(rSquared >= leastFit)) return { queue: null, queueUnknown: estimate.warnings[0] ?? "the model does not fit" };
  const latency = meanLatency((peakUtilization * concurrency) / serviceSeconds, serviceSeconds, concurrency);
  const waitingShare = Number.isFinite(latency) ? 1 - serviceSeconds / latency : 1;
  return { queue: { serviceSeconds, concurrency, rSquared, peakUtilization, waitingShare }, queueUnknown: null };
}

// Rows in order of load, in equal groups: noise is averaged, and a day costs no more than a minute.
function observationsOf(rows: readonly CleanRow[]) {
  const samples = rows
    .flatMap((row) => {
      const rate = row.weight / row.intervalSeconds / Math.max(1, row.ready || row.instances || 1);
      return row.responseTime && rate > 0 ? [{ rate, latency: row.responseTime / 1000 }] : [];
    })
    .sort((left, right) => left.rate - right.rate || left.latency - right.latency);
  const size = Math.max(1, Math.ceil(samples.length / groups));
  const observations = [];
  for (let at = 0; at < samples.length; at += size) {
    const group = samples.slice(at, at + size);
    const rate = group.reduce((sum, one) => sum + one.rate, 0);
    const inside = group.reduce((sum, one) => sum + one.rate * one.latency, 0);
    observations.push({ throughput: rate / group.length, latencySeconds: inside / rate });
  }
  return observations;
}
