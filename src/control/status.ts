// What the instances, the plan and the registry look like to a person: pure mapping, no decisions.
import { gatewayName } from "../compile/needed-ports.js";
import type { ListenResult } from "../keeper/protocol.js";
import type { AppSpec, ListenerSpec } from "../model/app-spec.js";
import type { InstanceView } from "../orchestrator/orchestrator.js";
import type { ListenerPlan, ProxyPlan, RouteAction, RouteEntry } from "../plan/proxy-plan.js";
import type { InstanceStatus, RouteStatus, ServiceStatus } from "./control-plane.js";

export function toInstanceStatus(view: InstanceView): InstanceStatus {
  return {
    id: view.id,
    pid: view.process?.pid ?? null,
    port: view.port > 0 ? view.port : null,
    health: view.health,
    reason: view.reason,
    restarts: view.restarts,
    startedAt: view.startedAt,
    cpuPercent: view.cpuPercent,
    memoryBytes: view.memoryBytes,
    phase: view.phase,
    ready: view.ready,
    waitingFor: view.waitingFor,
  };
}

/** In the spec's order; a service that left the spec and still has instances comes last. */
export function toServiceStatuses(spec: AppSpec, views: Iterable<InstanceView>): ServiceStatus[] {
  const byService = new Map<string, InstanceView[]>(spec.services.map((service) => [service.name, []]));
  for (const view of views) byService.set(view.service, [...(byService.get(view.service) ?? []), view]);
  return [...byService].map(([name, instances]) => {
    const declared = spec.services.find((service) => service.name === name);
    const sorted = instances.sort((a, b) => a.slot - b.slot || a.id.localeCompare(b.id));
    return {
      name,
      revision: Math.max(0, ...sorted.map((view) => view.revision)),
      replicas: declared?.replicas ?? 0,
      ready: sorted.filter((view) => view.ready).length,
      instances: sorted.map(toInstanceStatus),
    };
  });
}

export function toUrl(host: string, port: number, scheme: "http" | "https" = "http"): string {
  const shown = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  return `${scheme}://${shown}:${port}`;
}

export interface BoundListener {
  readonly host: string;
  readonly result: ListenResult;
}

/** Of the listeners that listen. */
export function toGatewayUrls(
  listeners: readonly ListenerSpec[],
  bound: ReadonlyMap<string, BoundListener>,
): { url: string; listener: string }[] {
  return listeners.flatMap((listener) => {
    const result = bound.get(gatewayName(listener))?.result;
    const scheme = listener.tls === undefined ? "http" : "https";
    return result?.ok ? [{ url: toUrl(listener.host, result.port, scheme), listener: listener.name }] : [];
  });
}

const isEncrypted = (listener: ListenerPlan): boolean => listener.kind === "gateway" && listener.tls !== undefined;

export function toRouteStatuses(
  plan: ProxyPlan,
  bound: ReadonlyMap<string, BoundListener>,
  readyOf: (service: string) => number,
): RouteStatus[] {
  const urlOf = (name: string, scheme: "http" | "https"): string => {
    const listener = bound.get(name);
    return listener?.result.ok ? toUrl(listener.host, listener.result.port, scheme) : "not listening";
  };
  const backends = (action: RouteAction): RouteStatus["backends"] =>
    action.backends.map(({ cluster, weight }) => ({ service: cluster, weight, ready: readyOf(cluster) }));
  return plan.listeners.flatMap((listener): RouteStatus[] => {
    const common = { listener: listener.name, url: urlOf(listener.name, isEncrypted(listener) ? "https" : "http") };
    if (listener.kind === "gateway") {
      return listener.routes.map((entry) => ({
        ...common,
        name: entry.route,
        kind: "gateway",
        hostnames: entry.hostnames,
        match: describeMatch(entry),
        backends: backends(entry.action),
        origin: entry.origin,
      }));
    }
    const { origin } = listener;
    if (listener.kind === "edge") {
      const name = `${listener.caller} -> ${listener.callee}`;
      return [
        { ...common, name, kind: "edge", hostnames: [], match: "any", backends: backends(listener.action), origin },
      ];
    }
    const allowed = Object.values(listener.allowed).flatMap((action) => [...backends(action)]);
    return [
      {
        ...common,
        name: `${listener.caller} -> *`,
        kind: "egress",
        hostnames: [],
        match: "by host",
        backends: allowed,
        origin,
      },
    ];
  });
}

export function describeMatch(entry: RouteEntry): string {
  const parts = [entry.method ?? "*", entry.path.type, entry.path.value];
  const sign = (type: string | undefined, exact: string): string => (type === "RegularExpression" ? " ~ " : exact);
  for (const { type, name, value } of entry.headers) parts.push(`[${name}${sign(type, ": ")}${value}]`);
  for (const { type, name, value } of entry.queryParams) parts.push(`[?${name}${sign(type, "=")}${value}]`);
  return parts.join(" ");
}
