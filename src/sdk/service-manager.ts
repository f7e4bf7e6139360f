// The single calls about services that the facades are made of. These throw TuskError; the facades turn it into a value.
import type { AdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import type { SqlRow } from "../control/data-access.js";
import { parsePeriod } from "../control/metrics/period.js";
import { systemClock } from "../system/clock.js";
import { createArtefact, createCode, type ServiceArtefact, type ServiceCode } from "./created-code.js";
import type { ServiceInput } from "./given.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { awaitDeployment, instancesOf } from "./service-deployer.js";
import { settingIsOn } from "./settings-in-force.js";

export interface Monitoring {
  /** A first sample of the service is in TuskDB. */
  readonly active: boolean;
  /** Why not; empty when active. */
  readonly reason: string;
}

export interface Scaling {
  readonly serviceId: string;
  readonly replicas: number;
  /** The registry shows exactly that many ready. */
  readonly scaled: boolean;
  /** Why not; empty when scaled. */
  readonly reason: string;
}

/** `unknown`: it has no instance to ask. */
export type HealthStatus = "passing" | "critical" | "unknown";

export interface HealthCheck {
  readonly serviceId: string;
  /** The worst of its instances. */
  readonly status: HealthStatus;
  readonly instances: readonly { readonly id: string; readonly status: HealthStatus; readonly reason: string }[];
}

/** The collector stores every second; TuskDB's library is loaded after a start, which takes its time. */
const sampleLimitMs = 30_000;

export class ServiceManager {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /**
   * Writes the service's folder, `services/<name>` in the app's unless `path` says another. A file that is there and was
   * not made by us, or was edited since, is kept. Throws SPEC_INVALID with what no template knows.
   */
  async createServiceCode(config: ServiceInput): Promise<ServiceCode> {
    return createCode(config, await this.#link.platform(), this.#link.key);
  }

  /** Its environment with all dependencies, and the command; `kind` says how it will run. Throws ENVIRONMENT_FAILED. */
  async createServiceContainer(code: ServiceCode): Promise<ServiceArtefact> {
    return createArtefact(code);
  }

  /** Waits at most 30 s for the first sample. Throws UNKNOWN_SERVICE. */
  async setupServiceMonitoring(serviceId: string): Promise<Monitoring> {
    const control = await this.#link.control();
    await instancesOf(control, serviceId);
    return awaitMonitoring(control, serviceId);
  }

  /**
   * Waits as long as a deployment may take. Throws REPLICAS_REQUIRED without a number, UNKNOWN_SERVICE, REQUEST_INVALID,
   * FEATURE_DISABLED when discovery, which shows the result, is off.
   */
  async scaleService(serviceId: string, { replicas }: { readonly replicas?: number } = {}): Promise<Scaling> {
    if (replicas === undefined) {
      throw new TuskError("REPLICAS_REQUIRED", `scaling ${serviceId} needs the number of replicas`, {
        hint: "give { replicas: 2 }",
      });
    }
    const control = await this.#link.control();
    await control.scale(serviceId, replicas);
    const { reasons } = await awaitDeployment(control, serviceId);
    const ready = (await control.lookup(serviceId)).length;
    const scaled = ready === replicas;
    const why = [`${ready} of ${replicas} replicas are ready`, ...reasons].join("; ");
    return { serviceId, replicas, scaled, reason: scaled ? "" : why };
  }

  /** Runs the probes now. Throws UNKNOWN_SERVICE. */
  async performHealthCheck(serviceId: string): Promise<HealthCheck> {
    const control = await this.#link.control();
    const reports = await control.checkHealth(serviceId);
    const instances = reports.map(({ instance, ok, reason }) => ({ id: instance, status: statusOf(ok), reason }));
    return { serviceId, status: worstOf(instances.map(({ status }) => status)), instances };
  }

  /** Rows of the last `period` (default `1h`; `15m`, `24h`, `7d`), oldest first. Units: docs/formats/tuskdb.md. Throws REQUEST_INVALID. */
  async getServiceMetrics(serviceId: string, period = "1h"): Promise<readonly SqlRow[]> {
    const from = systemClock.now() - parsePeriod(period);
    const control = await this.#link.control();
    return control.data.query(
      "SELECT * FROM microservices_metrics WHERE service_id = $1 AND timestamp >= $2 ORDER BY timestamp",
      [serviceId, new Date(from).toISOString()],
    );
  }
}

export async function awaitMonitoring(control: AdminClient, service: string): Promise<Monitoring> {
  if (!(await settingIsOn(control, "MONITORING_ENABLED"))) {
    return { active: false, reason: "MONITORING_ENABLED is off: nothing is measured" };
  }
  const active = await control.data.awaitSample(service, sampleLimitMs);
  return { active, reason: active ? "" : `no sample of ${service} was stored within ${sampleLimitMs / 1000} s` };
}

const statusOf = (ok: boolean): HealthStatus => (ok ? "passing" : "critical");

function worstOf(all: readonly HealthStatus[]): HealthStatus {
  const order: readonly HealthStatus[] = ["critical", "passing"];
  return order.find((status) => all.includes(status)) ?? "unknown";
}
