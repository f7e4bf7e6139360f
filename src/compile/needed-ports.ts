// The names of what the mesh listens on. The same text names a listener in the proxy plan, a socket of the keeper and
// a lease of a port, so that each finds the others.
import { TuskError } from "../base/errors.js";
import type { AppSpec, ListenerSpec } from "../model/app-spec.js";
import type { Settings } from "../model/settings.js";

/** Leased ports by key. */
export type Ports = Readonly<Record<string, number>>;

export const meshHost = "127.0.0.1";

export const edgeName = (caller: string, callee: string): string => `edge/${caller}/${callee}`;
export const egressName = (caller: string): string => `egress/${caller}`;
/** By its address and not by its name in the spec, so that a listener that is renamed keeps its socket. */
export const gatewayName = ({ name, host, port }: ListenerSpec): string =>
  port === 0 ? `gateway/${name}` : `gateway/${host}:${port}`;
export const instanceName = (service: string, slot: number): string => `instance/${service}-${slot}`;

export interface Edge {
  readonly caller: string;
  readonly callee: string;
  /** Position in the caller's `calls`. */
  readonly index: number;
}

/** One for every declared call, in the order of the spec. */
export function declaredEdges(spec: AppSpec): Edge[] {
  return spec.services.flatMap(({ name, calls = [] }) =>
    calls.map((callee, index): Edge => ({ caller: name, callee, index })),
  );
}

/** Keys of the ports that must be leased before the plans can be made. */
export function neededPorts(spec: AppSpec, settings: Settings): string[] {
  const instances = spec.services.flatMap(({ name, replicas }) =>
    Array.from({ length: replicas }, (_, index) => instanceName(name, index + 1)),
  );
  return [...instances, ...meshPorts(spec, settings)];
}

/** Those of the mesh alone; none when it is switched off. */
export function meshPorts(spec: AppSpec, settings: Settings): string[] {
  if (!settings.SERVICE_MESH_ENABLED) return [];
  const edges = declaredEdges(spec).map(({ caller, callee }) => edgeName(caller, callee));
  return [...edges, ...spec.services.map(({ name }) => egressName(name))];
}

/** Throws INTERNAL for a key that was not leased: its caller did not ask `neededPorts`. */
export function portOf(ports: Ports, key: string): number {
  const port = Object.hasOwn(ports, key) ? ports[key] : undefined;
  if (port === undefined) throw new TuskError("INTERNAL", `no port is leased for ${key}`);
  return port;
}
