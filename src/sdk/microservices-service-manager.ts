// The facade that makes a service out of a few words about it, and looks after it from then on.
import type { AdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import type { Optimization } from "../fujsen/performance-analysis/optimizations.js";
import type { AppSpec } from "../model/app-spec.js";
import { announce, removeCode } from "./created-code.js";
import type { ServiceInput } from "./given.js";
import { type Course, type Outcome, outcomeOf, toFailure } from "./outcome.js";
import { readPerformanceData } from "./performance-data.js";
import { plainObject, requireName, shown } from "./plain-input.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { ServiceDeployer } from "./service-deployer.js";
import { type HealthStatus, ServiceManager } from "./service-manager.js";
import { editSpec, parseServiceEntry, withoutChangeOf } from "./spec-edit.js";

/** What tusk.yaml takes for a service. Without `run`, its code is created from language, framework and dependencies. */
export type MicroserviceConfig = ServiceInput;

export interface CreatedMicroservice {
  /** Its code is there and the desired spec has it. */
  readonly serviceCreated: boolean;
  /** The service's name. */
  readonly serviceId: string;
  /** Every replica is ready and receives traffic. */
  readonly deploymentSuccessful: boolean;
  /** A first sample of it is in TuskDB. */
  readonly monitoringActive: boolean;
}

export type LifecycleAction = "scale" | "update" | "rollback" | "health_check";

export interface LifecycleOptions {
  /** For `scale`. */
  readonly replicas?: number;
}

/** The field of the action that was asked for. */
export interface LifecycleResult {
  readonly serviceScaled?: boolean;
  readonly serviceUpdated?: boolean;
  readonly serviceRolledBack?: boolean;
  readonly healthStatus?: HealthStatus;
}

export interface OptimizedService {
  /** There was something measured in the last hour, and it has a score. */
  readonly performanceAnalyzed: boolean;
  /** How many changes would help; 0 when nothing is wrong. */
  readonly optimizationsIdentified: number;
  /** 0: applying is not built yet. */
  readonly optimizationsApplied: number;
  /** Each with the model of its gain. */
  readonly optimizations: readonly Optimization[];
}

const notOptimized = {
  performanceAnalyzed: false,
  optimizationsIdentified: 0,
  optimizationsApplied: 0,
  optimizations: [],
};

const notCreated = { serviceCreated: false, serviceId: "", deploymentSuccessful: false, monitoringActive: false };

/** The field of an action that failed. */
const notManaged: Readonly<Record<LifecycleAction, LifecycleResult>> = {
  scale: { serviceScaled: false },
  update: { serviceUpdated: false },
  rollback: { serviceRolledBack: false },
  health_check: { healthStatus: "unknown" },
};

export class MicroservicesServiceManager {
  readonly #link: PlatformLink;
  readonly #manager: ServiceManager;
  readonly #deployer: ServiceDeployer;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
    this.#manager = new ServiceManager(options);
    this.#deployer = new ServiceDeployer(options);
  }

  /**
   * Creates the code (unless `run` is given), makes it runnable, deploys it, and waits for its first measurement. A
   * step that fails undoes what this call made, and `stoppedAt` names it. Codes: SPEC_INVALID, REQUEST_INVALID,
   * NOT_READY, PORT_IN_USE, SETUP_FAILED.
   */
  async createMicroservice(config: MicroserviceConfig): Promise<Outcome<CreatedMicroservice>> {
    const undo: (() => Promise<unknown>)[] = [];
    const result = await outcomeOf((course) => this.#create(config, course, undo), notCreated);
    if (result.success) return result;
    const failed: string[] = [];
    // The newest first: what runs is taken away before the files that it runs from.
    for (const step of undo.reverse()) await step().catch((error) => failed.push(toFailure(error).error));
    const rest = failed.length > 0 ? `; and it could not all be undone: ${failed.join("; ")}` : "";
    return { ...result, error: `${result.error}${rest}` };
  }

  async #create(
    given: MicroserviceConfig,
    course: Course,
    undo: (() => Promise<unknown>)[],
  ): Promise<CreatedMicroservice> {
    const config = plainObject(given, "the service");
    // Before anything is awaited: services that are created at once know of one another.
    announce(this.#link.key, config);
    const control = await this.#link.control();
    const { spec: before } = await control.spec();
    await course.at("analyzeServiceRequirements", () => parseServiceEntry(config, before));
    const entry = await this.#runnable(config, course, undo);
    const { serviceId } = await course.at("deployService", async () => {
      undo.push(() => restoreService(control, entry.name, before));
      const deployment = await this.#deployer.deployService(entry);
      if (deployment.success) return deployment;
      throw new TuskError("NOT_READY", `${entry.name} did not become ready: ${deployment.reasons.join("; ")}`, {
        hint: `\`tusk explain ${entry.name}\` while it runs, or its log file, says more`,
      });
    });
    const monitoring = await course.at("setupServiceMonitoring", () => this.#manager.setupServiceMonitoring(serviceId));
    return {
      serviceCreated: true,
      serviceId,
      deploymentSuccessful: true,
      monitoringActive: course.judge("monitoringActive", monitoring.active || monitoring.reason),
    };
  }

  /** The config with a command that starts it. */
  async #runnable(
    config: MicroserviceConfig,
    course: Course,
    undo: (() => Promise<unknown>)[],
  ): Promise<MicroserviceConfig> {
    if (config?.run !== undefined) return config;
    const code = await course.at("createServiceCode", () => this.#manager.createServiceCode(config));
    undo.push(() => removeCode(code));
    const artefact = await course.at("createServiceContainer", () => this.#manager.createServiceContainer(code));
    return artefact.entry;
  }

  /**
   * `scale` (needs `replicas`) or `health_check`; `update` and `rollback` are not built yet and say so in `pending`.
   * Codes: UNKNOWN_LIFECYCLE_ACTION, REPLICAS_REQUIRED, UNKNOWN_SERVICE, REQUEST_INVALID.
   */
  manageServiceLifecycle(
    serviceId: string,
    action: LifecycleAction,
    options: LifecycleOptions = {},
  ): Promise<Outcome<LifecycleResult>> {
    const unmet = typeof action === "string" && Object.hasOwn(notManaged, action) ? notManaged[action] : {};
    return outcomeOf((course) => this.#manage(course, serviceId, action, options), unmet);
  }

  /**
   * Analyses the last hour of a service and says what would help. Codes: UNKNOWN_SERVICE, REQUEST_INVALID,
   * DB_UNAVAILABLE, DB_TOO_MANY_ROWS.
   */
  optimizeServicePerformance(serviceId: string): Promise<Outcome<OptimizedService>> {
    return outcomeOf(async (course) => {
      requireName(serviceId, "`serviceId`");
      const control = await this.#link.control();
      const { rows, edges, objectives, capacity, reason } = await course.at("getServiceMetrics", () =>
        readPerformanceData(control, "1h", [serviceId]),
      );
      const objective = objectives[serviceId];
      const { score, optimizations } = await course.at("analyzeServicePerformance", () =>
        this.#link.decide((fujsen) => {
          const analysis = fujsen.analyzeServicePerformance(rows, {
            edges,
            capacity,
            ...(objective ? { objective } : {}),
          });
          return { score: analysis.service?.score ?? null, ...fujsen.identifyServiceOptimizations(analysis) };
        }),
      );
      const verdict = score !== null || reason || "no request and no load is in the rows";
      const performanceAnalyzed = course.judge("performanceAnalyzed", verdict);
      course.notBuilt("optimizationsApplied", "applyServiceOptimizations");
      return {
        performanceAnalyzed,
        optimizationsIdentified: optimizations.length,
        optimizationsApplied: 0,
        optimizations,
      };
    }, notOptimized);
  }

  async #manage(
    course: Course,
    serviceId: string,
    action: LifecycleAction,
    given: LifecycleOptions,
  ): Promise<LifecycleResult> {
    requireName(serviceId, "`serviceId`");
    const options = plainObject(given, "the options");
    switch (action) {
      case "scale": {
        const scaling = await course.at("scaleService", () => this.#manager.scaleService(serviceId, options));
        return { serviceScaled: course.judge("serviceScaled", scaling.scaled || scaling.reason) };
      }
      case "health_check":
        return {
          healthStatus: (await course.at("performHealthCheck", () => this.#manager.performHealthCheck(serviceId)))
            .status,
        };
      case "update":
        return { serviceUpdated: course.notBuilt("serviceUpdated", "updateService") };
      case "rollback":
        return { serviceRolledBack: course.notBuilt("serviceRolledBack", "rollbackService") };
      default:
        throw new TuskError("UNKNOWN_LIFECYCLE_ACTION", `there is no lifecycle action ${shown(action)}`, {
          hint: "one of scale, update, rollback, health_check",
        });
    }
  }
}

async function restoreService(control: AdminClient, name: string, before: AppSpec): Promise<void> {
  await editSpec(control, (spec) => withoutChangeOf(name, before, spec));
}
