// Joins the process driver, the registry and the data plane: instances become registrations, registrations that may
// serve become the endpoint table, and an instance that will be signalled first leaves that table.
import type { Clock, Timer } from "../base/clock.js";
import type { Unsubscribe } from "../base/watchable.js";
import { compileEndpoints } from "../compile/endpoints.js";
import type { Registry, SupervisedInstance } from "../discovery/registry.js";
import type { InstanceView, Orchestrator } from "../orchestrator/orchestrator.js";
import type { Endpoint } from "../plan/proxy-plan.js";
import type { DataPlane } from "./data-plane.js";
import { settlesWithin } from "./timing.js";

export interface EndpointRunnerOptions {
  readonly registry: Registry;
  readonly dataPlane: DataPlane;
  readonly clock: Clock;
}

/** Longest wait for a worker that hangs, before an instance is ended although that worker may still send to it. */
const acknowledgeLimitMs = 2_000;
/** Longest time for which the workers' own knowledge counts more than ours, after a controller's restart. */
const holdBackLimitMs = 3_000;

export class EndpointRunner {
  readonly #options: EndpointRunnerOptions;
  readonly #draining = new Set<string>();
  #driver: Orchestrator | null = null;
  #stops: Unsubscribe[] = [];
  #scheduled = false;
  #closed = false;
  /** While it runs, adopted instances that were not looked at yet hold back the first table. */
  #holdBack: Timer | null = null;

  constructor(options: EndpointRunnerOptions) {
    this.#options = options;
  }

  start(driver: Orchestrator): void {
    const { registry, clock } = this.#options;
    this.#driver = driver;
    this.#holdBack = clock.setTimer(holdBackLimitMs, () => {
      this.#holdBack = null;
      this.#schedule();
    });
    this.#stops = [driver.instances.watch(() => this.#sync()), registry.watch("*", () => this.#schedule())];
    this.#sync();
  }

  close(): void {
    this.#closed = true;
    this.#holdBack?.cancel();
    for (const stop of this.#stops) stop();
  }

  /** Takes an instance out of load balancing and waits, at most `limitMs`, until its requests in flight are answered. */
  async drain(view: InstanceView, limitMs: number): Promise<void> {
    const { dataPlane, clock } = this.#options;
    const epoch = epochOf(view);
    this.#draining.add(epoch);
    try {
      const version = this.#push();
      const acknowledged = dataPlane.endpointsAcknowledged(version);
      await settlesWithin(acknowledged, { clock, limitMs: Math.min(limitMs, acknowledgeLimitMs) });
      await settlesWithin(dataPlane.awaitDrained(endpointId(view.id), epoch, limitMs), { clock, limitMs });
    } finally {
      this.#draining.delete(epoch);
    }
  }

  #sync(): void {
    this.#options.registry.syncSupervised(this.#views().filter(isReachable).map(toSupervised));
    this.#schedule();
  }

  /** Many changes of one turn become one table. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#closed && !this.#isHeldBack()) this.#push();
    });
  }

  /** Only the first table: workers that outlived a controller know who was ready, and the next one has not looked yet. */
  #isHeldBack(): boolean {
    if (this.#options.dataPlane.endpoints !== null || this.#holdBack === null) return false;
    return this.#views().some((view) => view.adopted && view.process !== null && view.health === "starting");
  }

  /** Returns the version of the table that holds; nothing is sent when it says the same as the one before. */
  #push(): number {
    const { dataPlane } = this.#options;
    const clusters = this.#compile();
    const current = dataPlane.endpoints;
    if (current && JSON.stringify(current.clusters) === JSON.stringify(clusters)) return current.version;
    return dataPlane.setEndpoints(clusters);
  }

  #compile(): Readonly<Record<string, readonly Endpoint[]>> {
    const { registry } = this.#options;
    const instances = registry.services().flatMap((service) => registry.lookup(service, { healthyOnly: false }));
    const views = this.#views();
    const draining = new Set(views.filter((view) => this.#isDraining(view)).map((view) => view.id));
    const { clusters } = compileEndpoints({ instances, draining, version: 0 });
    const successors = new Set(views.map((view) => view.id).filter((id) => id !== endpointId(id)));
    if (successors.size === 0) return clusters;
    const rename = (endpoint: Endpoint): Endpoint =>
      successors.has(endpoint.id) ? { ...endpoint, id: endpointId(endpoint.id) } : endpoint;
    return Object.fromEntries(Object.entries(clusters).map(([name, endpoints]) => [name, endpoints.map(rename)]));
  }

  #views(): InstanceView[] {
    return [...(this.#driver?.instances.get().values() ?? [])];
  }

  #isDraining(view: InstanceView): boolean {
    return view.phase === "draining" || view.phase === "stopping" || this.#draining.has(epochOf(view));
  }
}

/** Tells one life of an instance from the next. */
export function epochOf(view: InstanceView): string {
  return view.process ? `${view.process.pid}.${view.process.startTicks}` : "none";
}

/**
 * A successor that starts beside its predecessor is `users-1+` until it takes over. To the workers it is `users-1` from
 * the beginning, told apart by its epoch: a new name would be a new endpoint, with neither its counts nor its connections.
 */
export function endpointId(instanceId: string): string {
  return instanceId.endsWith("+") ? instanceId.slice(0, -1) : instanceId;
}

function isReachable(view: InstanceView): boolean {
  return view.port > 0;
}

function toSupervised(view: InstanceView): SupervisedInstance {
  return {
    id: view.id,
    service: view.service,
    address: "127.0.0.1",
    port: view.port,
    state: stateOf(view),
    reason: view.reason,
    epoch: epochOf(view),
    metadata: { revision: String(view.revision) },
  };
}

function stateOf(view: InstanceView): SupervisedInstance["state"] {
  if (view.ready || view.phase === "draining") return view.health === "warning" ? "warning" : "passing";
  return view.health === "starting" ? "starting" : "critical";
}
