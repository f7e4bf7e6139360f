// The facade of the gateway: sets it up, and exposes services through it.

import { TuskError } from "../base/errors.js";
import type { RouteServiceInput } from "../fujsen/route-requirements.js";
import type { AppSpec } from "../model/app-spec.js";
import { APIGateway, type GatewayConfig } from "./api-gateway.js";
import { collectionPathOf } from "./created-code.js";
import { type Course, type Outcome, outcomeOf } from "./outcome.js";
import { plainObject, requireNames } from "./plain-input.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { type RouteConfig, RouteManager } from "./route-manager.js";

export interface ApiGatewaySetup {
  /** Every listener is bound and served. */
  readonly gatewayInitialized: boolean;
  /** The desired routes, none at first, are in force in the workers. */
  readonly routingConfigured: boolean;
  readonly authenticationReady: boolean;
  readonly rateLimitingActive: boolean;
  /** A request that was just made was counted, and the workers can say what became of it. */
  readonly monitoringActive: boolean;
  /** `http://127.0.0.1:8080`, one for each listener. */
  readonly urls: readonly string[];
}

export type ApiRoutesConfig =
  /** Names of services; each is exposed by the route that suits it, unless it has one. */
  { readonly services: readonly string[] } | { readonly routes: readonly RouteConfig[] };

export interface ApiRoutes {
  readonly routesAnalyzed: number;
  /** Every worker sends what the routes match to where they say. */
  readonly routesConfigured: boolean;
  readonly cachingActive: boolean;
  /** Names of all routes that are desired now. */
  readonly routes: readonly string[];
}

const notSetUp = {
  gatewayInitialized: false,
  routingConfigured: false,
  authenticationReady: false,
  rateLimitingActive: false,
  monitoringActive: false,
  urls: [],
};
const notRouted = { routesAnalyzed: 0, routesConfigured: false, cachingActive: false, routes: [] };

export class MicroservicesAPIGateway {
  readonly #link: PlatformLink;
  readonly #gateway: APIGateway;
  readonly #routes: RouteManager;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
    this.#gateway = new APIGateway(options);
    this.#routes = new RouteManager(options);
  }

  /** Default: 127.0.0.1:8080. Codes: SPEC_INVALID, PORT_IN_USE; then nothing has changed. */
  setupApiGateway(given: GatewayConfig = {}): Promise<Outcome<ApiGatewaySetup>> {
    return outcomeOf<ApiGatewaySetup>(async (course) => {
      const config = plainObject(given, "the gateway's configuration");
      const setup = await course.at("initialize", () => this.#gateway.initialize(config));
      const rules = await course.at("setupRoutingRules", () => this.#routes.setupRoutingRules());
      const monitoring = await course.at("setupMonitoring", () => this.#gateway.setupMonitoring());
      const routing = setup.initialized ? rules.configured || rules.reason : setup.reason;
      return {
        gatewayInitialized: course.judge("gatewayInitialized", setup.initialized || setup.reason),
        routingConfigured: course.judge("routingConfigured", routing),
        authenticationReady: course.notBuilt("authenticationReady", "setupAuthentication"),
        rateLimitingActive: course.notBuilt("rateLimitingActive", "setupRateLimiting"),
        monitoringActive: course.judge("monitoringActive", monitoring.active || monitoring.reason),
        urls: setup.urls,
      };
    }, notSetUp);
  }

  /** Codes: SPEC_INVALID for a conflict or an unknown service; then no route has changed. */
  manageApiRoutes(config: ApiRoutesConfig): Promise<Outcome<ApiRoutes>> {
    return outcomeOf((course) => this.#manage(course, config), notRouted);
  }

  async #manage(course: Course, given: ApiRoutesConfig): Promise<ApiRoutes> {
    const config = plainObject(given, "the routes' configuration");
    if ("routes" in config && !Array.isArray(config.routes)) {
      throw new TuskError("REQUEST_INVALID", "`routes` must be a list of routes");
    }
    const { analyzed, missing } =
      "routes" in config
        ? { analyzed: config.routes.length, missing: config.routes }
        : await this.#proposed(course, config.services);
    if (missing.length > 0) await course.at("setupRoutes", () => this.#routes.setupRoutes(missing));
    const rules = await course.at("setupRoutingRules", () => this.#routes.setupRoutingRules());
    return {
      routesAnalyzed: analyzed,
      routesConfigured: course.judge("routesConfigured", rules.configured || rules.reason),
      cachingActive: course.notBuilt("cachingActive", "setupCaching"),
      routes: rules.routes,
    };
  }

  /** How many routes were looked at, and those that are not there yet. Throws UNKNOWN_SERVICE. */
  async #proposed(course: Course, services: readonly string[]): Promise<{ analyzed: number; missing: RouteConfig[] }> {
    requireNames(services, "`services`");
    const control = await this.#link.control();
    const { spec } = await control.spec();
    const inputs = services.map((name) => routeInput(name, spec));
    const { routes } = await course.at("generateOptimalRouting", () =>
      this.#link.decide((fujsen) =>
        fujsen.generateOptimalRouting(fujsen.analyzeRouteRequirements({ services: inputs })),
      ),
    );
    const missing = routes.filter(({ existing }) => !existing);
    return {
      analyzed: routes.length,
      missing: missing.map(({ name, path, service }) => ({ name, path, backendRefs: [service] })),
    };
  }
}

function routeInput(name: string, spec: AppSpec): RouteServiceInput {
  const routes = spec.gateway.routes.filter(({ backendRefs }) => backendRefs.some((backend) => backend.name === name));
  const service = spec.services.find((entry) => entry.name === name);
  return {
    name,
    paths: routes.flatMap(({ matches }) => matches.map(({ path }) => path.value)),
    ...(service?.framework === undefined ? {} : { collectionPath: collectionPathOf(name) }),
    latencyMs: service?.slo.latencyMs ?? null,
  };
}
