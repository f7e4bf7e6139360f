// Waiting in line with c servers: how likely a request waits, how long, and how many servers keep that within an
// objective (M/M/c: Poisson arrivals, exponential service). Rates and service rates are per second.

import { TuskError } from "../../base/errors.js";

/** What requests may wait: at most `share` of them longer than `seconds`. */
export interface WaitObjective {
  /** Above 0, below 1. 0.05 is "95 % within". */
  readonly share: number;
  /** 0 or more. */
  readonly seconds: number;
}

/** Answers of more servers than this are not looked for. */
export const mostServers = 100_000;

/**
 * Probability that a request waits, by Erlang's C formula (Erlang 1917), through the stable recurrence of his B formula.
 * `load` is arrival rate times mean service time, in erlangs. 1 when the servers cannot keep up.
 * Throws REQUEST_INVALID for a number of servers that is not whole and positive, or a load below 0.
 */
export function erlangC(servers: number, load: number): number {
  checkServers(servers);
  if (!(load >= 0)) throw new TuskError("REQUEST_INVALID", `the load is ${load} erlangs, not 0 or more`);
  if (load >= servers) return 1;
  let blocked = 1;
  for (let server = 1; server <= servers; server++) blocked = (load * blocked) / (server + load * blocked);
  const utilization = load / servers;
  return blocked / (1 - utilization + utilization * blocked);
}

/** Share of requests that wait longer than `seconds`. Throws REQUEST_INVALID like erlangC. */
export function waitExceedance(servers: number, rate: number, serviceRate: number, seconds: number): number {
  checkServiceRate(serviceRate);
  const load = rate / serviceRate;
  if (load >= servers) return 1;
  return erlangC(servers, load) * Math.exp(-(servers * serviceRate - rate) * seconds);
}

/** The wait that a share `quantile` of requests stays within, in seconds; infinite when the servers cannot keep up. */
export function waitQuantile(servers: number, rate: number, serviceRate: number, quantile: number): number {
  checkServiceRate(serviceRate);
  if (rate / serviceRate >= servers) return Number.POSITIVE_INFINITY;
  const waits = erlangC(servers, rate / serviceRate);
  const share = 1 - quantile;
  return waits <= share ? 0 : Math.log(waits / share) / (servers * serviceRate - rate);
}

/** The highest rate at which so many servers keep the objective, to a billionth of what they can serve at most. */
export function highestRate(servers: number, serviceRate: number, objective: WaitObjective): number {
  checkServers(servers);
  checkServiceRate(serviceRate);
  checkObjective(objective);
  let kept = 0;
  let broken = servers * serviceRate;
  for (let step = 0; step < 40 && broken - kept > 1e-9 * servers * serviceRate; step++) {
    const middle = (kept + broken) / 2;
    if (waitExceedance(servers, middle, serviceRate, objective.seconds) <= objective.share) kept = middle;
    else broken = middle;
  }
  return kept;
}

/**
 * The fewest servers that keep the objective at this rate; 1 at least.
 * Throws REQUEST_INVALID for a rate that is no finite number of 0 or more, and where 100,000 servers do not suffice.
 */
export function serversFor(rate: number, serviceRate: number, objective: WaitObjective): number {
  checkServiceRate(serviceRate);
  checkObjective(objective);
  if (!(rate >= 0 && Number.isFinite(rate))) throw new TuskError("REQUEST_INVALID", `the rate is ${rate}/s`);
  const fewest = Math.max(1, Math.floor(rate / serviceRate));
  const keeps = (servers: number) => waitExceedance(servers, rate, serviceRate, objective.seconds) <= objective.share;
  let low = fewest;
  let high = fewest;
  for (let stride = 1; high <= mostServers && !keeps(high); stride *= 2) {
    low = high + 1;
    high += stride;
  }
  if (high > mostServers) {
    throw new TuskError("REQUEST_INVALID", `${rate}/s at ${serviceRate}/s each need more than ${mostServers} servers`);
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (keeps(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

function checkServers(servers: number): void {
  if (Number.isInteger(servers) && servers >= 1 && servers <= 10 * mostServers) return;
  throw new TuskError("REQUEST_INVALID", `${servers} is no number of servers`);
}

export function checkServiceRate(serviceRate: number): void {
  if (serviceRate > 0 && Number.isFinite(serviceRate)) return;
  throw new TuskError("REQUEST_INVALID", `the service rate is ${serviceRate}/s, not above 0`);
}

export function checkObjective({ share, seconds }: WaitObjective): void {
  if (share > 0 && share < 1 && seconds >= 0 && Number.isFinite(seconds)) return;
  throw new TuskError("REQUEST_INVALID", `no objective: a share of ${share} waits longer than ${seconds} s`);
}
