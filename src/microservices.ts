// `tusklang/microservices`: every class for services, mesh, gateway, discovery and data.
export * from "./discovery-api.js";
export * from "./gateway.js";
export * from "./mesh.js";
export { MicroservicesConfig } from "./sdk/config.js";
export * from "./sdk/data-manager.js";
export { MicroservicesIntelligence, type WithIntelligence } from "./sdk/intelligence.js";
export * from "./sdk/microservices-performance-optimization.js";
export * from "./sdk/microservices-service-manager.js";
export type { Failure, Outcome, Remarks } from "./sdk/outcome.js";
export { type Deployment, ServiceDeployer } from "./sdk/service-deployer.js";
export {
  type HealthCheck,
  type HealthStatus,
  type Monitoring,
  type Scaling,
  ServiceManager,
} from "./sdk/service-manager.js";
export * from "./sdk/tuskdb-integration.js";
