// The running system: joins the desired spec, the process driver, the registry and the data plane, and is what every
// face talks to. It decides nothing itself: plans come from compile/, supervision from the driver, health from the registry.
import { type Problem, TuskError } from "../base/errors.js";
import type { TuskEvent } from "../base/event.js";
import { type Unsubscribe, Watchable } from "../base/watchable.js";
import type { LookupQuery, RegisteredInstance, Registration, Registry, RegistryChange } from "../discovery/registry.js";
import type { RequestExplanation } from "../keeper/protocol.js";
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
  ProcessEntry,
  RequestExplainInput,
  RouteStatus,
  ServiceExplanation,
  SettingStatus,
  SystemStatus,
} from "./control-plane.js";
import type { DataPlane } from "./data-plane.js";
import { type DesiredSpec, desiredAfter, writeDesired } from "./desired-spec.js";
import type { EventLog } from "./event-log.js";
import { explainService, toExplainRequest } from "./explain.js";
import { portError } from "./launch.js";
import type { PlanMaker, Plans } from "./plan-maker.js";
import { toGatewayUrls, toRouteStatuses, toServiceStatuses } from "./status.js";
import { withTimeout } from "./timing.js";

/** Longest wait for the workers to acknowledge a changed plan before the change is reported as not in force yet. */
const acknowledgeLimitMs = 10_000;

export interface SystemParts {
  readonly folder: AppFolder;
  readonly events: EventLog;
  readonly plans: PlanMaker;
  readonly driver: Orchestrator;
  readonly registry: Registry;
  readonly dataPlane: DataPlane;
  readonly desired: DesiredSpec;
  /** Services that exist in the registry alone. */
  readonly externalNames: () => readonly string[];
  readonly onShutdown: () => Promise<void>;
}

export class System implements ControlPlane {
  readonly #parts: SystemParts;
  readonly #desired: Watchable<DesiredSpec>;
  #settings: Settings;
  #processPlan: ProcessPlan;
  #url = "";
  #specProblems: readonly Problem[] = [];
  #listenProblems: readonly TuskError[] = [];
  /** Changes are made one after another. */
  #queue: Promise<unknown> = Promise.resolve();

  /** Spawns the instances; the data plane follows with `connect`. */
  constructor(parts: SystemParts, plans: Plans) {
    this.#parts = parts;
    this.#desired = new Watchable(parts.desired);
    this.#settings = plans.settings;
    this.#processPlan = plans.processPlan;
    parts.plans.commit(plans);
    parts.driver.apply(plans.processPlan);
  }

  /** Connects to the keeper and brings the workers to the plan. */
  connect(): Promise<void> {
    return this.#inTurn(() => this.#connect());
  }

