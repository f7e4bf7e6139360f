// A cluster for each Service and port that traffic may be sent to, and its endpoints from EndpointSlices.
import type { EndpointSliceObject } from "../../model/kubernetes/object-schemas.js";
import { defaultTraffic } from "../../model/normalise-traffic.js";
import type { ClusterPlan, Endpoint } from "../../plan/proxy-plan.js";
import { compareText, namespaceOf, type ObjectSet } from "./object-set.js";

const serviceLabel = "kubernetes.io/service-name";
const connectTimeoutMs = 2_000;
/** The standard has no budget; this one holds where every request fails, and not before. */
const retryBudget = { ratio: 0.2, minimum: 100 };

export interface CompiledClusters {
  readonly clusters: Readonly<Record<string, ClusterPlan>>;
  readonly endpoints: Readonly<Record<string, readonly Endpoint[]>>;
}

/** `names`: `namespace/service:port`, each of a Service that has the port. */
export function compileClusters(set: ObjectSet, names: readonly string[]): CompiledClusters {
  const slices = slicesByService(set);
  const sorted = [...new Set(names)].sort(compareText);
  const { enabled: _, ...outlier } = defaultTraffic.outlier;
  return {
    clusters: Object.fromEntries(
      sorted.map((name) => {
        const service = set.find("Service", serviceOf(name));
        const origin = service
          ? { path: `Service ${serviceOf(name)}`, file: service.file, line: service.lineOf([]) }
          : null;
        const { loadBalancer, limits } = defaultTraffic;
        const policy = { loadBalancer, connectTimeoutMs, retryBudget, outlier, limits };
        return [name, { name, ...policy, ...(origin ? { origin } : {}) }];
      }),
    ),
    endpoints: Object.fromEntries(
      sorted.map((name) => [name, endpointsOf(set, name, slices.get(serviceOf(name)) ?? [])]),
    ),
  };
}

const serviceOf = (cluster: string): string => cluster.slice(0, cluster.lastIndexOf(":"));

function slicesByService(set: ObjectSet): Map<string, EndpointSliceObject[]> {
  const slices = new Map<string, EndpointSliceObject[]>();
  for (const loaded of set.list("EndpointSlice")) {
    const service = loaded.object.metadata.labels?.[serviceLabel];
    if (service === undefined || loaded.object.addressType === "FQDN") continue;
    const key = `${namespaceOf(loaded)}/${service}`;
    const own = slices.get(key) ?? [];
    slices.set(key, own);
    own.push(loaded.object);
  }
  return slices;
}

/** A slice has the port under the name that the Service gives it. */
function endpointsOf(set: ObjectSet, cluster: string, slices: readonly EndpointSliceObject[]): Endpoint[] {
  const port = Number(cluster.slice(cluster.lastIndexOf(":") + 1));
  const ports = set.find("Service", serviceOf(cluster))?.object.spec.ports ?? [];
  const portName = ports.find((candidate) => candidate.port === port)?.name ?? "";
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    const target = slice.ports?.find(({ name }) => (name ?? "") === portName)?.port;
    if (!target) continue;
    for (const endpoint of (slice.endpoints ?? []).flatMap((one) => toEndpoints(one, target))) {
      found.set(`${endpoint.id}@${endpoint.epoch}`, endpoint);
    }
  }
  return [...found.values()].sort((a, b) => compareText(a.id, b.id));
}

type SliceEndpoint = NonNullable<EndpointSliceObject["endpoints"]>[number];

function toEndpoints({ addresses, conditions, targetRef }: SliceEndpoint, port: number): Endpoint[] {
  const state = stateOf(conditions);
  // Of several addresses of one endpoint every one reaches the same.
  const [address] = addresses;
  if (state === null || address === undefined) return [];
  const id = `${targetRef?.name ?? address}:${port}`;
  return [{ id, epoch: targetRef?.uid ?? address, address, port, state }];
}

/** Null: takes nothing. Unknown counts as ready, as the field's documentation says. */
function stateOf({ ready, serving, terminating }: SliceEndpoint["conditions"] = {}): Endpoint["state"] | null {
  if (ready ?? true) return "ready";
  return terminating && serving ? "draining" : null;
}
