// The running system: joins the desired spec, the process driver, the registry and the data plane, and is what every
// face talks to. It decides nothing itself: plans come from compile/, supervision from the driver, health from the registry.

import type { Clock } from "../base/clock.js";
import { type Problem, TuskError } from "../base/errors.js";
import type { TuskEvent } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import type { LookupQuery, RegisteredInstance, Registration, Registry, RegistryChange } from "../discovery/registry.js";
import type { ListenRequest, RequestExplanation } from "../keeper/protocol.js";
import { diffSpecs } from "../model/diff-specs.js";
import type { Settings } from "../model/settings.js";
import type { InstanceHealthReport, InstanceView, Orchestrator } from "../orchestrator/orchestrator.js";
import type { ProcessPlan } from "../plan/process-plan.js";
import type { AppFolder } from "../system/app-folder.js";
import type {
  ApplyRequest,
  ApplyResult,
  ControlPlane,
  EventQuery,
  MeshProbe,
  ProcessEntry,
  RequestExplainInput,
  RouteStatus,
  ServiceExplanation,
  SettingStatus,
  SystemStatus,
} from "./control-plane.js";
import type { DataAccess } from "./data-access.js";
import type { DataPlane } from "./data-plane.js";
import { type DesiredSpec, desiredAfter, writeDesired } from "./desired-spec.js";
import { epochOf } from "./endpoint-runner.js";
import type { EventLog } from "./event-log.js";
import { explainService, toExplainRequest } from "./explain.js";
import type { PlanMaker, Plans } from "./plan-maker.js";
import { portError } from "./port-error.js";
import { toGatewayUrls, toRouteStatuses, toServiceStatuses } from "./status.js";
import { settlesWithin, withTimeout } from "./timing.js";

/** Longest wait for the workers to acknowledge a changed plan before the change is reported as not in force yet. */
const acknowledgeLimitMs = 10_000;
/** For requests that come in when everything is being stopped. */
const workerDrainMs = 2_000;

export interface SystemParts {
  readonly folder: AppFolder;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly plans: PlanMaker;
  readonly driver: Orchestrator;
  readonly registry: Registry;
  readonly dataPlane: DataPlane;
  readonly desired: DesiredSpec;
  /** Services that exist in the registry alone. */
  readonly data: DataAccess;
  readonly externalNames: () => readonly string[];
  readonly onShutdown: () => Promise<void>;
}

export class System implements ControlPlane {
  readonly #parts: SystemParts;
  #desired: DesiredSpec;
  /** Those in force. */
  #plans: Plans;
  #url = "";
  #specProblems: readonly Problem[] = [];
  /** Listeners that are wanted and could not be bound, by name. */
  #listenProblems: ReadonlyMap<string, TuskError> = new Map();
  /** Changes are made one after another. */
  #queue: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | null = null;

  /** The driver runs these plans already; the data plane follows with `connect`. */
  constructor(parts: SystemParts, plans: Plans) {
    this.#parts = parts;
    this.#desired = parts.desired;
    this.#plans = plans;
  }

