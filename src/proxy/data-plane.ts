// What a worker serves by: the plan, the endpoints, and the run-time state of each cluster. A new plan or table is
// checked whole and then swapped in one step: a request sees the old one or the new one, never a mixture.
import type { Clock } from "../base/clock.js";
import { messageOf } from "../base/errors.js";
import type { EndpointStats, WorkerAnswer, WorkerNotice, WorkerRequest } from "../keeper/protocol.js";
import type { EndpointTable, ProxyPlan } from "../plan/proxy-plan.js";
import { Cluster } from "./cluster.js";
import { EdgeBook } from "./edge-counts.js";
import type { EndpointState } from "./endpoint-state.js";
import type { UpstreamTls } from "./exchange.js";
import { FaultWatch } from "./fault-watch.js";
import type { Validated } from "./plan-check.js";
import { stepsToValidateEndpoints, validatePlan } from "./plan-validation.js";
import { createRouter, type Router } from "./routing.js";
import { runToEnd, type Steps } from "./steps.js";
import type { CertificateStore } from "./tls/certificate-store.js";

export interface DataPlaneOptions {
  readonly clock: Clock;
  readonly notify: (notice: WorkerNotice) => void;
  readonly onForget: (endpoint: EndpointState) => void;
  /** Absent: no listener can be encrypted. */
  readonly certificates?: CertificateStore;
}

type ProbePassed = Extract<WorkerRequest, { type: "probe-passed" }>;
type Verdict = Extract<WorkerAnswer, { type: "acknowledged" | "refused" }>;

export class DataPlane {
  readonly edges = new EdgeBook();
  readonly #options: DataPlaneOptions;
  #plan: ProxyPlan | null = null;
  #table: EndpointTable | null = null;
  #routers = new Map<string, Router>();
  readonly #clusters = new Map<string, Cluster>();

