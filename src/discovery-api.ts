// `tusklang/discovery`: who serves a name.

export type { RegistryLine } from "./api/types.js";
export type { LookupQuery, RegisteredInstance, Registration } from "./discovery/registry.js";
export * from "./sdk/microservices-service-discovery.js";
export { type HeartbeatReport, ServiceDiscovery, ServiceRegistry, type Tried } from "./sdk/service-discovery.js";
