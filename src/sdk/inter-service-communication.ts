// How given services are called: protocol, balancing, breakers, retries. Each call sets what it is given and then asks
// the workers what they do. These throw TuskError.
import type { AdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import type { RouteStatus } from "../control/control-plane.js";
import type { ServiceSpec } from "../model/app-spec.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import type { Tried } from "./service-discovery.js";
import { setTraffic, type TrafficPolicy } from "./service-mesh.js";
import { settingsInForce } from "./settings-in-force.js";

export interface CommunicationConfig {
  /** Names of services. */
  readonly services: readonly string[];
  /** For each of them; what is not given stays. Default: as the spec says. */
  readonly traffic?: TrafficPolicy;
}

export interface Protocols {
  /** HTTP/1.1 to every one of the services is accepted and has a way. */
  readonly rest: boolean;
  /** Not built yet. */
  readonly grpc: false;
  /** Not built yet. */
  readonly messageQueue: false;
  /** Why REST is not ready; empty when it is. */
  readonly reason: string;
}

const fine: Tried = { ok: true, reason: "" };
const not = (reason: string): Tried => ({ ok: false, reason });
const acknowledgeMs = 10_000;

export class InterServiceCommunication {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** Throws UNKNOWN_SERVICE. */
  async setupProtocols({ services }: CommunicationConfig): Promise<Protocols> {
    const control = await this.#link.control();
    await requireServices(control, services);
    const reason = await restProblem(control, services);
    return { rest: reason === null, grpc: false, messageQueue: false, reason: reason ?? "" };
  }

  /** Throws UNKNOWN_SERVICE, SPEC_INVALID. */
  setupLoadBalancing(config: CommunicationConfig): Promise<Tried> {
    return this.#inForce(config, "LOAD_BALANCING_ENABLED", () => null);
  }

  /** An instance that keeps failing leaves the balancer. Throws UNKNOWN_SERVICE, SPEC_INVALID. */
  setupCircuitBreakers(config: CommunicationConfig): Promise<Tried> {
    return this.#inForce(config, "CIRCUIT_BREAKER_ENABLED", ({ name, traffic }) =>
      traffic.outlier.enabled ? null : `${name} has \`outlier: false\``,
    );
  }

  /** Calls that may be repeated are, within a budget. Throws UNKNOWN_SERVICE, SPEC_INVALID. */
  setupRetryPolicies(config: CommunicationConfig): Promise<Tried> {
    return this.#inForce(config, "SERVICE_MESH_ENABLED", ({ name, traffic }) =>
      traffic.retry.attempts > 0 ? null : `${name} has no retries`,
    );
  }

  async #inForce(
    { services, traffic }: CommunicationConfig,
    setting: "LOAD_BALANCING_ENABLED" | "CIRCUIT_BREAKER_ENABLED" | "SERVICE_MESH_ENABLED",
    problemOf: (service: ServiceSpec) => string | null,
  ): Promise<Tried> {
    const control = await this.#link.control();
    await requireServices(control, services);
    if (traffic) await setTraffic(control, Object.fromEntries(services.map((name) => [name, traffic])));
    const settings = await settingsInForce(control);
    // Without a mesh calls go straight to one instance, and no policy of it is applied to them.
    for (const needed of ["SERVICE_MESH_ENABLED", setting] as const)
      if (!settings[needed]) return not(`${needed} is off`);
    const { spec } = await control.spec();
    const problems = spec.services.filter(({ name }) => services.includes(name)).flatMap((one) => problemOf(one) ?? []);
    if (problems.length > 0) return not(problems.join("; "));
    const acknowledged = await control.waitReady({ services: [], timeoutMs: acknowledgeMs });
    return acknowledged ? fine : not("the workers have not acknowledged the plan");
  }
}

async function requireServices(control: AdminClient, services: readonly string[]): Promise<void> {
  const { spec } = await control.spec();
  const missing = services.filter((name) => !spec.services.some((service) => service.name === name));
  if (missing.length > 0) throw new TuskError("UNKNOWN_SERVICE", `there is no service ${missing.join(", ")}`);
}

/** Null when each of the services has a listener of its own for its calls, and the workers accept HTTP/1.1 on it. */
async function restProblem(control: AdminClient, services: readonly string[]): Promise<string | null> {
  const settings = await settingsInForce(control);
  if (!settings.SERVICE_MESH_ENABLED) return "SERVICE_MESH_ENABLED is off: calls go straight to one instance";
  if (!settings.REST_API_ENABLED) return "REST_API_ENABLED is off: HTTP/1.1 is not accepted";
  const listeners: readonly RouteStatus[] = await control.routes();
  for (const name of services) {
    const listener = `egress/${name}`;
    if (!listeners.some((route) => route.listener === listener && route.url.startsWith("http"))) {
      return `nothing listens for the calls of ${name}`;
    }
    const { outcome } = await control.explainRequest({ method: "GET", target: "/", headers: {}, listener });
    if (outcome.kind === "refuse" && ["NOT_CONFIGURED", "PROTOCOL_DISABLED"].includes(outcome.code))
      return outcome.reason;
  }
  return null;
}
