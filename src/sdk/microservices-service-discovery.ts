// The facade of discovery: shows that it works, and registers services that run here or elsewhere.
import type { AdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import type { Registration } from "../discovery/registry.js";
import type { ServiceFacts, ServiceMetadata } from "../fujsen/service-metadata.js";
import { type Course, type Outcome, outcomeOf } from "./outcome.js";
import { plainObject, requireName } from "./plain-input.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { ServiceDiscovery, ServiceRegistry } from "./service-discovery.js";

/** Nothing can be set yet; `{}` means the defaults. */
export type DiscoveryConfig = Readonly<Record<string, never>>;

export interface ServiceDiscoverySetup {
  /** A registration was stored and taken back. */
  readonly registryInitialized: boolean;
  /** A lookup answers. */
  readonly discoveryActive: boolean;
  /** Checks are scheduled, and a first result is in. */
  readonly healthChecksConfigured: boolean;
  /** The balancer is on the plan that every worker has acknowledged. */
  readonly loadBalancingReady: boolean;
}

/** An instance that Tusk does not run; `name` is its service. */
export type ExternalService = Omit<Registration, "service"> & { readonly name: string };

export interface RegisteredService {
  /** A lookup shows it. */
  readonly serviceRegistered: boolean;
  /** The service's name. */
  readonly serviceId: string;
  /** A first sample of it is in TuskDB. */
  readonly monitoringActive: boolean;
  /** What is known of it. */
  readonly metadata: ServiceMetadata;
}

const notSetUp = {
  registryInitialized: false,
  discoveryActive: false,
  healthChecksConfigured: false,
  loadBalancingReady: false,
};
const notRegistered = { serviceRegistered: false, serviceId: "", monitoringActive: false };

export class MicroservicesServiceDiscovery {
  readonly #link: PlatformLink;
  readonly #registry: ServiceRegistry;
  readonly #discovery: ServiceDiscovery;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
    this.#registry = new ServiceRegistry(options);
    this.#discovery = new ServiceDiscovery(options);
  }

  /** Tries the registry, lookups, checks and the balancer, also on an empty system. A setting that is off is a false field. */
  setupServiceDiscovery(config: DiscoveryConfig = {}): Promise<Outcome<ServiceDiscoverySetup>> {
    return outcomeOf(async (course) => {
      plainObject(config, "the discovery's configuration");
      const registry = await course.at("initialize", () => this.#registry.initialize());
      const discovery = await course.at("setupDiscovery", () => this.#discovery.setupDiscovery());
      const checks = await course.at("setupHealthChecks", () => this.#discovery.setupHealthChecks());
      const balancing = await course.at("setupLoadBalancing", () => this.#discovery.setupLoadBalancing());
      return {
        registryInitialized: course.judge("registryInitialized", registry.ok || registry.reason),
        discoveryActive: course.judge("discoveryActive", discovery.ok || discovery.reason),
        healthChecksConfigured: course.judge("healthChecksConfigured", checks.ok || checks.reason),
        loadBalancingReady: course.judge("loadBalancingReady", balancing.ok || balancing.reason),
      };
    }, notSetUp);
  }

  /**
   * `{ serviceId }` of a service that runs here, or `{ name, address, port, … }` of one that runs elsewhere, which lives
   * by its TTL or check. Codes: UNKNOWN_SERVICE, REQUEST_INVALID, CONFLICT, FEATURE_DISABLED.
   */
  registerService(given: { readonly serviceId: string } | ExternalService): Promise<Outcome<RegisteredService>> {
    return outcomeOf(async (course) => {
      const service = plainObject(given, "the service");
      requireName("serviceId" in service ? service.serviceId : service.name, "`serviceId`, or `name`,");
      if ("serviceId" in service) return this.#registerOwn(course, service.serviceId);
      return this.#registerExternal(course, service);
    }, notRegistered);
  }

  async #registerOwn(course: Course, serviceId: string): Promise<RegisteredService> {
    const control = await this.#link.control();
    const facts = await course.at("generateServiceMetadata", () => ownFacts(control, serviceId));
    const metadata = await this.#link.decide((fujsen) => fujsen.generateServiceMetadata(facts));
    const found = await course.at("registerService", () => this.#discovery.lookup(serviceId, { healthyOnly: false }));
    const monitoring = await course.at("setupServiceMonitoring", () =>
      this.#discovery.setupServiceMonitoring(serviceId),
    );
    const registered = found.length > 0 || `${serviceId} has no instance that listens`;
    return {
      serviceRegistered: course.judge("serviceRegistered", registered),
      serviceId,
      monitoringActive: course.judge("monitoringActive", monitoring.active || monitoring.reason),
      metadata,
    };
  }

  async #registerExternal(course: Course, { name, ...rest }: ExternalService): Promise<RegisteredService> {
    // The registry's check comes first: what FUJSEN is asked about is sound then.
    const instance = await course.at("registerService", () =>
      this.#registry.registerService({ ...rest, service: name }),
    );
    const { tags, port } = rest;
    const { protocol, version, zone } = rest.metadata ?? {};
    const facts: ServiceFacts = { name, port, tags, protocol, version, zone };
    const metadata = await this.#link.decide((fujsen) => fujsen.generateServiceMetadata(facts));
    const found = await course.at("setupDiscovery", () => this.#discovery.lookup(name, { healthyOnly: false }));
    const registered = found.some(({ id }) => id === instance.id) || "a lookup does not show it";
    const unmeasured = `${name} runs elsewhere: only calls to it are measured, and none has been made through the mesh`;
    return {
      serviceRegistered: course.judge("serviceRegistered", registered),
      serviceId: name,
      monitoringActive: course.judge(
        "monitoringActive",
        (await isCalled(await this.#link.control(), name)) || unmeasured,
      ),
      metadata,
    };
  }
}

async function isCalled({ data }: AdminClient, name: string): Promise<boolean> {
  const rows = await data.query("SELECT id FROM edges WHERE callee = $1 LIMIT 1", [name]);
  return rows.length > 0;
}

async function ownFacts(client: AdminClient, name: string): Promise<ServiceFacts> {
  const [{ spec }, status] = await Promise.all([client.spec(), client.status()]);
  const service = spec.services.find((entry) => entry.name === name);
  if (!service) throw new TuskError("UNKNOWN_SERVICE", `there is no service "${name}"`);
  const running = status.services.find((entry) => entry.name === name);
  const port = running?.instances[0]?.port ?? undefined;
  const { language, framework, dependencies } = service;
  return {
    name,
    dependencies,
    ...(language === undefined ? {} : { language }),
    ...(framework === undefined ? {} : { framework }),
    ...(port === undefined ? {} : { port }),
    ...(running ? { revision: running.revision } : {}),
  };
}
