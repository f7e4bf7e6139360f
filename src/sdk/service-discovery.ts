// The registry's and discovery's single calls. What each reports was tried: a registration is stored, looked up, checked
// and taken back again. These throw TuskError.
import { randomUUID } from "node:crypto";
import type { AdminClient } from "../api/client.js";
import type { RegistryLine } from "../api/types.js";
import { messageOf } from "../base/errors.js";
import type { LookupQuery, RegisteredInstance, Registration } from "../discovery/registry.js";
import { requireName } from "./plain-input.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { awaitMonitoring, type Monitoring } from "./service-manager.js";
import { settingsInForce } from "./settings-in-force.js";

/** A measured answer with its reason; the reason is empty when it is `ok`. */
export interface Tried {
  readonly ok: boolean;
  readonly reason: string;
}

/** What an instance says of itself. */
export interface HeartbeatReport {
  readonly state?: "passing" | "warning" | "critical";
  /** One sentence. */
  readonly reason?: string;
}

const fine: Tried = { ok: true, reason: "" };
const not = (reason: string): Tried => ({ ok: false, reason });

/** What the probes register; it leads to the admin API, which is there as long as the registry is. */
const probeService = "tusk-probe";
const checkLimitMs = 5_000;
const lookMs = 50;

export class ServiceRegistry {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** Registers a probe, finds it among the registered, and takes it back. Does not throw for a registry that is off. */
  async initialize(): Promise<Tried> {
    const control = await this.#link.control();
    return tried(() =>
      withProbe(control, async (instance) => instance.service === probeService || "it was not stored"),
    );
  }

  /** Adds or replaces an instance that Tusk does not run. Throws REQUEST_INVALID, CONFLICT, FEATURE_DISABLED. */
  async registerService(registration: Registration): Promise<RegisteredInstance> {
    return (await this.#link.control()).register(registration);
  }

  /** False when there is no such id. Throws CONFLICT for an instance that Tusk runs, FEATURE_DISABLED. */
  async deregisterService(id: string): Promise<boolean> {
    requireName(id, "the instance's id");
    return (await this.#link.control()).deregister(id);
  }

  /** The same as `deregisterService`. */
  deregister(id: string): Promise<boolean> {
    return this.deregisterService(id);
  }

  /**
   * One sign of life of a registration with a TTL, due within each `ttlMs`; `report` is what the instance says of
   * itself (default: passing). Throws NOT_FOUND when it has expired, CONFLICT, REQUEST_INVALID, FEATURE_DISABLED.
   */
  async heartbeat(id: string, report: HeartbeatReport = {}): Promise<RegisteredInstance> {
    requireName(id, "the instance's id");
    return (await this.#link.control()).heartbeat(id, report);
  }
}

export class ServiceDiscovery {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** Instances of a service that may be called. Throws FEATURE_DISABLED when discovery is off. */
  async lookup(service: string, query?: LookupQuery): Promise<readonly RegisteredInstance[]> {
    return (await this.#link.control()).lookup(service, query);
  }

  /**
   * What serves a name, from now on: all instances first, then each change, until `signal` is aborted or the loop is
   * left. Without `service`: every service. Throws FEATURE_DISABLED when discovery is off, UNREACHABLE when the
   * connection breaks.
   */
  async *watch(service = "*", signal?: AbortSignal): AsyncGenerator<RegistryLine, void, undefined> {
    requireName(service, "the service");
    yield* (await this.#link.control()).watchRegistry(service, signal);
  }

  /** Does a lookup answer? Also with what was registered a moment ago, where registrations are on. */
  async setupDiscovery(): Promise<Tried> {
    const control = await this.#link.control();
    const settings = await settingsInForce(control);
    return tried(async () => {
      await control.registryServices();
      if (!settings.SERVICE_REGISTRY_ENABLED) return true;
      return withProbe(control, async ({ id }) => (await findProbe(control, id)) !== null || "a lookup missed it");
    });
  }

  /** Every service's checks run and have a first result; on an empty system, those of a probe. Waits at most 5 s. */
  async setupHealthChecks(): Promise<Tried> {
    const control = await this.#link.control();
    const settings = await settingsInForce(control);
    if (!settings.HEALTH_CHECK_ENABLED) return not("HEALTH_CHECK_ENABLED is off: nothing is checked");
    return tried(async () => {
      if (settings.SERVICE_REGISTRY_ENABLED) {
        const probed = await withProbe(control, (instance) => hasResult(control, instance.id));
        if (probed !== true) return probed;
      }
      return allChecked(control);
    });
  }

  /** Traffic is spread over the instances of each service, as the workers' plan says. */
  async setupLoadBalancing(): Promise<Tried> {
    const control = await this.#link.control();
    const settings = await settingsInForce(control);
    if (!settings.LOAD_BALANCING_ENABLED)
      return not("LOAD_BALANCING_ENABLED is off: the first ready instance gets all");
    const acknowledged = await control.waitReady({ services: [], timeoutMs: checkLimitMs });
    return acknowledged ? fine : not("the workers have not acknowledged the plan");
  }

  /** Waits at most 30 s for the first sample. */
  async setupServiceMonitoring(service: string): Promise<Monitoring> {
    return awaitMonitoring(await this.#link.control(), service);
  }
}

/** An error is an answer here: it says why not. */
async function tried(work: () => Promise<true | string>): Promise<Tried> {
  try {
    const verdict = await work();
    return verdict === true ? fine : not(verdict);
  } catch (error) {
    return not(messageOf(error));
  }
}

async function withProbe(
  control: AdminClient,
  use: (instance: RegisteredInstance) => Promise<true | string>,
): Promise<true | string> {
  const { controller } = await control.status();
  const { hostname: address, port } = new URL(controller.url);
  const check = { kind: "tcp", address, port: Number(port), periodMs: 100, timeoutMs: 1_000 } as const;
  const instance = await control.register({
    id: `probe-${randomUUID()}`,
    service: probeService,
    address,
    port: Number(port),
    check: { ...check, failureThreshold: 1, successThreshold: 1 },
  });
  try {
    return await use(instance);
  } finally {
    await control.deregister(instance.id);
  }
}

async function findProbe(control: AdminClient, id: string): Promise<RegisteredInstance | null> {
  const found = await control.lookup(probeService, { healthyOnly: false });
  return found.find((instance) => instance.id === id) ?? null;
}

async function hasResult(control: AdminClient, id: string): Promise<true | string> {
  const settings = await settingsInForce(control);
  // The registry checks all the same; without lookups nobody sees the result.
  if (!settings.SERVICE_DISCOVERY_ENABLED) return true;
  const passes = async (): Promise<boolean> => (await findProbe(control, id))?.state === "passing";
  return (await within(checkLimitMs, passes)) || "a check that was just scheduled had no result";
}

async function allChecked(control: AdminClient): Promise<true | string> {
  const pending = async (): Promise<string[]> =>
    (await control.status()).services.flatMap(({ instances }) =>
      instances.filter(({ health }) => health === "starting").map(({ id }) => id),
    );
  if (await within(checkLimitMs, async () => (await pending()).length === 0)) return true;
  return `no check of ${(await pending()).join(", ")} has had a result yet`;
}

async function within(limitMs: number, holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (await holds()) return true;
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}
