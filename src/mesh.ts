// `tusklang/mesh`: how services call one another.
export * from "./sdk/inter-service-communication.js";
export * from "./sdk/microservices-service-mesh.js";
export { type MeshConfig, ServiceMesh, type TrafficPolicy } from "./sdk/service-mesh.js";
