// One upstream service at run time: which endpoints may take a request, which one takes the next, who is ejected, and
// who waits for room. Decisions are the pure ones of resilience/; this holds their state.
import type { Clock, Timer } from "../base/clock.js";
import type { PolicyNoticeKind, WorkerNotice } from "../keeper/protocol.js";
import type { ClusterPlan, Endpoint, SubsetPlan } from "../plan/proxy-plan.js";
import { createLoadBalancer } from "../resilience/create-load-balancer.js";
import { inSubset, inZone } from "../resilience/endpoint-preference.js";
import { findFleetOutliers } from "../resilience/fleet-outliers.js";
import { type Draw as BalancerDraw, isHashing, type LoadBalancer } from "../resilience/load-balancer.js";
import { type Fleet, type OutlierEffect, type OutlierEvent, stepOutlier } from "../resilience/outlier.js";
import { slowStartShare } from "../resilience/slow-start.js";
import { Admission } from "./admission.js";
import { EndpointState, lifeOf, type Speech } from "./endpoint-state.js";
import type { UpstreamTls } from "./exchange.js";
import { endpointsInStep, runToEnd, type Steps } from "./steps.js";

export interface ClusterOptions {
  readonly clock: Clock;
  readonly notify: (notice: WorkerNotice) => void;
  /** An endpoint left the table: its connections are not needed any more. */
  readonly onForget: (endpoint: EndpointState) => void;
}

const shortestStepMs = 100;
const comparedEveryMs = 10_000;

/** What a pick depends on besides the endpoints. */
export interface Draw extends BalancerDraw {
  /** By earlier attempts of the same request. */
  readonly tried: readonly EndpointState[];
  /** In place of the cluster's own. */
  readonly subset?: SubsetPlan | undefined;
}

/** The endpoints of a subset, with a balancer that takes turns among them. */
interface SubsetChoice {
  readonly generation: number;
  readonly list: readonly EndpointState[];
  readonly balancer: LoadBalancer<EndpointState>;
}

const labelsOf = ({ endpoint }: EndpointState): Endpoint => endpoint;

/** A request that waits for an endpoint with room. */
export interface Waiting {
  /** There may be room, or no endpoint at all; it waits no more. */
  onRoom(): void;
}

export class Cluster {
  readonly name: string;
  readonly admission: Admission;
  readonly #options: ClusterOptions;
  #plan: ClusterPlan | null = null;
  #speech: Speech = {};
  #balancer: LoadBalancer<EndpointState> = createLoadBalancer("round-robin");
  #endpoints = new Map<string, EndpointState>();
  readonly #retired = new Set<EndpointState>();
  readonly #returns = new Map<EndpointState, Timer>();
  #pickable: readonly EndpointState[] = [];
  /** Those that are ready, and of these what may be used: what subsets are chosen from. Counts up with each change. */
  #ready: readonly EndpointState[] = [];
  #usable: readonly EndpointState[] = [];
  #generation = 0;
  /** By the plan's own objects. */
  readonly #choices = new Map<SubsetPlan, SubsetChoice>();
  #warming: Timer | null = null;
  #comparing: Timer | null = null;
  readonly #waiting = new Set<Waiting>();
  readonly #onRoom = (): void => {
    if (this.#waiting.size > 0) this.#wake();
  };

