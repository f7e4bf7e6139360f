// A whole system of microservices in one program: three services created, run, discovered, meshed, exposed.
// `npm run demo` starts it, sends it traffic and shows what was measured.
import { fileURLToPath } from "node:url";
import type { TuskMicroservices } from "tusklang";
import {
  MicroservicesAPIGateway,
  MicroservicesServiceDiscovery,
  MicroservicesServiceManager,
  MicroservicesServiceMesh,
} from "tusklang/microservices";
import { runDemo } from "./demo/run-demo.js";

export interface ServiceConfig {
  readonly name: string;
  readonly language: string;
  readonly framework: string;
  readonly dependencies: string[];
  /** Services that it calls; undeclared: it may call all. */
  readonly calls?: string[];
}

export interface AppConfig {
  readonly services: readonly ServiceConfig[];
}

export const appConfig: AppConfig = {
  services: [
    { name: "user-service", language: "python", framework: "fastapi", dependencies: ["sqlalchemy", "redis"] },
    {
      name: "order-service",
      language: "python",
      framework: "fastapi",
      dependencies: ["sqlalchemy", "kafka"],
      calls: ["user-service", "payment-service"],
    },
    { name: "payment-service", language: "python", framework: "fastapi", dependencies: ["stripe", "redis"] },
  ],
};

export interface SystemOptions {
  /** Default: the process's default platform. */
  readonly platform?: TuskMicroservices;
  /** Of the gateway, on this machine; 0 takes a free one. Default 8080. */
  readonly gatewayPort?: number;
}

export class CompleteMicroservicesSystem {
  readonly serviceManager: MicroservicesServiceManager;
  readonly serviceMesh: MicroservicesServiceMesh;
  readonly apiGateway: MicroservicesAPIGateway;
  readonly serviceDiscovery: MicroservicesServiceDiscovery;
  readonly #gatewayPort: number | undefined;

  constructor({ gatewayPort, ...options }: SystemOptions = {}) {
    this.serviceManager = new MicroservicesServiceManager(options);
    this.serviceMesh = new MicroservicesServiceMesh(options);
    this.apiGateway = new MicroservicesAPIGateway(options);
    this.serviceDiscovery = new MicroservicesServiceDiscovery(options);
    this.#gatewayPort = gatewayPort;
  }

  /** Discovery, mesh and gateway, set up and tried while there is no service yet. */
  async initializeMicroservicesSystem() {
    const discovery = await this.serviceDiscovery.setupServiceDiscovery({});
    const mesh = await this.serviceMesh.setupServiceMesh({});
    const gateway = await this.apiGateway.setupApiGateway(
      this.#gatewayPort === undefined ? {} : { port: this.#gatewayPort },
    );
    return {
      success: discovery.success && mesh.success && gateway.success,
      serviceMeshReady: mesh.success && mesh.meshInitialized && mesh.securityPoliciesConfigured,
      apiGatewayReady: gateway.success && gateway.gatewayInitialized && gateway.routingConfigured,
      serviceDiscoveryReady: discovery.success && discovery.discoveryActive && discovery.healthChecksConfigured,
      failures: failuresOf([discovery, mesh, gateway]),
    };
  }

  /** Creates, deploys and exposes the services. They start beside one another. */
  async deployMicroservicesApplication({ services }: AppConfig) {
    const created = await Promise.all(services.map((service) => this.serviceManager.createMicroservice(service)));
    const names = services.map(({ name }) => name);
    const communication = await this.serviceMesh.manageServiceCommunication({ services: names });
    const routes = await this.apiGateway.manageApiRoutes({ services: names });
    const failures = failuresOf([...created, communication, routes]);
    return {
      success: failures.length === 0,
      servicesCreated: created.filter((result) => result.success && result.deploymentSuccessful).length,
      communicationReady: communication.success && communication.protocolsReady,
      routesConfigured: routes.success && routes.routesConfigured,
      failures,
    };
  }
}

type Result = { readonly success: true } | { readonly success: false; readonly error: string };

function failuresOf(results: readonly Result[]): string[] {
  return results.flatMap((result) => (result.success ? [] : [result.error]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const demo = { createSystem: (options: SystemOptions) => new CompleteMicroservicesSystem(options), appConfig };
  process.exitCode = await runDemo(demo, process.argv.slice(2));
}
