// Joins the process driver, the registry and the data plane: instances become registrations, registrations that may
// serve become the endpoint table, and an instance that will be signalled first leaves that table.
import type { Unsubscribe } from "../base/watchable.js";
import { compileEndpoints } from "../compile/endpoints.js";
import type { Registry, SupervisedInstance } from "../discovery/registry.js";
import type { InstanceView, Orchestrator } from "../orchestrator/orchestrator.js";
import type { DataPlane } from "./data-plane.js";
import { withTimeout } from "./timing.js";

const acknowledgeLimitMs = 2_000;

export class EndpointRunner {
  readonly #registry: Registry;
  readonly #dataPlane: DataPlane;
  readonly #draining = new Set<string>();
  #driver: Orchestrator | null = null;
  #stops: Unsubscribe[] = [];
  #scheduled = false;

  constructor(registry: Registry, dataPlane: DataPlane) {
    this.#registry = registry;
    this.#dataPlane = dataPlane;
  }

  start(driver: Orchestrator): void {
    this.#driver = driver;
    this.#stops = [driver.instances.watch(() => this.#sync()), this.#registry.watch("*", () => this.#schedule())];
    this.#sync();
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Takes an instance out of load balancing and waits, at most `limitMs`, until its requests in flight are answered. */
  async drain(view: InstanceView, limitMs: number): Promise<void> {
    const epoch = epochOf(view);
    this.#draining.add(epoch);
    try {
      const version = this.#push();
      if (version !== null)
        await withTimeout(this.#dataPlane.endpointsAcknowledged(version), acknowledgeLimitMs, "endpoints");
      await this.#dataPlane.awaitDrained(view.id, epoch, limitMs);
    } finally {
      this.#draining.delete(epoch);
    }
  }

  #sync(): void {
    const views = [...(this.#driver?.instances.get().values() ?? [])];
    this.#registry.syncSupervised(views.filter((view) => view.port > 0).map(toSupervised));
    this.#schedule();
  }

  /** Many changes of one turn become one table. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#push();
    });
  }

  #push(): number | null {
    const views = [...(this.#driver?.instances.get().values() ?? [])];
    // Right after a controller's restart the workers still know who was ready; until each adopted instance has been
    // looked at again, their knowledge is better than ours.
    if (this.#dataPlane.endpoints === null && views.some((view) => view.adopted && view.health === "starting"))
      return null;
    const instances = this.#registry
      .services()
      .flatMap((service) => this.#registry.lookup(service, { healthyOnly: false }));
    const draining = new Set(views.filter((view) => this.#isDraining(view)).map((view) => view.id));
    const { clusters } = compileEndpoints({ instances, draining, version: 0 });
    const current = this.#dataPlane.endpoints;
    if (current && JSON.stringify(current.clusters) === JSON.stringify(clusters)) return current.version;
    return this.#dataPlane.setEndpoints(clusters);
  }

  #isDraining(view: InstanceView): boolean {
    return view.phase === "draining" || view.phase === "stopping" || this.#draining.has(epochOf(view));
  }
}

/** Tells one life of an instance from the next. */
export function epochOf(view: InstanceView): string {
  return view.process ? `${view.process.pid}.${view.process.startTicks}` : "none";
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
