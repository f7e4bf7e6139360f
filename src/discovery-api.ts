// `tusklang/discovery`: who serves a name.
export * from "./sdk/microservices-service-discovery.js";
export { ServiceDiscovery, ServiceRegistry, type Tried } from "./sdk/service-discovery.js";
