// `tusklang/gateway`: how the world calls services.
export * from "./sdk/api-gateway.js";
export * from "./sdk/microservices-api-gateway.js";
export { type RouteConfig, RouteManager, type RouteSetup } from "./sdk/route-manager.js";
