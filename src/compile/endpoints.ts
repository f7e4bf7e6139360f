// Registered instances -> the endpoint table of the proxy workers.
import type { Endpoint, EndpointTable } from "../plan/proxy-plan.js";

/** What of a registered instance matters here; the registry is a driver, and this layer is below it. */
export interface EndpointSource {
  readonly id: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly state: "starting" | "passing" | "warning" | "critical";
  readonly epoch: string;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface EndpointsInput {
  readonly instances: readonly EndpointSource[];
  /** Ids of instances that finish what is in flight and take nothing new. */
  readonly draining: ReadonlySet<string>;
  readonly version: number;
}

/** Passing and warning instances are ready, draining ones are listed as such, others are absent. The same instances in
 *  any order give the same table. */
export function compileEndpoints({ instances, draining, version }: EndpointsInput): EndpointTable {
  const clusters = new Map<string, Endpoint[]>();
  for (const instance of [...instances].sort(byServiceAndId)) {
    const state = stateOf(instance, draining);
    if (state === null) continue;
    const endpoints = clusters.get(instance.service) ?? [];
    clusters.set(instance.service, endpoints);
    endpoints.push(toEndpoint(instance, state));
  }
  return { format: 1, version, clusters: Object.fromEntries(clusters) };
}

function stateOf({ id, state }: EndpointSource, draining: ReadonlySet<string>): Endpoint["state"] | null {
  if (draining.has(id)) return "draining";
  return state === "passing" || state === "warning" ? "ready" : null;
}

function toEndpoint(source: EndpointSource, state: Endpoint["state"]): Endpoint {
  const { id, epoch, address, port, weight, tags = [], metadata = {} } = source;
  // Of the supervisor's own it would only make the table longer.
  const { revision: _revision, ...labels } = metadata;
  return {
    id,
    epoch,
    address,
    port,
    ...(weight === 1 ? {} : { weight }),
    ...(tags.length > 0 ? { tags } : {}),
    ...(Object.keys(labels).length > 0 ? { metadata: labels } : {}),
    state,
  };
}

/** `users-2` before `users-10`: `first` means the lowest slot. */
function byServiceAndId(a: EndpointSource, b: EndpointSource): number {
  return compareText(a.service, b.service) || a.id.length - b.id.length || compareText(a.id, b.id);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
