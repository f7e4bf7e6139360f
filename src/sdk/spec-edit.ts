// Changes of the one desired spec by a program. Only the difference is sent to be applied, so that calls made at once,
// from here or from elsewhere, lose nothing of one another.
import type { AdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import type { ApplyResult } from "../control/control-plane.js";
import type { AppSpec, GatewaySpec, ServiceSpec } from "../model/app-spec.js";
import { parseSpecObject } from "../model/parse-spec.js";
import type { GatewayInput, ServiceInput } from "./given.js";

/** Throws SPEC_INVALID, PORT_IN_USE, PLAN_REFUSED; then nothing has changed. */
export async function editSpec(control: AdminClient, edit: (spec: AppSpec) => AppSpec): Promise<ApplyResult> {
  const { spec, provenance } = await control.spec();
  return control.apply({ spec: edit(spec), base: spec, provenance, from: "program" });
}

export interface ServiceEntry {
  readonly service: ServiceSpec;
  /** What its `route` exposes; no routes without one. */
  readonly gateway: GatewaySpec;
}

/** A service as it is written in tusk.yaml, as an entry for the spec. Throws SPEC_INVALID with every problem. */
export function parseServiceEntry(file: ServiceInput, spec: AppSpec): ServiceEntry {
  const name = (file as Partial<ServiceInput> | null)?.name;
  const others = spec.services.filter((service) => service.name !== name).map((service) => service.name);
  const parsed = parseFile({ services: [file, ...others.map((other) => ({ name: other, run: "true" }))] });
  const service = parsed.services[0];
  if (!service) throw new TuskError("INTERNAL", "a service was parsed away");
  return { service, gateway: parsed.gateway };
}

/** The gateway as it is written in tusk.yaml. Throws SPEC_INVALID with every problem. */
export function parseGatewayEntry(file: GatewayInput, spec: AppSpec): GatewaySpec {
  const services = spec.services.map(({ name }) => ({ name, run: "true" }));
  return parseFile({ services, gateway: file }).gateway;
}

function parseFile(file: { readonly services: readonly object[]; readonly gateway?: GatewayInput }): AppSpec {
  const result = parseSpecObject({ name: "app", ...file }, undefined, { requireRun: false, allowUnknownCalls: true });
  if (result.ok) return result.parsed.spec;
  const first = result.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new TuskError("SPEC_INVALID", `that cannot be a part of the app: ${first}`, { problems: result.problems });
}

/** Added, or in place of the one of its name, with its routes; a listener is added only where there is none. */
export function withService(spec: AppSpec, { service, gateway }: ServiceEntry): AppSpec {
  const present = spec.services.some(({ name }) => name === service.name);
  const services = present
    ? spec.services.map((other) => (other.name === service.name ? service : other))
    : [...spec.services, service];
  return { ...spec, services, gateway: withRoutes(spec.gateway, gateway) };
}

/** Whatever else `given` says of the gateway holds from now on. */
export function withRoutes(before: GatewaySpec, given: GatewaySpec): GatewaySpec {
  const { listeners, routes } = given;
  const names = new Set(routes.map(({ name }) => name));
  return {
    ...before,
    ...given,
    listeners: before.listeners.length > 0 || routes.length === 0 ? before.listeners : listeners,
    routes: [...before.routes.filter(({ name }) => !names.has(name)), ...routes],
  };
}

/** `after` made to say of the service and its routes what `before` said; everything else stays. */
export function withoutChangeOf(name: string, before: AppSpec, after: AppSpec): AppSpec {
  const former = before.services.find((service) => service.name === name);
  const known = new Map(before.gateway.routes.map((route) => [route.name, route]));
  const isOwn = (route: AppSpec["gateway"]["routes"][number]): boolean =>
    route.backendRefs.every((backend) => backend.name === name);
  const routes = after.gateway.routes.flatMap((route) => {
    if (!isOwn(route)) return [route];
    const old = known.get(route.name);
    return old ? [old] : [];
  });
  const services = after.services.flatMap((service) => {
    if (service.name !== name) return [service];
    return former ? [former] : [];
  });
  // A listener that came with its route goes with it.
  const isUnused = routes.length === 0 && before.gateway.listeners.length === 0;
  const listeners = isUnused ? [] : after.gateway.listeners;
  return { ...after, services, gateway: { ...after.gateway, listeners, routes } };
}
