// The running system, as every face talks to it: answers from what the parts know, and hands changes on. It decides
// nothing itself: plans come from compile/, supervision from the driver, health from the registry.

import { type Problem, TuskError } from "../base/errors.js";
import type { TuskEvent } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import type { LookupQuery, RegisteredInstance, Registration, Registry, RegistryChange } from "../discovery/registry.js";
import type { RequestExplanation, RequestRecord } from "../keeper/protocol.js";
import type { Settings } from "../model/settings.js";
import type { InstanceHealthReport, InstanceView } from "../orchestrator/orchestrator.js";
import type { ProcessPlan } from "../plan/process-plan.js";
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
import type { WorkerRenewal } from "./data-plane.js";
import { DesiredRunner, type DesiredRunnerParts } from "./desired-runner.js";
import { type DesiredSpec, desiredAfter } from "./desired-spec.js";
import { epochOf } from "./endpoint-runner.js";
import { envFilePaths } from "./env-files.js";
import { explainService, toExplainRequest } from "./explain.js";
import type { Plans } from "./plan-maker.js";
import { toGatewayUrls, toRouteStatuses, toServiceStatuses } from "./status.js";
import { settlesWithin } from "./timing.js";

/** For requests that come in when everything is being stopped. */
const workerDrainMs = 2_000;
/** For requests in a worker that is replaced: longer than most requests may take, shorter than a stream may last. */
const renewalDrainMs = 30_000;

export interface SystemParts extends DesiredRunnerParts {
  readonly registry: Registry;
  readonly data: DataAccess;
  readonly onShutdown: () => Promise<void>;
}

export class System implements ControlPlane {
  readonly #parts: SystemParts;
  readonly #runner: DesiredRunner;
  #url = "";
  #specProblems: readonly Problem[] = [];
  #stopping: Promise<void> | null = null;

  /** The driver runs these plans already; the data plane follows with `connect`. */
  constructor(parts: SystemParts, plans: Plans) {
    this.#parts = parts;
    this.#runner = new DesiredRunner(parts, plans);
  }

  /** Connects to the keeper and brings the workers to the plan. */
  connect(): Promise<void> {
    return this.#runner.connect();
  }

  /** The services outside this app changed: the workers need clusters for them. */
  replan(): Promise<void> {
    return this.#runner.replan();
  }

  setUrl(url: string): void {
    this.#url = url;
  }

  get data(): DataAccess {
    return this.#parts.data;
  }

  get desiredFile(): string | null {
    return this.#runner.desired.file;
  }

