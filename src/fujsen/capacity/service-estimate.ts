// How long a request takes when nothing else is in the way, and how many a service serves at a time, from throughput and
// latency that were observed while the load varied. Nothing is measured inside the service: the queueing model that fits
// what callers saw is the estimate, and the fit says how far to trust it.
import { erlangC } from "./erlang.js";

export interface ServiceObservation {
  /** Requests per second that all replicas together served. */
  readonly throughput: number;
  /** Mean response time, seconds. */
  readonly latencySeconds: number;
  /** Replicas that served them. Default 1. */
  readonly replicas?: number;
}

export interface ServiceEstimate {
  readonly ok: true;
  /** Mean time in service, seconds, without waiting. */
  readonly serviceSeconds: number;
  /** Requests that one replica serves at a time. */
  readonly concurrency: number;
  /** Requests per second that one of these slots serves at most. */
  readonly serviceRate: number;
  /** Requests in one replica on average, by Little's law: throughput times latency. */
  readonly meanInReplica: number;
  /** Highest share of its slots that was in use. */
  readonly peakUtilization: number;
  /** Of the latency's variation that the model explains; 1 is all. */
  readonly rSquared: number;
  /** Mean absolute difference between model and observations, over the mean latency. */
  readonly relativeError: number;
  readonly warnings: readonly string[];
}

export type ServiceEstimateResult = ServiceEstimate | { readonly ok: false; readonly reason: string };

interface Sample {
  readonly rate: number;
  readonly latency: number;
}

const fewestObservations = 8;
const mostConcurrency = 512;
/** Latency must rise at least so much over the load's range to tell how many are served at a time. */
const leastRise = 1.15;

/**
 * Fits M/M/c to one replica's share of the load: least squares in the logarithm of latency, over whole c, and for each c
 * over the service time (Little 1961; Erlang 1917). Never throws: what cannot be estimated has a reason.
 */
export function estimateService(observations: readonly ServiceObservation[]): ServiceEstimateResult {
  const wrong = observations.find((one) => !isObservation(one));
  if (wrong) return { ok: false, reason: `${wrong.throughput}/s at ${wrong.latencySeconds} s is no observation` };
  if (observations.length < fewestObservations) {
    return { ok: false, reason: `${observations.length} observations are fewer than ${fewestObservations}` };
  }
  const samples = observations.map(({ throughput, latencySeconds, replicas = 1 }) => ({
    rate: throughput / replicas,
    latency: latencySeconds,
  }));
  const fits = concurrencies(samples).map((concurrency) => fitServiceTime(samples, concurrency));
  const best = fits.reduce((left, right) => (right.error < left.error ? right : left));
  return describeEstimate(samples, isFlat(samples, best.serviceSeconds) ? leastConcurrency(samples) : best);
}

const isFlat = (samples: readonly Sample[], serviceSeconds: number): boolean =>
  samples.every(({ latency }) => latency < leastRise * serviceSeconds);

// Latency that does not rise fits any number of slots: what was seen in use is all that is known to be there.
function leastConcurrency(samples: readonly Sample[]): Fit {
  const inside = samples.reduce((most, { rate, latency }) => Math.max(most, rate * latency), 0);
  const serviceSeconds = samples.reduce((sum, { latency }) => sum + latency / samples.length, 0);
  return { concurrency: Math.max(1, Math.ceil(inside)), serviceSeconds, error: Number.POSITIVE_INFINITY };
}

const isObservation = ({ throughput, latencySeconds, replicas = 1 }: ServiceObservation): boolean =>
  [throughput, latencySeconds, replicas].every((value) => value > 0 && Number.isFinite(value)) &&
  Number.isInteger(replicas);

interface Fit {
  readonly concurrency: number;
  readonly serviceSeconds: number;
  readonly error: number;
}

// Every number to 16, then in steps of an eighth: latency hardly tells 200 from 201.
function concurrencies(samples: readonly Sample[]): number[] {
  const inside = samples.reduce((most, { rate, latency }) => Math.max(most, rate * latency), 0);
  const highest = Math.min(mostConcurrency, Math.max(16, Math.ceil(4 * inside)));
  const values: number[] = [];
  for (let value = 1; value <= highest; value += Math.max(1, Math.floor(value / 8))) values.push(value);
  return values;
}

const golden = (Math.sqrt(5) - 1) / 2;

// Golden section between a hundredth of the shortest latency and the longest service time that keeps up.
function fitServiceTime(samples: readonly Sample[], concurrency: number): Fit {
  const shortest = samples.reduce((least, { latency }) => Math.min(least, latency), Number.POSITIVE_INFINITY);
  const longest = samples.reduce((most, { latency }) => Math.max(most, latency), 0);
  const fastest = samples.reduce((most, { rate }) => Math.max(most, rate), 0);
  let low = shortest / 100;
  let high = Math.max(low, Math.min((0.999 * concurrency) / fastest, longest));
  for (let step = 0; step < 60; step++) {
    const left = high - golden * (high - low);
    const right = low + golden * (high - low);
    if (errorOf(samples, concurrency, left) <= errorOf(samples, concurrency, right)) high = right;
    else low = left;
  }
  const serviceSeconds = (low + high) / 2;
  return { concurrency, serviceSeconds, error: errorOf(samples, concurrency, serviceSeconds) };
}

/** Mean response time of M/M/c: service and waiting. */
export function meanLatency(rate: number, serviceSeconds: number, concurrency: number): number {
  const load = rate * serviceSeconds;
  if (load >= concurrency) return Number.POSITIVE_INFINITY;
  return serviceSeconds + (erlangC(concurrency, load) * serviceSeconds) / (concurrency - load);
}

function errorOf(samples: readonly Sample[], concurrency: number, serviceSeconds: number): number {
  return samples.reduce((sum, { rate, latency }) => {
    const difference = Math.log(meanLatency(rate, serviceSeconds, concurrency) / latency);
    return sum + difference * difference;
  }, 0);
}

function describeEstimate(samples: readonly Sample[], { concurrency, serviceSeconds, error }: Fit): ServiceEstimate {
  const logs = samples.map(({ latency }) => Math.log(latency));
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const total = logs.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const meanOf = (pick: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const fastest = samples.reduce((most, { rate }) => Math.max(most, rate), 0);
  const missed = meanOf(({ rate, latency }) => Math.abs(meanLatency(rate, serviceSeconds, concurrency) - latency));
  const rSquared = total > 0 ? Math.max(0, 1 - error / total) : 0;
  const peakUtilization = (fastest * serviceSeconds) / concurrency;
  return {
    ok: true,
    serviceSeconds,
    concurrency,
    serviceRate: 1 / serviceSeconds,
    meanInReplica: meanOf(({ rate, latency }) => rate * latency),
    peakUtilization,
    rSquared,
    relativeError: missed / meanOf(({ latency }) => latency),
    warnings: warningsOf(samples, { serviceSeconds, rSquared }),
  };
}

function warningsOf(samples: readonly Sample[], fit: { serviceSeconds: number; rSquared: number }): string[] {
  const warnings: string[] = [];
  if (isFlat(samples, fit.serviceSeconds)) {
    warnings.push("latency hardly rose with the load: how many are served at a time is a lower bound by Little's law");
  } else if (fit.rSquared < 0.7) {
    warnings.push(`load explains ${Math.floor(fit.rSquared * 100)} % of the latency's variation only`);
  }
  return warnings;
}