  /** Connects to the keeper and brings the workers to the plan. */
  connect(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.dataPlane.connect();
      const made = await this.#make(this.#desired);
      await this.#parts.dataPlane.listen(made.listeners);
      this.#noteListenProblems(made.listeners);
      await this.#setPlan(made);
      this.#plans = made;
    });
  }

  /** The services outside this app changed: the workers need clusters for them. */
  replan(): Promise<void> {
    return this.#inTurn(async () => this.#setPlan(await this.#make(this.#desired)));
  }

  setUrl(url: string): void {
    this.#url = url;
  }

  get data(): DataAccess {
    return this.#parts.data;
  }

  get desiredFile(): string | null {
    return this.#desired.file;
  }

  get currentSettings(): Settings {
    return this.#plans.settings;
  }

  noteSpecProblems(problems: readonly Problem[]): void {
    this.#specProblems = problems;
  }

  // --- what runs

  status(): SystemStatus {
    const { driver, dataPlane } = this.#parts;
    const { spec } = this.#desired;
    return {
      app: spec.name,
      services: toServiceStatuses(spec, driver.instances.get().values()),
      gateway: toGatewayUrls(spec.gateway.listeners, dataPlane.bound),
      controller: { pid: process.pid, url: this.#url },
    };
  }

  watchStatus(listener: (status: SystemStatus) => void): Unsubscribe {
    return this.#parts.driver.instances.watch(() => listener(this.status()));
  }

  async processes(): Promise<readonly ProcessEntry[]> {
    const { driver, dataPlane } = this.#parts;
    const keeper = await dataPlane.keeperStatus();
    const entries: ProcessEntry[] = [{ role: "controller", pid: process.pid, name: "controller" }];
    if (keeper) entries.push({ role: "keeper", pid: keeper.keeperPid, name: "keeper" });
    for (const worker of keeper?.workers ?? [])
      entries.push({ role: "worker", pid: worker.pid, name: `worker-${worker.slot}` });
    for (const view of driver.instances.get().values()) {
      if (view.process) entries.push({ role: "instance", pid: view.process.pid, name: view.id });
    }
    return entries;
  }

  settings(): readonly SettingStatus[] {
    return this.#parts.plans.settingStatuses(this.#desired.spec);
  }

  routes(): readonly RouteStatus[] {
    const { dataPlane } = this.#parts;
    if (!dataPlane.plan) return [];
    const readyOf = (service: string): number =>
      (dataPlane.endpoints?.clusters[service] ?? []).filter((endpoint) => endpoint.state === "ready").length;
    return toRouteStatuses(dataPlane.plan, dataPlane.bound, readyOf);
  }

  spec(): { readonly spec: DesiredSpec["spec"]; readonly provenance: DesiredSpec["provenance"] } {
    const { spec, provenance } = this.#desired;
    return { spec, provenance };
  }

  specProblems(): readonly Problem[] {
    return this.#specProblems;
  }

  // --- changes

  apply(request: ApplyRequest): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      const next = desiredAfter(this.#desired, request);
      return request.dryRun ? this.#preview(next) : this.#change(next);
    });
  }

  scale(service: string, replicas: number): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      this.#requireService(service);
      const { spec, generation } = this.#desired;
      const services = spec.services.map((entry) => (entry.name === service ? { ...entry, replicas } : entry));
      const next = { ...this.#desired, generation: generation + 1, spec: { ...spec, services } };
      return this.#change({ ...next, from: "scaled" });
    });
  }

  async restart(service?: string, instance?: string): Promise<void> {
    const names = service === undefined ? this.#serviceNames() : [this.#requireService(service)];
    for (const name of names) await this.#parts.driver.restart(name, instance);
  }

  /** A second call waits for the first. Later changes are refused. */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#queue.then(async () => {
      const { driver, dataPlane, events, onShutdown } = this.#parts;
      events.emit({ kind: "system.stopping", level: "info", message: "the system was told to stop" });
      await driver.stopAll();
      await dataPlane.shutdown(workerDrainMs);
      events.emit({ kind: "system.stopped", level: "info", message: "every instance, worker and socket is gone" });
      await onShutdown();
    });
    return this.#stopping;
  }

  async #preview(next: DesiredSpec): Promise<ApplyResult> {
    const made = await this.#make(next);
    this.#parts.plans.releaseUnused(this.#plans);
    return { changes: this.#changesTo(next), replaced: this.#replacedBy(made.processPlan), warnings: [] };
  }

  /** New listeners first, then the workers, then the processes: nothing is routed to what is not there any more. */
  async #change(next: DesiredSpec): Promise<ApplyResult> {
    const made = await this.#make(next);
    const result = { changes: this.#changesTo(next), replaced: this.#replacedBy(made.processPlan) };
    const late = await this.#changeDataPlane(made);
    const { plans, driver, folder } = this.#parts;
    writeDesired(folder, next);
    plans.commit(made);
    this.#desired = next;
    this.#plans = made;
    driver.apply(made.processPlan);
    if (!late) plans.releaseUnused(made);
    this.#tellChanges(result.changes, next.from);
    const unbound = [...this.#listenProblems.values()].map((problem) => problem.message);
    return { ...result, warnings: late ? [late, ...unbound] : unbound };
  }

  /** All of it or, with an error, nothing. Returns what has to be said when the workers take their time. */
  async #changeDataPlane(made: Plans): Promise<string | null> {
    const { dataPlane, plans } = this.#parts;
    try {
      await this.#bindNew(made.listeners);
      await this.#setPlan(made);
      await dataPlane.listen(made.listeners);
      this.#noteListenProblems(made.listeners);
      return null;
    } catch (error) {
      if (error instanceof TuskError && error.code === "TIMEOUT") return error.message;
      await dataPlane.listen(this.#plans.listeners);
      plans.releaseUnused(this.#plans);
      throw error;
    }
  }

  /** Beside those that are there. Throws PORT_IN_USE for a new one; one that could not be bound before stops nothing. */
  async #bindNew(listeners: readonly ListenRequest[]): Promise<void> {
    const names = new Set(listeners.map((listener) => listener.name));
    const staying = this.#plans.listeners.filter((listener) => !names.has(listener.name));
    const bound = await this.#parts.dataPlane.listen([...listeners, ...staying]);
    for (const listener of listeners) {
      const result = bound.get(listener.name)?.result;
      const known = this.#plans.listeners.some((other) => isSameSocket(listener, other));
      if (result?.ok === false && !(known && this.#listenProblems.has(listener.name))) {
        throw portError(listener, result.code);
      }
    }
  }

  #noteListenProblems(listeners: readonly ListenRequest[]): void {
    const { dataPlane, events } = this.#parts;
    const before = this.#listenProblems;
    const problems = listeners.flatMap((listener): [string, TuskError][] => {
      const result = dataPlane.bound.get(listener.name)?.result;
      return result?.ok === false ? [[listener.name, portError(listener, result.code)]] : [];
    });
    this.#listenProblems = new Map(problems);
    for (const [name, { message }] of problems) {
      if (!before.has(name)) events.emit({ kind: "listener.failed", level: "error", message });
    }
  }

  async #make(desired: DesiredSpec): Promise<Plans> {
    const { plans, externalNames } = this.#parts;
    try {
      return await plans.make(desired, externalNames());
    } catch (error) {
      // Ports that were leased for it.
      plans.releaseUnused(this.#plans);
      throw error;
    }
  }

  #setPlan({ proxyPlan }: Plans): Promise<void> {
    const { dataPlane, clock } = this.#parts;
    const late = "the proxy workers have not acknowledged the plan yet";
    return withTimeout(dataPlane.setPlan(proxyPlan), { clock, limitMs: acknowledgeLimitMs }, late);
  }

  #tellChanges(changes: ApplyResult["changes"], from: string): void {
    for (const { path, text } of changes) {
      const service = serviceOf(path);
      const message = `${text} (${from})`;
      this.#parts.events.emit({ kind: "spec.changed", level: "info", ...(service && { service }), message });
    }
  }

  #changesTo(next: DesiredSpec): ApplyResult["changes"] {
    return diffSpecs(this.#desired.spec, next.spec);
  }

  #replacedBy(plan: ProcessPlan): string[] {
    const hashes = new Map(this.#plans.processPlan.services.map((service) => [service.service, service.hash]));
    return plan.services
      .filter(({ service, hash }) => hashes.has(service) && hashes.get(service) !== hash)
      .map(({ service }) => service);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#stopping) return Promise.reject(new TuskError("NOT_RUNNING", "the system is being stopped"));
    const result = this.#queue.then(work);
    // The next change does not care how this one ended; whoever asked for it gets the error.
    this.#queue = result.catch(() => undefined);
    return result;
  }

  // --- questions

  async checkHealth(service?: string): Promise<readonly (InstanceHealthReport & { readonly service: string })[]> {
    const names = service === undefined ? this.#serviceNames() : [this.#requireService(service)];
    const reports = await Promise.all(
      names.map(async (name) =>
        (await this.#parts.driver.checkHealth(name)).map((report) => ({ ...report, service: name })),
      ),
    );
    return reports.flat();
  }

  async waitReady(options: { readonly services?: readonly string[]; readonly timeoutMs: number }): Promise<boolean> {
    const names = options.services?.map((name) => this.#requireService(name)) ?? this.#serviceNames();
    const { driver, dataPlane, clock } = this.#parts;
    const stops: Unsubscribe[] = [];
    const ready = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#isReady(names)) resolve();
      };
      stops.push(driver.instances.watch(look), dataPlane.onChange(look));
      look();
    });
    try {
      return await settlesWithin(ready, { clock, limitMs: options.timeoutMs });
    } finally {
      for (const stop of stops) stop();
    }
  }

  #isReady(names: readonly string[]): boolean {
    if (!this.#parts.dataPlane.settled || this.#listenProblems.size > 0) return false;
    const views = [...this.#parts.driver.instances.get().values()];
    return names.every((name) => this.#isServiceReady(name, views));
  }

  /** Every slot runs the wanted revision, and the workers send to it. */
  #isServiceReady(name: string, views: readonly InstanceView[]): boolean {
    const plan = this.#plans.processPlan.services.find((service) => service.service === name);
    const own = views.filter((view) => view.service === name);
    if (!plan || own.length !== plan.replicas) return false;
    const served = this.#parts.dataPlane.endpoints?.clusters[name] ?? [];
    const epochs = new Set(served.filter(({ state }) => state === "ready").map(({ epoch }) => epoch));
    return own.every((view) => view.ready && view.revision === plan.revision && epochs.has(epochOf(view)));
  }

  events(query: EventQuery): readonly TuskEvent[] {
    return this.#parts.events.query(query);
  }

  watchEvents(listener: (event: TuskEvent) => void): Unsubscribe {
    return this.#parts.events.watch(listener);
  }

  probeMesh(): Promise<MeshProbe> {
    return this.#inTurn(async () => {
      const { dataPlane } = this.#parts;
      const plans = this.#plans;
      this.#requireSetting("SERVICE_MESH_ENABLED");
      const [{ callThroughMesh }, { probeListener, withMeshProbe }] = await Promise.all([
        import("./mesh-probe.js"),
        import("../compile/mesh-probe.js"),
      ]);
      try {
        await dataPlane.listen([...plans.listeners, { name: probeListener, host: "127.0.0.1", port: 0 }]);
        await this.#setPlan({ ...plans, proxyPlan: withMeshProbe(plans.proxyPlan, plans.settings) });
        return await callThroughMesh(dataPlane);
      } finally {
        await this.#setPlan(plans);
        await dataPlane.listen(plans.listeners);
      }
    });
  }

  explainService(service: string): ServiceExplanation {
    this.#requireService(service);
    const { driver, events, dataPlane } = this.#parts;
    return explainService(service, {
      spec: this.#desired.spec,
      settings: this.#plans.settings,
      views: [...driver.instances.get().values()],
      events: events.query({ service, limit: 20 }),
      bound: dataPlane.bound,
    });
  }

  explainRequest(input: RequestExplainInput): Promise<RequestExplanation> {
    const { dataPlane } = this.#parts;
    if (input.caller !== undefined) this.#requireService(input.caller);
    return dataPlane.explain(toExplainRequest(input, this.#desired.spec.gateway.listeners));
  }

  // --- registry

  lookup(service: string, query?: LookupQuery): readonly RegisteredInstance[] {
    this.#requireSetting("SERVICE_DISCOVERY_ENABLED");
    return this.#parts.registry.lookup(service, query);
  }

  watchRegistry(service: string, listener: (change: RegistryChange) => void): Unsubscribe {
    this.#requireSetting("SERVICE_DISCOVERY_ENABLED");
    return this.#parts.registry.watch(service, listener);
  }

  registryServices(): readonly string[] {
    this.#requireSetting("SERVICE_DISCOVERY_ENABLED");
    return this.#parts.registry.services();
  }

  register(registration: Registration): RegisteredInstance {
    this.#requireSetting("SERVICE_REGISTRY_ENABLED");
    return this.#parts.registry.register(registration);
  }

  deregister(id: string): boolean {
    this.#requireSetting("SERVICE_REGISTRY_ENABLED");
    return this.#parts.registry.deregister(id, "deregistered through the admin API");
  }

  heartbeat(id: string, report?: Parameters<Registry["heartbeat"]>[1]): RegisteredInstance {
    this.#requireSetting("SERVICE_REGISTRY_ENABLED");
    return this.#parts.registry.heartbeat(id, report);
  }

  #requireSetting(name: "SERVICE_DISCOVERY_ENABLED" | "SERVICE_REGISTRY_ENABLED" | "SERVICE_MESH_ENABLED"): void {
    if (this.#plans.settings[name]) return;
    throw new TuskError("FEATURE_DISABLED", `the setting ${name} is off`, {
      hint: `set ${name}: true under \`settings:\``,
    });
  }

  #serviceNames(): string[] {
    return this.#desired.spec.services.map((service) => service.name);
  }

  #requireService(name: string): string {
    const names = this.#serviceNames();
    if (names.includes(name)) return name;
    throw new TuskError("UNKNOWN_SERVICE", `there is no service "${name}"`, {
      hint: names.length > 0 ? `services here: ${names.join(", ")}` : "no service is declared yet",
    });
  }
}

function isSameSocket(a: ListenRequest, b: ListenRequest): boolean {
  return a.name === b.name && a.host === b.host && a.port === b.port;
}

function serviceOf(path: string): string | undefined {
  const [head, name] = path.split(".");
  return head === "services" ? name : undefined;
}
