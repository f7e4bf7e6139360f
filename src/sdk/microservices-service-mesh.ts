// The facade of the mesh: shows that it works, and sets how services call one another.
import { type CommunicationConfig, InterServiceCommunication, type Protocols } from "./inter-service-communication.js";
import { type Outcome, outcomeOf } from "./outcome.js";
import { plainObject, requireNames, requireObject } from "./plain-input.js";
import type { PlatformOptions } from "./platform.js";
import { type MeshConfig, ServiceMesh } from "./service-mesh.js";

export interface ServiceMeshSetup {
  /** Every worker acknowledged a plan with a new listener, and a call passed through it. */
  readonly meshInitialized: boolean;
  /** The policies are on the plan that every worker has acknowledged. */
  readonly trafficManagementReady: boolean;
  /** A call that is denied was refused, one that is allowed passed. */
  readonly securityPoliciesConfigured: boolean;
  /** Calls that were just made are in the counts. */
  readonly observabilityActive: boolean;
}

export interface ServiceCommunication {
  /** Every protocol that is built is ready; each by itself is in `protocols`. */
  readonly protocolsReady: boolean;
  readonly protocols: Pick<Protocols, "rest" | "grpc" | "messageQueue">;
  readonly loadBalancingActive: boolean;
  readonly circuitBreakersConfigured: boolean;
  readonly retryPoliciesSetup: boolean;
}

const notSetUp = {
  meshInitialized: false,
  trafficManagementReady: false,
  securityPoliciesConfigured: false,
  observabilityActive: false,
};
const notManaged = {
  protocolsReady: false,
  protocols: { rest: false, grpc: false, messageQueue: false } as const,
  loadBalancingActive: false,
  circuitBreakersConfigured: false,
  retryPoliciesSetup: false,
};

export class MicroservicesServiceMesh {
  readonly #mesh: ServiceMesh;
  readonly #communication: InterServiceCommunication;

  constructor(options: PlatformOptions = {}) {
    this.#mesh = new ServiceMesh(options);
    this.#communication = new InterServiceCommunication(options);
  }

  /** Works on an empty system: calls then go to targets built into the workers. Codes: SPEC_INVALID, UNKNOWN_SERVICE. */
  setupServiceMesh(given: MeshConfig = {}): Promise<Outcome<ServiceMeshSetup>> {
    return outcomeOf(async (course) => {
      const config = requireMeshConfig(given);
      const mesh = await course.at("initialize", () => this.#mesh.initialize(config));
      const traffic = await course.at("setupTrafficManagement", () => this.#mesh.setupTrafficManagement(config));
      const security = await course.at("setupSecurityPolicies", () => this.#mesh.setupSecurityPolicies(config));
      const observed = await course.at("setupObservability", () => this.#mesh.setupObservability());
      return {
        meshInitialized: course.judge("meshInitialized", mesh.ok || mesh.reason),
        trafficManagementReady: course.judge("trafficManagementReady", traffic.ok || traffic.reason),
        securityPoliciesConfigured: course.judge("securityPoliciesConfigured", security.ok || security.reason),
        observabilityActive: course.judge("observabilityActive", observed.ok || observed.reason),
      };
    }, notSetUp);
  }

  /** Codes: UNKNOWN_SERVICE, SPEC_INVALID. */
  manageServiceCommunication(given: CommunicationConfig): Promise<Outcome<ServiceCommunication>> {
    return outcomeOf(async (course) => {
      const config = plainObject(given, "the configuration");
      requireNames(config.services, "`services`");
      const { reason, ...protocols } = await course.at("setupProtocols", () =>
        this.#communication.setupProtocols(config),
      );
      const balancing = await course.at("setupLoadBalancing", () => this.#communication.setupLoadBalancing(config));
      const breakers = await course.at("setupCircuitBreakers", () => this.#communication.setupCircuitBreakers(config));
      const retries = await course.at("setupRetryPolicies", () => this.#communication.setupRetryPolicies(config));
      course.notBuilt("protocols.grpc", "setupProtocols: gRPC");
      course.notBuilt("protocols.messageQueue", "setupProtocols: message queue");
      return {
        protocolsReady: course.judge("protocolsReady", protocols.rest || reason),
        protocols,
        loadBalancingActive: course.judge("loadBalancingActive", balancing.ok || balancing.reason),
        circuitBreakersConfigured: course.judge("circuitBreakersConfigured", breakers.ok || breakers.reason),
        retryPoliciesSetup: course.judge("retryPoliciesSetup", retries.ok || retries.reason),
      };
    }, notManaged);
  }
}

/** A copy. Policies themselves are checked where they become a part of the spec. Throws REQUEST_INVALID. */
function requireMeshConfig(given: MeshConfig): MeshConfig {
  const config = plainObject(given, "the mesh's configuration");
  if (config.traffic !== undefined) requireObject(config.traffic, "`traffic`");
  if (config.calls !== undefined) requireObject(config.calls, "`calls`");
  requireNames([...Object.keys(config.traffic ?? {}), ...Object.keys(config.calls ?? {})], "the keys of both");
  for (const [caller, callees] of Object.entries(config.calls ?? {})) requireNames(callees, `\`calls\` of ${caller}`);
  return config;
}
