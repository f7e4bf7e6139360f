// A control plane in memory: it keeps the contract with real data structures (desired spec, registry, events, statuses)
// and starts no process. What the admin API, its client and the renderers of the command line are tested against.

import { type Problem, TuskError } from "../../src/base/errors.js";
import type { EventDraft, TuskEvent } from "../../src/base/event.js";
import { FakeClock } from "../../src/base/fake-clock.js";
import type { Unsubscribe } from "../../src/base/watchable.js";
import type {
  ApplyRequest,
  ApplyResult,
  ControlPlane,
  EventQuery,
  InstanceStatus,
  MeshProbe,
  RouteStatus,
  ServiceExplanation,
  SettingStatus,
  SystemStatus,
} from "../../src/control/control-plane.js";
import { createRegistry, type StorableRegistry } from "../../src/discovery/create-registry.js";
import type { RequestExplanation, RequestRecord } from "../../src/keeper/protocol.js";
import type { AppSpec, Provenance, ServiceSpec } from "../../src/model/app-spec.js";
import { defaultTraffic } from "../../src/model/normalise-traffic.js";
import type { InstanceHealthReport } from "../../src/orchestrator/orchestrator.js";
import { MemoryDataAccess } from "./data-access.js";

const probe = {
  check: { kind: "tcp" },
  periodMs: 10_000,
  timeoutMs: 1_000,
  successThreshold: 1,
  failureThreshold: 3,
} as const;

export function serviceSpec(name: string, more: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name,
    dependencies: [],
    path: `./${name}`,
    run: { kind: "exec", argv: ["node", "server.js"] },
    env: {},
    envFiles: [],
    startAfter: [],
    replicas: 1,
    health: { startup: probe, startupLimitMs: 60_000, readiness: probe },
    slo: { percentile: 95, availability: 0.99 },
    traffic: {
      loadBalancer: "round-robin",
      slowStartMs: 0,
      requestTimeoutMs: 15_000,
      attemptTimeoutMs: 0,
      retry: { attempts: 2, statuses: [502, 503, 504], backoffMs: 25, budgetRatio: 0.2, budgetMinimum: 3 },
      outlier: {
        enabled: true,
        consecutiveFailures: 5,
        baseEjectionMs: 5_000,
        maxEjectionMs: 300_000,
        intervalMs: 10_000,
      },
      limits: defaultTraffic.limits,
      breaker: defaultTraffic.breaker,
    },
    stopGraceMs: 10_000,
    drainMs: 5_000,
    ...more,
  };
}

export function appSpec(services: readonly ServiceSpec[] = [serviceSpec("users"), serviceSpec("orders")]): AppSpec {
  return { name: "shop", settings: {}, services, gateway: { listeners: [], routes: [] } };
}

export function instanceStatus(id: string, more: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    id,
    pid: 4242,
    port: 20_001,
    health: "passing",
    reason: "readiness: connected",
    restarts: 0,
    startedAt: "2026-01-01T00:00:00.000Z",
    cpuPercent: 1.5,
    memoryBytes: 52_428_800,
    phase: "running",
    ready: true,
    waitingFor: [],
    ...more,
  };
}

export class MemoryControlPlane implements ControlPlane {
  readonly data = new MemoryDataAccess();
  readonly clock = new FakeClock();
  readonly registry: StorableRegistry = createRegistry({ clock: this.clock, emit: (draft) => void this.emit(draft) });
  /** Calls that change something, in order: what the caller asked for. */
  readonly calls: string[] = [];
  problems: readonly Problem[] = [];
  shutdownError: Error | undefined;
  #spec: AppSpec = appSpec();
  #provenance: Provenance = {};
  readonly #overrides = new Map<string, Partial<InstanceStatus>>();
  readonly #events: TuskEvent[] = [];
  readonly #eventListeners = new Set<(event: TuskEvent) => void>();
  readonly #statusListeners = new Set<(status: SystemStatus) => void>();

  get watchers(): number {
    return this.#eventListeners.size + this.#statusListeners.size;
  }

  close(): void {
    this.registry.close();
  }

