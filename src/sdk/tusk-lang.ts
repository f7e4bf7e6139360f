// The platform as one object: its settings, its classes, its database, and its answers to "why?".
import type { RequestExplainInput, ServiceExplanation, SettingStatus } from "../control/control-plane.js";
import { MicroservicesIntelligence } from "../fujsen/engine.js";
import type { RequestExplanation } from "../keeper/protocol.js";
import { InterServiceCommunication } from "./inter-service-communication.js";
import { MicroservicesAPIGateway } from "./microservices-api-gateway.js";
import { MicroservicesServiceDiscovery } from "./microservices-service-discovery.js";
import { MicroservicesServiceManager } from "./microservices-service-manager.js";
import { MicroservicesServiceMesh } from "./microservices-service-mesh.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { TuskDB } from "./tusk-db.js";
import { MicroservicesTuskDBIntegration } from "./tuskdb-integration.js";

export interface MicroservicesParts {
  readonly serviceManager: MicroservicesServiceManager;
  readonly serviceMesh: MicroservicesServiceMesh;
  readonly communication: InterServiceCommunication;
  readonly apiGateway: MicroservicesAPIGateway;
  readonly serviceDiscovery: MicroservicesServiceDiscovery;
  readonly tuskdb: MicroservicesTuskDBIntegration;
}

export class TuskLang {
  readonly microservices: MicroservicesParts;
  readonly db: TuskDB;
  /** FUJSEN's functions; `@fujsen.intelligence` records what they decide. */
  readonly fujsen = new MicroservicesIntelligence();
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
    this.db = new TuskDB(options);
    this.microservices = {
      serviceManager: new MicroservicesServiceManager(options),
      serviceMesh: new MicroservicesServiceMesh(options),
      communication: new InterServiceCommunication(options),
      apiGateway: new MicroservicesAPIGateway(options),
      serviceDiscovery: new MicroservicesServiceDiscovery(options),
      tuskdb: new MicroservicesTuskDBIntegration(options),
    };
  }

  /** The settings in force, each with where it comes from and whether its part is built. */
  async settings(): Promise<readonly SettingStatus[]> {
    return (await this.#link.control()).settings();
  }

  /** Why a service is as it is, or what would become of a request. Throws UNKNOWN_SERVICE. */
  explain(service: string): Promise<ServiceExplanation>;
  explain(request: RequestExplainInput): Promise<RequestExplanation>;
  async explain(subject: string | RequestExplainInput): Promise<ServiceExplanation | RequestExplanation> {
    const control = await this.#link.control();
    return typeof subject === "string" ? control.explainService(subject) : control.explainRequest(subject);
  }
}
