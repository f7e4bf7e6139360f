// One upstream service at run time: which endpoints may take a request, which one takes the next, who is ejected,
// and how many retries are under way. Decisions are the pure ones of resilience/; this holds their state.
import type { Clock, Rng, Timer } from "../base/clock.js";
import type { WorkerNotice } from "../keeper/protocol.js";
import type { ClusterPlan, Endpoint } from "../plan/proxy-plan.js";
import { createLoadBalancer, type LoadBalancer } from "../resilience/load-balancer.js";
import { type Fleet, type OutlierEffect, type OutlierEvent, stepOutlier } from "../resilience/outlier.js";
import { RetryBudget } from "../resilience/retry-budget.js";
import { EndpointState, lifeOf } from "./endpoint-state.js";

export interface ClusterOptions {
  readonly clock: Clock;
  readonly notify: (notice: WorkerNotice) => void;
  /** An endpoint left the table: its connections are not needed any more. */
  readonly onForget: (endpoint: EndpointState) => void;
}

export class Cluster {
  readonly name: string;
  readonly #options: ClusterOptions;
  #plan: ClusterPlan | null = null;
  #balancer: LoadBalancer<EndpointState> = createLoadBalancer("round-robin");
  #endpoints = new Map<string, EndpointState>();
  readonly #retired = new Set<EndpointState>();
  readonly #returns = new Map<EndpointState, Timer>();
  #pickable: readonly EndpointState[] = [];
  readonly #budget = new RetryBudget();

  constructor(name: string, options: ClusterOptions) {
    this.name = name;
    this.#options = options;
  }

  get plan(): ClusterPlan | null {
    return this.#plan;
  }