  emit(draft: EventDraft): TuskEvent {
    const id = String(this.#events.length + 1).padStart(8, "0");
    const event = { id, at: new Date(this.clock.now()).toISOString(), ...draft };
    this.#events.push(event);
    for (const listener of [...this.#eventListeners]) listener(event);
    return event;
  }

  /** Changes what is known of one instance and tells the watchers. */
  set(instance: string, change: Partial<InstanceStatus>): void {
    this.#overrides.set(instance, { ...this.#overrides.get(instance), ...change });
    this.#changed();
  }

  status(): SystemStatus {
    return {
      app: this.#spec.name,
      services: this.#spec.services.map((service) => this.#serviceStatus(service)),
      gateway: [{ url: "http://127.0.0.1:8080", listener: "default" }],
      controller: { pid: process.pid, url: "http://127.0.0.1:1" },
    };
  }

  async processes() {
    return [{ role: "controller", pid: process.pid, name: "controller" }] as const;
  }

  settings(): readonly SettingStatus[] {
    return [{ name: "SERVICE_MESH_ENABLED", value: true, source: "default", built: true }];
  }

  spec() {
    return { spec: this.#spec, provenance: this.#provenance };
  }

  async apply(request: ApplyRequest): Promise<ApplyResult> {
    this.calls.push(`apply ${request.mode ?? "edit"} from ${request.from}${request.dryRun ? " (dry run)" : ""}`);
    const before = new Set(this.#spec.services.map(({ name }) => name));
    const added = request.spec.services.filter(({ name }) => !before.has(name));
    const changes = added.map(({ name }) => ({
      path: `services.${name}`,
      before: undefined,
      after: name,
      text: `service ${name} is added`,
    }));
    if (!request.dryRun) {
      this.#spec = request.spec;
      this.#provenance = request.provenance;
      this.#changed();
    }
    return { changes, replaced: [], warnings: [] };
  }

  async scale(name: string, replicas: number): Promise<ApplyResult> {
    const before = this.#service(name).replicas;
    this.calls.push(`scale ${name} ${replicas}`);
    const services = this.#spec.services.map((service) => (service.name === name ? { ...service, replicas } : service));
    this.#spec = { ...this.#spec, services };
    this.#changed();
    const path = `services.${name}.replicas`;
    const text = `${name}: replicas ${before} -> ${replicas}`;
    return { changes: [{ path, before, after: replicas, text }], replaced: [], warnings: [] };
  }

  async restart(service?: string, instance?: string): Promise<void> {
    if (service !== undefined) this.#service(service);
    this.calls.push(["restart", service, instance].filter(Boolean).join(" "));
  }

  async restartProxy({ drainMs }: { readonly drainMs?: number } = {}) {
    this.calls.push(["restart proxy", drainMs].filter((part) => part !== undefined).join(" "));
    return [{ slot: 1, previousPid: 10, pid: 11, servingAfterMs: 100, drainedAfterMs: 5 }];
  }

  async checkHealth(service?: string): Promise<readonly (InstanceHealthReport & { readonly service: string })[]> {
    const wanted = service === undefined ? this.#spec.services : [this.#service(service)];
    return wanted.flatMap((one) =>
      this.#serviceStatus(one).instances.map(({ id, ready, reason }) => ({
        service: one.name,
        instance: id,
        ok: ready,
        reason,
        probes: [
          { probe: "readiness" as const, ok: ready, at: "2026-01-01T00:00:00.000Z", durationMs: 1, detail: reason },
        ],
      })),
    );
  }

  async waitReady({ services }: { readonly services?: readonly string[] }): Promise<boolean> {
    const wanted = this.status().services.filter(({ name }) => services === undefined || services.includes(name));
    return wanted.every(({ ready, replicas }) => ready === replicas);
  }

  routes(): readonly RouteStatus[] {
    return this.#spec.services.map(({ name }) => ({
      name,
      kind: "gateway",
      listener: "gateway/default",
      url: "http://127.0.0.1:8080",
      hostnames: [],
      match: `* PathPrefix /${name}`,
      backends: [{ service: name, weight: 1, ready: 1 }],
    }));
  }

  events({ service, after, limit = 100 }: EventQuery): readonly TuskEvent[] {
    return this.#events
      .filter((event) => (service === undefined || event.service === service) && (!after || event.id > after))
      .slice(-limit);
  }

  watchEvents(listener: (event: TuskEvent) => void): Unsubscribe {
    this.#eventListeners.add(listener);
    return () => void this.#eventListeners.delete(listener);
  }

  watchStatus(listener: (status: SystemStatus) => void): Unsubscribe {
    this.#statusListeners.add(listener);
    return () => void this.#statusListeners.delete(listener);
  }

  async probeMesh(): Promise<MeshProbe> {
    return { workers: 1, allowedStatus: 204, deniedStatus: 403, counted: true };
  }

  explainService(name: string): ServiceExplanation {
    return {
      service: this.#service(name).name,
      summary: `${name} is ready: 1 of 1 instance`,
      instances: [],
      events: this.events({ service: name }),
      waiting: [],
      calls: { declared: ["users"], urls: { USERS_URL: "http://127.0.0.1:21001" }, egress: "http://127.0.0.1:21002" },
      notes: [],
    };
  }

  async explainRequest(input: { readonly target: string }): Promise<RequestExplanation> {
    return {
      listener: "gateway/default",
      outcome: { kind: "refuse", status: 404, code: "NO_ROUTE", reason: `no route matches ${input.target}` },
      routes: [],
      endpoints: [],
      policy: null,
    };
  }

  recorded: readonly RequestRecord[] = [];

  async explainRecorded(id: string): Promise<readonly RequestRecord[]> {
    return this.recorded.filter(({ requestId, traceId }) => requestId === id || traceId === id);
  }

  lookup(...args: Parameters<ControlPlane["lookup"]>) {
    return this.registry.lookup(...args);
  }

  watchRegistry(...args: Parameters<ControlPlane["watchRegistry"]>) {
    return this.registry.watch(...args);
  }

  registryServices() {
    return this.registry.services();
  }

  register(...args: Parameters<ControlPlane["register"]>) {
    return this.registry.register(...args);
  }

  deregister(id: string) {
    return this.registry.deregister(id, "asked for");
  }

  heartbeat(...args: Parameters<ControlPlane["heartbeat"]>) {
    return this.registry.heartbeat(...args);
  }

  async shutdown(): Promise<void> {
    this.calls.push("shutdown");
    if (this.shutdownError) throw this.shutdownError;
  }

  specProblems(): readonly Problem[] {
    return this.problems;
  }

  #service(name: string): ServiceSpec {
    const found = this.#spec.services.find((service) => service.name === name);
    if (!found) throw new TuskError("UNKNOWN_SERVICE", `no service "${name}"`, { hint: "known: users, orders" });
    return found;
  }

  #serviceStatus({ name, replicas }: ServiceSpec): SystemStatus["services"][number] {
    const instances = Array.from({ length: replicas }, (_, index) => {
      const id = `${name}-${index + 1}`;
      return instanceStatus(id, this.#overrides.get(id));
    });
    return { name, revision: 1, replicas, ready: instances.filter(({ ready }) => ready).length, instances };
  }

  #changed(): void {
    const status = this.status();
    for (const listener of [...this.#statusListeners]) listener(status);
  }
}