  constructor(name: string, options: ClusterOptions) {
    this.name = name;
    this.#options = options;
    const announce = (kind: PolicyNoticeKind, reason: string): void =>
      options.notify({ type: "policy", kind, cluster: name, reason });
    this.admission = new Admission({ cluster: name, clock: options.clock, announce });
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

  /** `tls`: what its plan says of it, loaded. */
  setPlan(plan: ClusterPlan | null, tls?: UpstreamTls): void {
    this.#speech = { protocol: plan?.protocol, tls };
    if (plan?.loadBalancer !== this.#plan?.loadBalancer)
      this.#balancer = createLoadBalancer(plan?.loadBalancer ?? "first");
    this.#plan = plan;
    this.#choices.clear();
    this.admission.setPlan(plan);
    for (const endpoint of this.#endpoints.values()) endpoint.speak(this.#speech);
    this.#warmUp();
    this.#awaitComparison();
    if (!plan?.outlier)
      for (const endpoint of this.#endpoints.values()) this.#return(endpoint, "ejection is switched off");
    this.#refresh();
  }

  setEndpoints(endpoints: readonly Endpoint[]): void {
    this.adopt(endpoints, runToEnd(this.stepsToStates(endpoints)));
  }

  /** Their states, known or new, of `adopt`. Changes nothing; no other table may be adopted in between. */
  *stepsToStates(endpoints: readonly Endpoint[]): Steps<readonly EndpointState[]> {
    const states: EndpointState[] = [];
    for (const endpoint of endpoints) {
      states.push(this.#endpoints.get(lifeOf(endpoint)) ?? new EndpointState(this.name, endpoint, this.#onRoom));
      if (states.length % endpointsInStep === 0) yield;
    }
    return states;
  }

  adopt(endpoints: readonly Endpoint[], states: readonly EndpointState[]): void {
    const before = this.#endpoints;
    const after = new Map<string, EndpointState>();
    for (const [index, state] of states.entries()) {
      state.endpoint = endpoints[index] ?? state.endpoint;
      state.speak(this.#speech);
      after.set(state.life, state);
      // To a cluster that knew none, all are new to the worker alone.
      this.#noteReady(state, before.size === 0);
    }
    this.#endpoints = after;
    for (const [life, state] of before) if (!after.has(life)) this.#retire(state);
    this.#warmUp();
    this.#refresh();
  }

  /** One that was not tried yet, where there is one. Undefined: none is ready, or every one is full. */
  pick(draw: Draw): EndpointState | undefined {
    const { tried } = draw;
    const choice = this.#choiceFor(draw.subset);
    const list = choice === null ? this.#pickable : choice.list;
    const balancer = choice === null ? this.#balancer : choice.balancer;
    if (tried.length === 0) {
      const chosen = balancer.pick(list, draw);
      if (chosen === undefined || this.#hasRoom(chosen)) return chosen;
    }
    const open = list.filter((endpoint) => this.#hasRoom(endpoint));
    const fresh = open.filter((endpoint) => !tried.includes(endpoint));
    return balancer.pick(list, draw, fresh.length > 0 ? fresh : open);
  }

  hasUntried({ tried, subset }: Pick<Draw, "tried" | "subset">): boolean {
    return this.candidates(subset).some((endpoint) => !tried.includes(endpoint));
  }

  /** What a request of this subset may be sent to now; undefined: of the cluster's own. */
  candidates(subset: SubsetPlan | undefined): readonly EndpointState[] {
    return this.#choiceFor(subset)?.list ?? this.#pickable;
  }

  /** Null: there is no subset. */
  #choiceFor(own: SubsetPlan | undefined): SubsetChoice | null {
    const subset = own ?? this.#plan?.subset;
    if (subset === undefined) return null;
    const known = this.#choices.get(subset);
    if (known?.generation === this.#generation) return known;
    const list = this.#nearest(inSubset(this.#usable, subset, labelsOf));
    const balancer = known?.balancer ?? createLoadBalancer(this.#plan?.loadBalancer ?? "first");
    const choice = { generation: this.#generation, list, balancer };
    this.#choices.set(subset, choice);
    return choice;
  }

  /** Those of the zone that is preferred, while enough of it are usable. */
  #nearest(usable: readonly EndpointState[]): readonly EndpointState[] {
    const zone = this.#plan?.zone;
    return zone === undefined ? usable : inZone({ all: this.#ready, usable }, zone, labelsOf);
  }

  /** False: as many wait as may. After `pick` found none, though some are ready. */
  tryWait(waiting: Waiting): boolean {
    if (this.#waiting.size >= (this.#plan?.limits?.pending ?? 0)) return false;
    this.#waiting.add(waiting);
    return true;
  }

  isWaiting(waiting: Waiting): boolean {
    return this.#waiting.has(waiting);
  }

  stopWaiting(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether anybody wants to know how long answers take. */
  get measures(): boolean {
    return this.#plan?.loadBalancer === "peak-ewma" || this.#plan?.limits?.adaptive !== undefined;
  }

  /** How an attempt went. */
  report(endpoint: EndpointState, event: OutlierEvent): void {
    const failed = event.type === "failure";
    this.admission.report(failed);
    endpoint.answersInInterval++;
    if (failed) endpoint.failuresInInterval++;
    if (failed) endpoint.failures++;
    else if (endpoint.outlier.failuresInRow === 0) return;
    this.#step(endpoint, event);
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
    this.#warming?.cancel();
    this.#comparing?.cancel();
    this.admission.close();
  }

  #noteReady(state: EndpointState, isOld: boolean): void {
    if (!state.ready || state.readySince !== null) return;
    state.readySince = isOld ? Number.NEGATIVE_INFINITY : this.#options.clock.monotonic();
  }

  // While any is new, its share of its weight grows in steps; each step is a new list for the balancer.
  #warmUp(): void {
    this.#warming?.cancel();
    this.#warming = null;
    const windowMs = this.#slowStartMs();
    const now = this.#options.clock.monotonic();
    let isAnyNew = false;
    for (const state of this.#endpoints.values()) {
      state.warmth = slowStartShare(now - (state.readySince ?? now), windowMs);
      isAnyNew ||= state.ready && state.warmth < 1;
    }
    if (!isAnyNew) return;
    this.#warming = this.#options.clock.setTimer(Math.max(shortestStepMs, windowMs / 20), () => {
      this.#warmUp();
      this.#refresh();
    });
  }

  // Weights that move all the time would move requests that belong together.
  #slowStartMs(): number {
    const { slowStartMs = 0, loadBalancer = "first" } = this.#plan ?? {};
    return isHashing(loadBalancer) ? 0 : slowStartMs;
  }

  // A timer that runs goes on: plans may change more often than the fleet is compared.
  #awaitComparison(): void {
    const policy = this.#plan?.outlier;
    if (!policy?.failurePercentage && !policy?.successRate) {
      this.#comparing?.cancel();
      this.#comparing = null;
      return;
    }
    this.#comparing ??= this.#options.clock.setTimer(policy.intervalMs ?? comparedEveryMs, () => {
      this.#comparing = null;
      this.#compare();
      this.#awaitComparison();
    });
  }

  #compare(): void {
    const policy = this.#plan?.outlier;
    if (!policy) return;
    const judged = this.endpoints.filter(({ ready, ejected }) => ready && !ejected);
    const samples = judged.map(({ answersInInterval: answers, failuresInInterval: failures }) => ({
      answers,
      failures,
    }));
    const reasons = findFleetOutliers(samples, policy);
    for (const [index, endpoint] of judged.entries()) {
      const reason = reasons[index];
      if (typeof reason === "string") this.#step(endpoint, { type: "compared", reason });
    }
    for (const endpoint of this.#endpoints.values()) {
      endpoint.answersInInterval = 0;
      endpoint.failuresInInterval = 0;
    }
  }

  #hasRoom(endpoint: EndpointState): boolean {
    const most = this.#plan?.limits?.connections ?? 0;
    return most === 0 || endpoint.inFlight < most;
  }

  // Each is asked once at most: one that cannot go on waits again, behind the others.
  #wake(): void {
    for (let left = this.#waiting.size; left > 0; left--) {
      const [first] = this.#waiting;
      const isIdle = this.#pickable.length === 0 || this.#pickable.some((endpoint) => this.#hasRoom(endpoint));
      if (first === undefined || !isIdle) return;
      this.#waiting.delete(first);
      first.onRoom();
    }
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
    endpoint.ejectedAtEpochMs = clock.now();
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

  /** A probe of what requests see, begun after the ejection, passed. Does nothing for one that began before it. */
  probePassed(endpoint: EndpointState, begunAtEpochMs: number): void {
    if (begunAtEpochMs < endpoint.ejectedAtEpochMs) return;
    this.#return(endpoint, "its readiness probe passed");
  }

  #return(endpoint: EndpointState, reason: string): void {
    if (!endpoint.ejected) return;
    endpoint.outlier = { ...endpoint.outlier, ejectedUntil: null, failuresInRow: 0, gatewayErrorsInRow: 0 };
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
    this.#ready = ready;
    this.#usable = usable.length > 0 ? usable : ready;
    this.#generation++;
    const pickable = this.#nearest(this.#usable);
    // The same list as long as nothing about it changes: balancers make tables of it.
    if (!isSame(pickable, this.#pickable)) this.#pickable = pickable;
    for (const endpoint of pickable) endpoint.listedWeight = endpoint.weight;
    this.#onRoom();
  }

  #fleet(): Fleet {
    const ready = this.endpoints.filter((endpoint) => endpoint.ready);
    return { ready: ready.length, ejected: ready.filter((endpoint) => endpoint.ejected).length };
  }

  #nameOf(endpoint: EndpointState): { readonly cluster: string; readonly endpoint: string; readonly epoch: string } {
    return { cluster: this.name, endpoint: endpoint.endpoint.id, epoch: endpoint.endpoint.epoch };
  }
}

function isSame(list: readonly EndpointState[], before: readonly EndpointState[]): boolean {
  if (list.length !== before.length) return false;
  return list.every((endpoint, index) => endpoint === before[index] && endpoint.weight === endpoint.listedWeight);
}
