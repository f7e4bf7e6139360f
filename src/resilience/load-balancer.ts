// The contract of load balancers: which of the usable endpoints takes the next request. Pure but for a balancer's own
// turn-taking and tables; the caller hands in only endpoints that may be picked, the same list as long as nothing about
// them changes.
import type { Rng } from "../base/clock.js";
import type { LatencyEstimate } from "./latency-estimate.js";

export interface Candidate {
  /** Stays the same when the endpoint is started anew. */
  readonly id: string;
  /** >= 0; 0 takes nothing as long as another weighs more. */
  readonly weight: number;
  readonly inFlight: number;
  readonly latency: LatencyEstimate;
}

export type LoadBalancerKind =
  | "round-robin"
  | "random"
  | "least-request"
  | "peak-ewma"
  | "ring-hash"
  | "maglev"
  | "first";

/** What a pick depends on besides the candidates. */
export interface Draw {
  readonly rng: Rng;
  /** 32 bits, unsigned: the same for requests that belong to the same endpoint. */
  readonly hash: number;
  /** Monotonic milliseconds. */
  now(): number;
}

export interface LoadBalancer<C extends Candidate> {
  /**
   * Undefined only when there is no candidate. `among`: only these of the candidates may be picked, because the others
   * are full or were tried; what belongs to one of those goes where it would go without it.
   */
  pick(candidates: readonly C[], draw: Draw, among?: readonly C[]): C | undefined;
}

/** Whether requests are kept together by a hash, so that weights must not move all the time. */
export const isHashing = (kind: LoadBalancerKind): boolean => kind === "ring-hash" || kind === "maglev";