  get environmentFiles(): readonly string[] {
    return envFilePaths(this.#runner.desired.spec, this.#parts.folder.root);
  }

  get processPlan(): ProcessPlan {
    return this.#runner.plans.processPlan;
  }

  get currentSettings(): Settings {
    return this.#runner.plans.settings;
  }

  noteSpecProblems(problems: readonly Problem[]): void {
    this.#specProblems = problems;
  }

  // --- what runs

  status(): SystemStatus {
    const { driver, dataPlane } = this.#parts;
    const { spec } = this.#runner.desired;
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
    return this.#parts.plans.settingStatuses(this.#runner.desired.spec);
  }

  routes(): readonly RouteStatus[] {
    const { dataPlane } = this.#parts;
    if (!dataPlane.plan) return [];
    const readyOf = (service: string): number =>
      (dataPlane.endpoints?.clusters[service] ?? []).filter((endpoint) => endpoint.state === "ready").length;
    return toRouteStatuses(dataPlane.plan, dataPlane.bound, readyOf);
  }

  spec(): { readonly spec: DesiredSpec["spec"]; readonly provenance: DesiredSpec["provenance"] } {
    const { spec, provenance } = this.#runner.desired;
    return { spec, provenance };
  }

  specProblems(): readonly Problem[] {
    return this.#specProblems;
  }

  // --- changes

  apply(request: ApplyRequest): Promise<ApplyResult> {
    const edit = (desired: DesiredSpec): DesiredSpec => desiredAfter(desired, request);
    return request.dryRun ? this.#runner.preview(edit) : this.#runner.change(edit);
  }

  scale(service: string, replicas: number): Promise<ApplyResult> {
    return this.#runner.change((desired) => {
      this.#requireService(service);
      return scaled(desired, service, replicas);
    });
  }

  async restart(service?: string, instance?: string): Promise<void> {
    const names = service === undefined ? this.#serviceNames() : [this.#requireService(service)];
    for (const name of names) await this.#parts.driver.restart(name, instance);
  }

  restartProxy({ drainMs = renewalDrainMs } = {}): Promise<readonly WorkerRenewal[]> {
    return this.#parts.dataPlane.renewWorkers({ drainMs });
  }

  /** A second call waits for the first. Later changes are refused. */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    return this.#stopping;
  }

  async #shutDown(): Promise<void> {
    const { driver, dataPlane, events, onShutdown } = this.#parts;
    await this.#runner.end();
    events.emit({ kind: "system.stopping", level: "info", message: "the system was told to stop" });
    await driver.stopAll();
    await dataPlane.shutdown(workerDrainMs);
    events.emit({ kind: "system.stopped", level: "info", message: "every instance, worker and socket is gone" });
    await onShutdown();
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
    if (!this.#parts.dataPlane.settled || !this.#runner.isListening) return false;
    const views = [...this.#parts.driver.instances.get().values()];
    return names.every((name) => this.#isServiceReady(name, views));
  }

  /** Every slot runs the wanted revision, and the workers send to it. */
  #isServiceReady(name: string, views: readonly InstanceView[]): boolean {
    const plan = this.#runner.plans.processPlan.services.find((service) => service.service === name);
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

  async probeMesh(): Promise<MeshProbe> {
    this.#requireSetting("SERVICE_MESH_ENABLED");
    const [{ callThroughMesh }, { probeListener, withMeshProbe }] = await Promise.all([
      import("./mesh-probe.js"),
      import("../compile/mesh-probe.js"),
    ]);
    const withProbe = (plans: Plans): Plans => ({
      ...plans,
      listeners: [...plans.listeners, { name: probeListener, host: "127.0.0.1", port: 0 }],
      proxyPlan: withMeshProbe(plans.proxyPlan, plans.settings),
    });
    return this.#runner.whileOther(withProbe, () => callThroughMesh(this.#parts.dataPlane));
  }

  explainService(service: string): ServiceExplanation {
    this.#requireService(service);
    const { driver, events, dataPlane } = this.#parts;
    return explainService(service, {
      spec: this.#runner.desired.spec,
      settings: this.#runner.plans.settings,
      views: [...driver.instances.get().values()],
      events: events.query({ service, limit: 20 }),
      bound: dataPlane.bound,
    });
  }

  explainRequest(input: RequestExplainInput): Promise<RequestExplanation> {
    const { dataPlane } = this.#parts;
    if (input.caller !== undefined) {
      this.#requireService(input.caller);
      this.#requireSetting("SERVICE_MESH_ENABLED");
    }
    return dataPlane.explain(toExplainRequest(input, this.#runner.desired.spec.gateway.listeners));
  }

  explainRecorded(id: string): Promise<readonly RequestRecord[]> {
    return this.#parts.dataPlane.recorded(id);
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
    if (this.#runner.plans.settings[name]) return;
    throw new TuskError("FEATURE_DISABLED", `the setting ${name} is off`, {
      hint: `set ${name}: true under \`settings:\``,
    });
  }

  #serviceNames(): string[] {
    return this.#runner.desired.spec.services.map((service) => service.name);
  }

  #requireService(name: string): string {
    const names = this.#serviceNames();
    if (names.includes(name)) return name;
    throw new TuskError("UNKNOWN_SERVICE", `there is no service "${name}"`, {
      hint: names.length > 0 ? `services here: ${names.join(", ")}` : "no service is declared yet",
    });
  }
}

function scaled(desired: DesiredSpec, service: string, replicas: number): DesiredSpec {
  const { spec, generation } = desired;
  const services = spec.services.map((entry) => (entry.name === service ? { ...entry, replicas } : entry));
  return { ...desired, generation: generation + 1, spec: { ...spec, services }, from: "scaled" };
}
