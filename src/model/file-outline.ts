// Outline of a spec as it is written, of which parts may be wrong: names are read wherever they can be, so that one
// wrong field does not make its service unknown; routes and listeners are read where the schema has passed them.
import type { AppFile, ServiceFile } from "./app-schema.js";
import type { AppSpec, ListenerSpec, RouteSpec } from "./app-spec.js";
import {
  defaultListener,
  type GatewayRouteFile,
  type ListenerFile,
  normaliseGatewayRoute,
  normaliseListener,
  normaliseServiceRoute,
  normaliseWorkers,
  type ServiceRouteFile,
} from "./normalise-gateway.js";
import { normaliseService } from "./normalise-service.js";
import { normaliseSettings } from "./normalise-settings.js";
import { type Named, outlineOfListener, outlineOfRoute, type ServiceOutline, type SpecOutline } from "./outline.js";
import { isRecord, memberOf, type SpecPath, valueAt } from "./spec-path.js";

/** Whether the schema has passed everything at and below a place. */
export type IsSound = (path: SpecPath) => boolean;

export interface Written<Part> {
  readonly spec: Part;
  readonly path: SpecPath;
}

export function outlineOfFile(file: unknown, isSound: IsSound): SpecOutline {
  const engine = valueAt(file, ["settings", "MICROSERVICES_ENGINE"]);
  return {
    services: itemsAt(file, ["services"]).flatMap(({ value, path }) => serviceOutline(value, path)),
    listeners: writtenListeners(file, isSound).map(({ spec, path }) => outlineOfListener(spec, path)),
    routes: writtenRoutes(file, isSound).map(({ spec, path }) =>
      outlineOfRoute(spec, path, path[0] === "services" ? path : undefined),
    ),
    engine: typeof engine === "string" ? { name: engine, path: ["settings", "MICROSERVICES_ENGINE"] } : null,
  };
}

/** The normalised spec of a file that the schema has passed. */
export function normaliseFile(file: AppFile): AppSpec {
  const isSound = (): boolean => true;
  return {
    name: file.name,
    settings: normaliseSettings(file.settings),
    services: (file.services ?? []).map(normaliseService),
    gateway: {
      listeners: writtenListeners(file, isSound).map(({ spec }) => spec),
      routes: writtenRoutes(file, isSound).map(({ spec }) => spec),
      ...normaliseWorkers(file.gateway),
    },
  };
}

/** Routes of services in their order, then those of the gateway. */
export function writtenRoutes(file: unknown, isSound: IsSound): Written<RouteSpec>[] {
  const ofServices = itemsAt(file, ["services"]).flatMap(({ value, path }) => routesOfService(value, path, isSound));
  const ofGateway = itemsAt(file, ["gateway", "routes"]).flatMap(({ value, path }, index) =>
    isSound(path) ? [{ spec: normaliseGatewayRoute(value as GatewayRouteFile, index), path }] : [],
  );
  return [...ofServices, ...ofGateway];
}

function routesOfService(service: unknown, base: SpecPath, isSound: IsSound): Written<RouteSpec>[] {
  const name = memberOf(service, "name");
  const path = [...base, "route"];
  const route = memberOf(service, "route");
  if (typeof name !== "string" || route === undefined) return [];
  const items = Array.isArray(route) ? itemsAt(service, ["route"], base) : [{ value: route, path }];
  return items.flatMap((item, index) =>
    isSound(item.path)
      ? [{ spec: normaliseServiceRoute(item.value as ServiceRouteFile, name, index), path: item.path }]
      : [],
  );
}

/** What is written, else one default listener where something is to be exposed. */
export function writtenListeners(file: unknown, isSound: IsSound): Written<ListenerSpec>[] {
  const gateway = memberOf(file, "gateway");
  const path = ["gateway"];
  if (memberOf(gateway, "listeners") !== undefined)
    return itemsAt(file, ["gateway", "listeners"])
      .filter((item) => isSound(item.path))
      .map((item) => ({ spec: normaliseListener(item.value as ListenerFile), path: item.path }));
  const isShort = ["host", "port", "hostname", "tls"].every((key) => isSound([...path, key]));
  if (isRecord(gateway)) return isShort ? [{ spec: normaliseListener(gateway as ListenerFile), path }] : [];
  return writtenRoutes(file, isSound).length > 0 ? [{ spec: defaultListener, path }] : [];
}

function serviceOutline(service: unknown, entry: SpecPath): ServiceOutline[] {
  const name = memberOf(service, "name");
  if (typeof name !== "string") return [];
  const references = (key: keyof ServiceFile): Named[] =>
    itemsAt(service, [key], entry).flatMap(({ value, path }) =>
      typeof value === "string" ? [{ name: value, path }] : [],
    );
  const members = (key: keyof ServiceFile): Named[] =>
    memberNames(service, key).map((member) => ({ name: member, path: [...entry, key, member] }));
  return [
    {
      name,
      path: [...entry, "name"],
      entry,
      hasRun: memberOf(service, "run") !== undefined,
      calls: references("calls"),
      startAfter: references("startAfter"),
      callTraffic: members("callTraffic"),
      variables: members("env"),
    },
  ];
}

function memberNames(value: unknown, key: string): string[] {
  const members = memberOf(value, key);
  return Object.keys(isRecord(members) ? members : {});
}

interface Item {
  readonly value: unknown;
  readonly path: SpecPath;
}

/** The entries of a list, each with its place; none where there is no list. */
function itemsAt(value: unknown, path: SpecPath, base: SpecPath = []): Item[] {
  const items = valueAt(value, path);
  return Array.isArray(items)
    ? items.map((item: unknown, index) => ({ value: item, path: [...base, ...path, index] }))
    : [];
}