  async #connect(): Promise<void> {
    const { dataPlane, plans } = this.#parts;
    await dataPlane.connect();
    const made = await plans.make(this.#desired.get(), this.#parts.externalNames());
    const bound = await dataPlane.listen(made.listeners);
    this.#listenProblems = made.listeners.flatMap(({ name, host, port }) => {
      const result = bound.get(name)?.result;
      return result && !result.ok ? [portError(name, host, port, result.message)] : [];
    });
    for (const problem of this.#listenProblems) {
      this.#parts.events.emit({ kind: "listener.failed", level: "error", message: problem.message });
    }
    await withTimeout(
      dataPlane.setPlan(made.proxyPlan),
      acknowledgeLimitMs,
      "the proxy workers did not acknowledge the plan",
    );
  }

  /** The services outside this app changed: the workers need clusters for them. */
  replan(): Promise<void> {
    return this.#inTurn(async () => {
      const { dataPlane, plans, externalNames } = this.#parts;
      await dataPlane.setPlan((await plans.make(this.#desired.get(), externalNames())).proxyPlan);
    });
  }

  setUrl(url: string): void {
    this.#url = url;
  }

  get desiredFile(): string | null {
    return this.#desired.get().file;
  }

  get currentSettings(): Settings {
    return this.#settings;
  }

  noteSpecProblems(problems: readonly Problem[]): void {
    this.#specProblems = problems;
  }

  // --- what runs

  status(): SystemStatus {
    const { driver, dataPlane } = this.#parts;
    const { spec } = this.#desired.get();
    return {
      app: spec.name,
      services: toServiceStatuses(spec, driver.instances.get().values()),
      gateway: toGatewayUrls(dataPlane.bound),
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
    return this.#parts.plans.settingStatuses(this.#desired.get().spec);
  }

  routes(): readonly RouteStatus[] {
    const { dataPlane } = this.#parts;
    if (!dataPlane.plan) return [];
    const readyOf = (service: string): number =>
      (dataPlane.endpoints?.clusters[service] ?? []).filter((endpoint) => endpoint.state === "ready").length;
    return toRouteStatuses(dataPlane.plan, dataPlane.bound, readyOf);
  }

  spec(): { readonly spec: DesiredSpec["spec"]; readonly provenance: DesiredSpec["provenance"] } {
    const { spec, provenance } = this.#desired.get();
    return { spec, provenance };
  }

  specProblems(): readonly Problem[] {
    return this.#specProblems;
  }

  // --- changes

  apply(request: ApplyRequest): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      const next = desiredAfter(this.#desired.get(), request);
      if (!request.dryRun) return this.#change(next);
      const plans = await this.#parts.plans.make(next);
      return {
        changes: this.#changesTo(next),
        replaced: this.#replacedBy(plans.processPlan),
        warnings: plans.warnings,
      };
    });
  }

  scale(service: string, replicas: number): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      const current = this.#desired.get();
      this.#requireService(service);
      const services = current.spec.services.map((entry) => (entry.name === service ? { ...entry, replicas } : entry));
      const next = { ...current, generation: current.generation + 1, spec: { ...current.spec, services } };
      return this.#change(next);
    });
  }

  async restart(service?: string, instance?: string): Promise<void> {
    const names = service === undefined ? this.#serviceNames() : [this.#requireService(service)];
    for (const name of names) await this.#parts.driver.restart(name, instance);
  }

  shutdown(): Promise<void> {
    return this.#inTurn(async () => {
      const { driver, dataPlane, events, onShutdown } = this.#parts;
      events.emit({ kind: "system.stopping", level: "info", message: "the system was told to stop" });
      await driver.stopAll();
      await dataPlane.shutdown(2_000);
      events.emit({ kind: "system.stopped", level: "info", message: "every instance, worker and socket is gone" });
      await onShutdown();
    });
  }

  /** New listeners first, then the workers, then the processes: nothing is routed to what is not there any more. */
  async #change(next: DesiredSpec): Promise<ApplyResult> {
    const { plans, dataPlane, driver, events, folder } = this.#parts;
    const made = await plans.make(next, this.#parts.externalNames());
    const changes = this.#changesTo(next);
    const replaced = this.#replacedBy(made.processPlan);
    const warnings = [...made.warnings];
    await this.#bindNew(made.listeners);
    writeDesired(folder, next);
    plans.commit(made);
    this.#desired.set(next);
    this.#settings = made.settings;
    this.#processPlan = made.processPlan;
    const late = "the proxy workers have not acknowledged the change yet";
    try {
      await withTimeout(dataPlane.setPlan(made.proxyPlan), acknowledgeLimitMs, late);
      await dataPlane.listen(made.listeners);
      plans.releaseUnused(made);
    } catch (error) {
      if (!(error instanceof TuskError) || error.code !== "TIMEOUT") throw error;
      warnings.push(late);
    }
    driver.apply(made.processPlan);
    for (const change of changes) {
      events.emit({
        kind: "spec.changed",
        level: "info",
        service: serviceOf(change.path),
        message: `${change.text} (${next.from})`,
      });
    }
    return { changes, replaced, warnings };
  }

  async #bindNew(listeners: readonly { name: string; host: string; port: number }[]): Promise<void> {
    const { dataPlane, plans } = this.#parts;
    const before = (await plans.make(this.#desired.get())).listeners;
    const names = new Set(listeners.map((listener) => listener.name));
    const bound = await dataPlane.listen([...listeners, ...before.filter((listener) => !names.has(listener.name))]);
    for (const { name, host, port } of listeners) {
      const result = bound.get(name)?.result;
      if (!result || result.ok) continue;
      await dataPlane.listen(before);
      throw portError(name, host, port, result.message);
    }
    this.#listenProblems = [];
  }

  #changesTo(next: DesiredSpec): ApplyResult["changes"] {
    return diffSpecs(this.#desired.get().spec, next.spec);
  }

  #replacedBy(plan: ProcessPlan): string[] {
    const hashes = new Map(this.#processPlan.services.map((service) => [service.service, service.hash]));
    return plan.services
      .filter(({ service, hash }) => hashes.has(service) && hashes.get(service) !== hash)
      .map(({ service }) => service);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
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
    const ready = new Promise<boolean>((resolve) => {
      const look = (): boolean => {
        const yes = this.#isReady(names);
        if (yes) resolve(true);
        return yes;
      };
      if (look()) return;
      const stops = [this.#parts.driver.instances.watch(check), this.#parts.dataPlane.onChange(check)];
      function check(): void {
        if (look()) for (const stop of stops) stop();
      }
    });
    try {
      return await withTimeout(ready, options.timeoutMs, "not ready");
    } catch {
      // The time limit: the answer is no, and the status says why.
      return false;
    }
  }

  #isReady(names: readonly string[]): boolean {
    if (!this.#parts.dataPlane.settled || this.#listenProblems.length > 0) return false;
    const views = [...this.#parts.driver.instances.get().values()];
    return names.every((name) => this.#isServiceReady(name, views));
  }

  #isServiceReady(name: string, views: readonly InstanceView[]): boolean {
    const plan = this.#processPlan.services.find((service) => service.service === name);
    const own = views.filter((view) => view.service === name);
    const current = own.filter((view) => view.ready && view.revision === plan?.revision);
    return plan !== undefined && own.length === plan.replicas && current.length === plan.replicas;
  }

  events(query: EventQuery): readonly TuskEvent[] {
    return this.#parts.events.query(query);
  }

  watchEvents(listener: (event: TuskEvent) => void): Unsubscribe {
    return this.#parts.events.watch(listener);
  }

  explainService(service: string): ServiceExplanation {
    this.#requireService(service);
    const { driver, events, dataPlane } = this.#parts;
    return explainService(service, {
      spec: this.#desired.get().spec,
      settings: this.#settings,
      views: [...driver.instances.get().values()],
      events: events.query({ service, limit: 20 }),
      bound: dataPlane.bound,
    });
  }

  explainRequest(input: RequestExplainInput): Promise<RequestExplanation> {
    const { dataPlane } = this.#parts;
    if (input.caller !== undefined) this.#requireService(input.caller);
    return dataPlane.explain(toExplainRequest(input, dataPlane.bound));
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

  #requireSetting(name: "SERVICE_DISCOVERY_ENABLED" | "SERVICE_REGISTRY_ENABLED"): void {
    if (this.#settings[name]) return;
    throw new TuskError("FEATURE_DISABLED", `the setting ${name} is off`, {
      hint: `set ${name}: true under \`settings:\``,
    });
  }

  #serviceNames(): string[] {
    return this.#desired.get().spec.services.map((service) => service.name);
  }

  #requireService(name: string): string {
    const names = this.#serviceNames();
    if (names.includes(name)) return name;
    throw new TuskError("UNKNOWN_SERVICE", `there is no service "${name}"`, {
      hint: names.length > 0 ? `services here: ${names.join(", ")}` : "no service is declared yet",
    });
  }
}

function serviceOf(path: string): string | undefined {
  const [head, name] = path.split(".");
  return head === "services" ? name : undefined;
}