  /** Those of the table, in its order. */
  get endpoints(): readonly EndpointState[] {
    return [...this.#endpoints.values()];
  }

  /** What a request may be sent to now: ready and not ejected; all ready ones when every one of them is ejected. */
  get pickable(): readonly EndpointState[] {
    return this.#pickable;
  }

  setPlan(plan: ClusterPlan | null): void {
    if (plan?.loadBalancer !== this.#plan?.loadBalancer)
      this.#balancer = createLoadBalancer(plan?.loadBalancer ?? "first");
    this.#plan = plan;
    if (!plan?.outlier)
      for (const endpoint of this.#endpoints.values()) this.#return(endpoint, "ejection is switched off");
  }

  setEndpoints(endpoints: readonly Endpoint[]): void {
    const before = this.#endpoints;
    this.#endpoints = new Map();
    for (const endpoint of endpoints) {
      const state = before.get(lifeOf(endpoint)) ?? new EndpointState(this.name, endpoint);
      state.endpoint = endpoint;
      this.#endpoints.set(lifeOf(endpoint), state);
    }
    for (const [life, state] of before) if (!this.#endpoints.has(life)) this.#retire(state);
    this.#refresh();
  }

  /** One that was not tried yet, where there is one. Undefined: none is ready. */
  pick(tried: readonly EndpointState[], rng: Rng): EndpointState | undefined {
    if (tried.length === 0) return this.#balancer.pick(this.#pickable, rng);
    const fresh = this.#pickable.filter((endpoint) => !tried.includes(endpoint));
    return this.#balancer.pick(fresh.length > 0 ? fresh : this.#pickable, rng);
  }

  hasUntried(tried: readonly EndpointState[]): boolean {
    return this.#pickable.some((endpoint) => !tried.includes(endpoint));
  }

  /** How an attempt went. */
  report(endpoint: EndpointState, event: OutlierEvent): void {
    if (event.type === "failure") endpoint.failures++;
    else if (endpoint.outlier.failuresInRow === 0) return;
    this.#step(endpoint, event);
  }

  requestBegins(): void {
    this.#budget.countRequest(this.#options.clock.monotonic());
  }

  /** True: the budget allows one more retry, and has counted it. */
  tryRetry(): boolean {
    const policy = this.#plan?.retryBudget;
    return policy !== undefined && this.#budget.tryRetry(this.#options.clock.monotonic(), policy);
  }

  /** Also one that has left the table and still has requests in flight. */
  find(id: string, epoch: string): EndpointState | undefined {
    const present = this.#endpoints.get(`${id}@${epoch}`);
    if (present) return present;
    return [...this.#retired].find((state) => state.endpoint.id === id && state.endpoint.epoch === epoch);
  }

  close(): void {
    for (const timer of this.#returns.values()) timer.cancel();
    this.#returns.clear();
  }

  #step(endpoint: EndpointState, event: OutlierEvent): void {
    const policy = this.#plan?.outlier;
    if (!policy || !this.#endpoints.has(lifeOf(endpoint.endpoint))) return;
    const now = this.#options.clock.monotonic();
    const { state, effect } = stepOutlier(endpoint.outlier, event, { now, policy, fleet: this.#fleet() });
    endpoint.outlier = state;
    if (effect) this.#perform(endpoint, effect);
  }

  #perform(endpoint: EndpointState, effect: OutlierEffect): void {
    if (effect.type === "return") {
      this.#announceReturn(endpoint, effect.reason);
      return;
    }
    const { clock, notify } = this.#options;
    const untilEpochMs = Math.round(clock.now() + effect.durationMs);
    endpoint.ejectedUntilEpochMs = untilEpochMs;
    endpoint.ejections++;
    this.#tickIn(endpoint, effect.durationMs);
    this.#refresh();
    notify({ type: "ejected", ...this.#nameOf(endpoint), untilEpochMs, reason: effect.reason });
  }

  // A timer may fire a fraction of a millisecond early: then it is set again for the rest.
  #tick(endpoint: EndpointState): void {
    const until = endpoint.outlier.ejectedUntil;
    if (until === null) return;
    const leftMs = until - this.#options.clock.monotonic();
    if (leftMs <= 0) this.#step(endpoint, { type: "tick" });
    else this.#tickIn(endpoint, Math.ceil(leftMs));
  }

  #tickIn(endpoint: EndpointState, delayMs: number): void {
    const timer = this.#options.clock.setTimer(delayMs, () => this.#tick(endpoint));
    this.#returns.set(endpoint, timer);
  }

  #return(endpoint: EndpointState, reason: string): void {
    if (!endpoint.ejected) return;
    endpoint.outlier = { ...endpoint.outlier, ejectedUntil: null, failuresInRow: 0 };
    this.#announceReturn(endpoint, reason);
  }

  #announceReturn(endpoint: EndpointState, reason: string): void {
    endpoint.ejectedUntilEpochMs = null;
    this.#cancelReturn(endpoint);
    this.#refresh();
    this.#options.notify({ type: "returned", ...this.#nameOf(endpoint), reason });
  }

  #cancelReturn(endpoint: EndpointState): void {
    this.#returns.get(endpoint)?.cancel();
    this.#returns.delete(endpoint);
  }

  #retire(endpoint: EndpointState): void {
    this.#cancelReturn(endpoint);
    this.#retired.add(endpoint);
    endpoint.whenIdle(() => this.#retired.delete(endpoint));
    this.#options.onForget(endpoint);
  }

  #refresh(): void {
    const ready = this.endpoints.filter((endpoint) => endpoint.ready);
    const usable = ready.filter((endpoint) => !endpoint.ejected);
    this.#pickable = usable.length > 0 ? usable : ready;
  }

  #fleet(): Fleet {
    const ready = this.endpoints.filter((endpoint) => endpoint.ready);
    return { ready: ready.length, ejected: ready.filter((endpoint) => endpoint.ejected).length };
  }

  #nameOf(endpoint: EndpointState): { readonly cluster: string; readonly endpoint: string; readonly epoch: string } {
    return { cluster: this.name, endpoint: endpoint.endpoint.id, epoch: endpoint.endpoint.epoch };
  }
}
