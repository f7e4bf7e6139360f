// From what a service needs to what it is made of: modules, endpoints, probes, replicas, backing services, clients.
// A first, honest form: it says what the templates make, and invents no numbers.
import type { Capability, ServiceRequirements } from "./service-requirements.js";

export interface ServiceArchitecture {
  readonly version: string;
  readonly service: string;
  /** Each with what it is for. */
  readonly modules: readonly { readonly name: string; readonly purpose: string }[];
  readonly endpoints: readonly { readonly method: string; readonly path: string; readonly purpose: string }[];
  readonly probes: { readonly liveness: string; readonly readiness: string };
  readonly replicas: { readonly count: number; readonly reason: string };
  /** Not known before it has been measured: null, with the reason. */
  readonly resources: { readonly cpuCores: null; readonly memoryBytes: null; readonly reason: string };
  readonly backingServices: readonly { readonly capability: Capability; readonly variable: string }[];
  readonly clients: readonly { readonly callee: string; readonly variable: string }[];
}

export const serviceArchitectureVersion = "1";

const modulesByCapability: Readonly<Partial<Record<Capability, { name: string; purpose: string }>>> = {
  "relational-store": { name: "repository", purpose: "reads and writes records in SQL tables" },
  cache: { name: "cache", purpose: "keeps what was read for a while, and forgets it when it is written" },
  broker: { name: "events", purpose: "writes events beside the records and publishes them afterwards" },
  "payment-api": { name: "payments", purpose: "takes payments once for each idempotency key" },
};

export function generateServiceArchitecture(requirements: ServiceRequirements): ServiceArchitecture {
  const { service, capabilities, calls, replicas, collectionPath } = requirements;
  return {
    version: serviceArchitectureVersion,
    service,
    modules: [
      { name: "main", purpose: "starts the program and ends it after the requests in flight" },
      { name: "settings", purpose: "reads the environment" },
      { name: "health", purpose: "answers the probes" },
      ...capabilities.flatMap(({ capability }) => modulesByCapability[capability] ?? []),
      ...calls.map((callee) => ({ name: `client ${callee}`, purpose: `calls ${callee} through the mesh` })),
    ],
    endpoints: collectionPath === null ? [] : endpointsOf(collectionPath),
    probes: { liveness: "/healthz", readiness: "/readyz" },
    replicas: { count: replicas, reason: replicas === 1 ? "one is enough until load says otherwise" : "as asked for" },
    resources: { cpuCores: null, memoryBytes: null, reason: "nothing has been measured of it yet" },
    backingServices: capabilities.map(({ capability, variable }) => ({ capability, variable })),
    clients: calls.map((callee) => ({ callee, variable: `${callee.toUpperCase().replaceAll("-", "_")}_URL` })),
  };
}

function endpointsOf(path: string): ServiceArchitecture["endpoints"] {
  const item = `${path}/{id}`;
  return [
    { method: "POST", path, purpose: "create" },
    { method: "GET", path, purpose: "list, a page at a time" },
    { method: "GET", path: item, purpose: "read" },
    { method: "PUT", path: item, purpose: "update" },
    { method: "DELETE", path: item, purpose: "delete" },
  ];
}