  readonly #faults: FaultWatch;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
    const { clock, notify } = options;
    this.#faults = new FaultWatch({
      clock,
      announce: (cluster, kind, reason) => notify({ type: "policy", kind, cluster, reason }),
    });
  }

  get plan(): ProxyPlan | null {
    return this.#plan;
  }

  get table(): EndpointTable | null {
    return this.#table;
  }

  /** 0: none yet. */
  get planVersion(): number {
    return this.#plan?.version ?? 0;
  }

  /** 0: none yet. */
  get endpointsVersion(): number {
    return this.#table?.version ?? 0;
  }

  /** By listener. */
  router(name: string): Router | undefined {
    return this.#routers.get(name);
  }

  get listenerNames(): readonly string[] {
    return [...this.#routers.keys()];
  }

  /** Of the plan only: one that is just named in the endpoint table is not reachable. */
  cluster(name: string): Cluster | undefined {
    const cluster = this.#clusters.get(name);
    return cluster?.plan ? cluster : undefined;
  }

  applyPlan(value: unknown): Verdict {
    const validated = validatePlan(value);
    const refused = this.#refusalOf(validated, this.#plan?.version);
    if (refused) return refused;
    if (!validated.ok || validated.value.version === this.#plan?.version) return this.#acknowledged();
    try {
      const { value: plan } = validated;
      this.#swapPlan(plan, this.#routersOf(plan), this.#upstreamTlsOf(plan));
    } catch (error) {
      return this.#refused([messageOf(error)]);
    }
    return this.#acknowledged();
  }

  applyEndpoints(value: unknown): Verdict {
    return runToEnd(this.stepsToApplyEndpoints(value));
  }

  /** The swap itself is the last step. No other plan or table may be applied in between. */
  *stepsToApplyEndpoints(value: unknown): Steps<Verdict> {
    const validated = yield* stepsToValidateEndpoints(value);
    const refused = this.#refusalOf(validated, this.#table?.version);
    if (refused) return refused;
    if (!validated.ok || validated.value.version === this.#table?.version) return this.#acknowledged();
    const { clusters } = validated.value;
    for (const name of Object.keys(clusters)) this.#ensure(name);
    const adoptions: (() => void)[] = [];
    for (const [name, cluster] of this.#clusters) {
      const endpoints = own(clusters, name) ?? [];
      const states = yield* cluster.stepsToStates(endpoints);
      adoptions.push(() => cluster.adopt(endpoints, states));
    }
    yield;
    this.#table = validated.value;
    for (const adopt of adoptions) adopt();
    this.#dropUnused();
    return this.#acknowledged();
  }

  /** Resolves to what is still in flight: 0, or more when `limitMs` was over first. */
  awaitDrained(id: string, epoch: string, limitMs: number): Promise<number> {
    const endpoints = [...this.#clusters.values()].flatMap((cluster) => cluster.find(id, epoch) ?? []);
    const inFlight = (): number => endpoints.reduce((sum, endpoint) => sum + endpoint.inFlight, 0);
    return new Promise((resolve) => {
      const limit = this.#options.clock.setTimer(limitMs, () => resolve(inFlight()));
      const check = (): void => {
        if (inFlight() > 0) return;
        limit.cancel();
        resolve(0);
      };
      if (endpoints.length === 0) check();
      for (const endpoint of endpoints) endpoint.whenIdle(check);
    });
  }

  /** Of an instance's readiness by HTTP: what brings back one that was ejected before it began. */
  probePassed({ cluster, endpoint, epoch, begunAtEpochMs }: Omit<ProbePassed, "type">): void {
    const known = this.#clusters.get(cluster);
    const state = known?.find(endpoint, epoch);
    if (known && state) known.probePassed(state, begunAtEpochMs);
  }

  endpointStats(): EndpointStats[] {
    return [...this.#clusters.values()].flatMap((cluster) => cluster.endpoints.map((endpoint) => endpoint.toJSON()));
  }

  close(): void {
    this.#faults.close();
    for (const cluster of this.#clusters.values()) cluster.close();
  }

  #refusalOf(validated: Validated<{ readonly version: number }>, running: number | undefined): Verdict | null {
    if (!validated.ok) return this.#refused(validated.problems);
    const { version } = validated.value;
    if (running === undefined || version >= running) return null;
    return this.#refused([`version: ${version} is older than ${running}, which runs`]);
  }

  /** Throws where a certificate cannot be used. */
  #routersOf({ listeners }: ProxyPlan): Map<string, Router> {
    const { certificates } = this.#options;
    return new Map(listeners.map((listener) => [listener.name, createRouter(listener, certificates)]));
  }

  /** By cluster. Throws where a file cannot be used. */
  #upstreamTlsOf({ clusters }: ProxyPlan): Map<string, UpstreamTls> {
    const { certificates } = this.#options;
    const loaded = new Map<string, UpstreamTls>();
    for (const [name, { tls }] of Object.entries(clusters)) {
      if (!tls) continue;
      if (!certificates) throw new Error("this worker has no place for certificates");
      try {
        loaded.set(name, certificates.loadUpstream(tls));
      } catch (error) {
        throw new Error(`clusters.${name}.tls cannot be used: ${messageOf(error)}`, { cause: error });
      }
    }
    return loaded;
  }

  #swapPlan(plan: ProxyPlan, routers: Map<string, Router>, tls: ReadonlyMap<string, UpstreamTls>): void {
    this.#plan = plan;
    this.#faults.setPlan(plan);
    this.#routers = routers;
    for (const name of Object.keys(plan.clusters)) this.#ensure(name);
    for (const [name, cluster] of this.#clusters) cluster.setPlan(own(plan.clusters, name) ?? null, tls.get(name));
    this.#dropUnused();
  }

  #ensure(name: string): void {
    if (!this.#clusters.has(name)) this.#clusters.set(name, new Cluster(name, this.#options));
  }

  #dropUnused(): void {
    for (const [name, cluster] of this.#clusters) {
      if (cluster.plan !== null || own(this.#table?.clusters ?? {}, name) !== undefined) continue;
      cluster.setEndpoints([]);
      cluster.close();
      this.#clusters.delete(name);
    }
  }

  #acknowledged(): Verdict {
    return { type: "acknowledged", planVersion: this.planVersion, endpointsVersion: this.endpointsVersion };
  }

  #refused(problems: readonly string[]): Verdict {
    return { type: "refused", planVersion: this.planVersion, endpointsVersion: this.endpointsVersion, problems };
  }
}

/** A service may be called `constructor`. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
