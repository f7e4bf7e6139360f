// What a worker knows of one life of one endpoint: counts and standing. It outlives changes of plan and table,
// and lives on after its removal until its last request has ended.
import type { EndpointStats } from "../keeper/protocol.js";
import type { Endpoint } from "../plan/proxy-plan.js";
import { LatencyEstimate } from "../resilience/latency-estimate.js";
import type { Candidate } from "../resilience/load-balancer.js";
import { healthyOutlierState, type OutlierState } from "../resilience/outlier.js";
import type { UpstreamTarget } from "./exchange.js";

/** What is spoken to an endpoint. */
export type Speech = Pick<UpstreamTarget, "protocol" | "tls">;

export class EndpointState implements Candidate {
  readonly cluster: string;
  readonly #life: string;
  #endpoint: Endpoint;
  #target: UpstreamTarget;
  outlier: OutlierState = healthyOutlierState;
  readonly latency = new LatencyEstimate();
  /** Monotonic; null: it was not ready yet. */
  readySince: number | null = null;
  /** Share of its weight while it is new, above 0, to 1. */
  warmth = 1;
  /** Its weight when the balancer's list was made. */
  listedWeight = -1;
  /** Since the fleet was compared last. */
  answersInInterval = 0;
  failuresInInterval = 0;
  /** Wall time, for people; the outlier state has the monotonic one. */
  ejectedUntilEpochMs: number | null = null;
  /** Wall time of the last ejection. */
  ejectedAtEpochMs = 0;
  ejections = 0;
  requests = 0;
  failures = 0;
  /** Called when a request to it has ended. */
  readonly #onRoom: () => void;
  #inFlight = 0;
  #whenIdle: (() => void)[] = [];

  constructor(cluster: string, endpoint: Endpoint, onRoom: () => void = () => {}) {
    this.cluster = cluster;
    this.#onRoom = onRoom;
    this.#endpoint = endpoint;
    this.#life = lifeOf(endpoint);
    this.#target = targetOf(cluster, endpoint, {});
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** Of the same life. */
  set endpoint(endpoint: Endpoint) {
    const { address, port } = this.#target;
    this.#endpoint = endpoint;
    // Of thousands in a new table most are where they were.
    if (endpoint.address !== address || endpoint.port !== port)
      this.#target = targetOf(this.cluster, endpoint, this.#target);
  }

  /** Of its cluster's plan. */
  speak(speech: Speech): void {
    const { protocol, tls } = this.#target;
    if (speech.protocol !== protocol || speech.tls !== tls)
      this.#target = targetOf(this.cluster, this.#endpoint, speech);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get id(): string {
    return this.#endpoint.id;
  }

  get life(): string {
    return this.#life;
  }

  get weight(): number {
    return (this.#endpoint.weight ?? 1) * this.warmth;
  }

  get ready(): boolean {
    return this.endpoint.state === "ready";
  }

  get ejected(): boolean {
    return this.outlier.ejectedUntil !== null;
  }

  get target(): UpstreamTarget {
    return this.#target;
  }

  begin(): void {
    this.requests++;
    this.#inFlight++;
  }

  end(): void {
    this.#inFlight--;
    if (this.#inFlight === 0 && this.#whenIdle.length > 0) this.#tellIdle();
    this.#onRoom();
  }

  /** Called once when nothing is in flight to it any more; at once when that is so already. */
  whenIdle(wake: () => void): void {
    if (this.#inFlight === 0) wake();
    else this.#whenIdle.push(wake);
  }

  #tellIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const wake of waiting) wake();
  }

  toJSON(): EndpointStats {
    return {
      cluster: this.cluster,
      endpoint: this.endpoint.id,
      epoch: this.endpoint.epoch,
      requests: this.requests,
      failures: this.failures,
      inFlight: this.#inFlight,
      ejectedUntilEpochMs: this.ejectedUntilEpochMs,
      ejections: this.ejections,
    };
  }
}

function targetOf(cluster: string, { id, epoch, address, port }: Endpoint, { protocol, tls }: Speech): UpstreamTarget {
  return { key: `${cluster}/${id}@${epoch}=${address}:${port}`, address, port, protocol, tls };
}

export const lifeOf = (endpoint: Endpoint): string => `${endpoint.id}@${endpoint.epoch}`;
