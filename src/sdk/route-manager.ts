// Routes of the gateway: written into the one spec, checked for conflicts, and asked of the workers that run them.
import type { AdminClient } from "../api/client.js";
import type { RouteSpec } from "../model/app-spec.js";
import type { GatewayInput } from "./given.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { editSpec, parseGatewayEntry, withRoutes } from "./spec-edit.js";

/** A route as it is written under `gateway.routes` of tusk.yaml. */
export type RouteConfig = NonNullable<GatewayInput["routes"]>[number];

export interface RouteSetup {
  /** Names of the routes, in the order of what was given. */
  readonly routes: readonly string[];
  /** Every worker sends what they match to where they say. */
  readonly configured: boolean;
  /** Why not; empty when configured. */
  readonly reason: string;
}

export class RouteManager {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** Adds the routes, or puts each in the place of the one of its name. Throws SPEC_INVALID: then none is there. */
  async setupRoutes(routes: readonly RouteConfig[]): Promise<RouteSetup> {
    const control = await this.#link.control();
    let names: readonly string[] = [];
    await editSpec(control, (spec) => {
      const gateway = parseGatewayEntry({ routes: [...routes] }, spec);
      names = gateway.routes.map(({ name }) => name);
      return { ...spec, gateway: withRoutes(spec.gateway, gateway) };
    });
    return this.#measured(control, names);
  }

  /** Are the rules that are desired in force? Changes nothing. */
  async setupRoutingRules(): Promise<RouteSetup> {
    const control = await this.#link.control();
    const { spec } = await control.spec();
    return this.#measured(
      control,
      spec.gateway.routes.map(({ name }) => name),
    );
  }

  async #measured(control: AdminClient, names: readonly string[]): Promise<RouteSetup> {
    const { spec } = await control.spec();
    const wanted = spec.gateway.routes.filter(({ name }) => names.includes(name));
    const reason = (await gatewayProblem(control)) ?? (await firstProblem(control, wanted)) ?? "";
    return { routes: names, configured: reason === "", reason };
  }
}

/** Why no request could come in; null when every listener of the spec is bound and served. */
export async function gatewayProblem(control: AdminClient): Promise<string | null> {
  const [{ spec }, status] = await Promise.all([control.spec(), control.status()]);
  const { listeners } = spec.gateway;
  if (listeners.length === 0) return "the gateway has no listener";
  const missing = listeners.filter(({ name }) => !status.gateway.some(({ listener }) => listener === name));
  if (missing.length > 0) return `not listening: ${missing.map(({ name, host, port }) => `${name} (${host}:${port})`)}`;
  for (const { name } of listeners) {
    const { outcome } = await control.explainRequest({ method: "GET", target: "/", headers: {}, listener: name });
    if (outcome.kind === "refuse" && ["NOT_CONFIGURED", "PROTOCOL_DISABLED"].includes(outcome.code))
      return outcome.reason;
  }
  return null;
}

async function firstProblem(control: AdminClient, routes: readonly RouteSpec[]): Promise<string | null> {
  for (const route of routes) {
    const problem = await routeProblem(control, route);
    if (problem !== null) return `route ${route.name}: ${problem}`;
  }
  return null;
}

/** Asks a worker where a request that the route matches would go; the backend need not have a ready instance. */
async function routeProblem(control: AdminClient, route: RouteSpec): Promise<string | null> {
  const [match] = route.matches;
  if (!match) return "it matches nothing";
  const query = match.queryParams.map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const host = route.hostnames[0]?.replace("*", "any");
  const { routes } = await control.explainRequest({
    method: match.method ?? "GET",
    target: `${match.path.value}${query.length > 0 ? `?${query.join("&")}` : ""}`,
    headers: {
      ...(host ? { host } : {}),
      ...Object.fromEntries(match.headers.map(({ name, value }) => [name, value])),
    },
    ...(route.listeners[0] === undefined ? {} : { listener: route.listeners[0] }),
  });
  if (routes.some((entry) => entry.route === route.name && entry.result !== "lost")) return null;
  return "the workers do not have it";
}
