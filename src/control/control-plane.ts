// The contract between the controller and its faces: the admin API serves it over HTTP, the SDK calls it in process.
// Everything is a plain value; what goes wrong is a TuskError.

import type { Problem } from "../base/errors.js";
import type { TuskEvent } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import type { LookupQuery, RegisteredInstance, Registration, RegistryChange } from "../discovery/registry.js";
import type { RequestExplanation, RequestRecord } from "../keeper/protocol.js";
import type { AppSpec, Provenance } from "../model/app-spec.js";
import type { Settings } from "../model/settings.js";
import type { InstanceHealthReport, InstanceView } from "../orchestrator/orchestrator.js";
import type { DataAccess } from "./data-access.js";
import type { WorkerRenewal } from "./data-plane.js";

export interface InstanceStatus {
  readonly id: string;
  readonly pid: number | null;
  /** Null: it was never given one. */
  readonly port: number | null;
  readonly health: "starting" | "passing" | "warning" | "critical";
  readonly reason: string;
  readonly restarts: number;
  readonly startedAt: string | null;
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly phase: InstanceView["phase"];
  readonly ready: boolean;
  readonly waitingFor: readonly string[];
}

export interface ServiceStatus {
  readonly name: string;
  readonly revision: number;
  readonly replicas: number;
  readonly ready: number;
  readonly instances: readonly InstanceStatus[];
}

export interface SystemStatus {
  readonly app: string;
  readonly services: readonly ServiceStatus[];
  readonly gateway: readonly { readonly url: string; readonly listener: string }[];
  readonly controller: { readonly pid: number; readonly url: string };
}

export interface ProcessEntry {
  readonly role: "keeper" | "controller" | "worker" | "instance";
  readonly pid: number;
  readonly name: string;
}

export interface SpecChange {
  /** JSON path in the normalised spec, `services.users.replicas`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  /** One line for people. */
  readonly text: string;
}

export interface ApplyResult {
  readonly changes: readonly SpecChange[];
  /** Names of services whose instances are replaced because of it. */
  readonly replaced: readonly string[];
  readonly warnings: readonly string[];
}

export interface ApplyRequest {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  /** `replace`: desired becomes exactly this. `edit`: what differs from the last applied file is applied (default). */
  readonly mode?: "edit" | "replace";
  /**
   * What a program has edited `spec` from. Only what differs between the two is applied, so that two programs that edit
   * at once lose nothing; the last applied file stays what it was. `calls` may then name services that come later.
   */
  readonly base?: AppSpec;
  /** Says what would change, changes nothing. */
  readonly dryRun?: boolean;
  /** Where it comes from, for the event: `tusk.yaml`, `sdk`, `command line`. */
  readonly from: string;
  /** Absolute path of the spec file that it was read from; the controller applies later edits of it by itself. */
  readonly file?: string;
}

export interface RouteStatus {
  readonly name: string;
  readonly kind: "gateway" | "edge" | "egress";
  readonly listener: string;
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly hostnames: readonly string[];
  /** `GET PathPrefix /users [x-canary: 1]` */
  readonly match: string;
  readonly backends: readonly { readonly service: string; readonly weight: number; readonly ready: number }[];
  readonly origin?: { readonly path: string; readonly file?: string; readonly line?: number };
}

export interface ServiceExplanation {
  readonly service: string;
  /** The one-sentence answer. */
  readonly summary: string;
  readonly instances: readonly InstanceView[];
  /** Newest first: the events that led here. */
  readonly events: readonly TuskEvent[];
  /** Chain of what it waits for: `orders waits for users (users-1 starting: connection refused)`. */
  readonly waiting: readonly string[];
  readonly calls: {
    readonly declared: readonly string[] | null;
    readonly urls: Readonly<Record<string, string>>;
    readonly egress: string | null;
  };
  readonly notes: readonly string[];
}

export interface RequestExplainInput {
  readonly method: string;
  /** Path with query, or an absolute URL (its host picks the hostname). */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Listener name; default: the first gateway listener. `orders` explains a call made by that service's egress. */
  readonly listener?: string;
  readonly caller?: string;
}

export interface EventQuery {
  readonly service?: string;
  /** Id of an event: only later ones. */
  readonly after?: string;
  /** Newest n. Default 100. */
  readonly limit?: number;
}

export interface SettingStatus {
  readonly name: keyof Settings;
  readonly value: string | boolean;
  readonly source: "default" | "code" | "spec" | "environment";
  readonly built: boolean;
}

/** What two calls through the mesh came to, made by a caller that may call one target and not the other. */
export interface MeshProbe {
  /** Workers that acknowledged the plan that the calls were made under: all of them. */
  readonly workers: number;
  /** HTTP status; 204 when it passed. */
  readonly allowedStatus: number;
  /** HTTP status; 403 when it was refused for want of permission. */
  readonly deniedStatus: number;
  /** Both are in the workers' counts. */
  readonly counted: boolean;
}

export interface ControlPlane {
  readonly data: DataAccess;
  status(): SystemStatus;
  processes(): Promise<readonly ProcessEntry[]>;
  settings(): readonly SettingStatus[];
  spec(): { readonly spec: AppSpec; readonly provenance: Provenance };
  apply(request: ApplyRequest): Promise<ApplyResult>;
  scale(service: string, replicas: number): Promise<ApplyResult>;
  restart(service?: string, instance?: string): Promise<void>;
  /** Replaces the proxy workers one after another; each successor serves before its predecessor drains, for at most so long. */
  restartProxy(options?: { readonly drainMs?: number }): Promise<readonly WorkerRenewal[]>;
  checkHealth(service?: string): Promise<readonly (InstanceHealthReport & { readonly service: string })[]>;
  /** Resolves true when every instance is ready and the data plane has acknowledged; false at the time limit. */
  waitReady(options: { readonly services?: readonly string[]; readonly timeoutMs: number }): Promise<boolean>;
  routes(): readonly RouteStatus[];
  events(query: EventQuery): readonly TuskEvent[];
  watchEvents(listener: (event: TuskEvent) => void): Unsubscribe;
  watchStatus(listener: (status: SystemStatus) => void): Unsubscribe;
  explainService(service: string): ServiceExplanation;
  /** Tries the mesh on targets that are built into the workers; no service is called. Throws FEATURE_DISABLED, TIMEOUT. */
  probeMesh(): Promise<MeshProbe>;
  explainRequest(input: RequestExplainInput): Promise<RequestExplanation>;
  /** Requests that are over, by `x-request-id` or trace id, oldest first; empty: none is known any more, or never was. */
  explainRecorded(id: string): Promise<readonly RequestRecord[]>;
  /** Throws FEATURE_DISABLED when discovery is switched off. */
  lookup(service: string, query?: LookupQuery): readonly RegisteredInstance[];
  watchRegistry(service: string, listener: (change: RegistryChange) => void): Unsubscribe;
  registryServices(): readonly string[];
  /** The next three throw FEATURE_DISABLED when the registry is switched off. */
  register(registration: Registration): RegisteredInstance;
  deregister(id: string): boolean;
  heartbeat(
    id: string,
    report?: { readonly state?: "passing" | "warning" | "critical"; readonly reason?: string },
  ): RegisteredInstance;
  /** Drains and stops everything of this app, the keeper last. */
  shutdown(): Promise<void>;
  /** Problems found at the last spec file change that could not be applied; empty when fine. */
  specProblems(): readonly Problem[];
}
