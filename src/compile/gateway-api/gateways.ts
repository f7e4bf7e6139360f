// Which Gateways are ours, and what each of their listeners can do: its protocol, its conflicts with others, the routes
// that it allows.
import type { ListenerObject } from "../../model/kubernetes/object-schemas.js";
import type { LoadedObject } from "../../model/kubernetes/parse-objects.js";
import { type Certificate, type CheckCertificate, findCertificates } from "./certificates.js";
import type { Failure } from "./conditions.js";
import { selects } from "./label-selector.js";
import { nameOf, namespaceOf, type ObjectSet } from "./object-set.js";
import { gatewayGroup } from "./references.js";

export const controllerName = "tusk.dev/gateway-controller";

/** Where a Gateway without addresses listens: nowhere that others reach. */
const defaultAddress = "127.0.0.1";

export interface GatewayState {
  readonly gateway: LoadedObject<"Gateway">;
  readonly addresses: readonly string[];
  /** Of the Gateway as a whole. */
  readonly failures: readonly Failure[];
  readonly listeners: readonly ListenerState[];
}

export interface ListenerState {
  readonly spec: ListenerObject;
  /** `namespace/gateway/listener` */
  readonly section: string;
  /** Of HTTPS. */
  readonly certificates: readonly Certificate[];
  /** That it allows and we know. */
  readonly kinds: readonly string[];
  /** Accepted: False. */
  readonly rejected: readonly Failure[];
  /** Conflicted: True. */
  readonly conflicts: readonly Failure[];
  /** ResolvedRefs: False. */
  readonly unresolved: readonly Failure[];
}

export function serves({ spec, rejected, conflicts, certificates }: ListenerState): boolean {
  const isOpen = spec.protocol === "HTTP" || certificates.length > 0;
  return isOpen && rejected.length === 0 && conflicts.length === 0;
}

export function findClasses(set: ObjectSet): LoadedObject<"GatewayClass">[] {
  return set.list("GatewayClass").filter(({ object }) => object.spec.controllerName === controllerName);
}

export function findGateways(set: ObjectSet, check: CheckCertificate): GatewayState[] {
  const classes = new Set(findClasses(set).map(({ object }) => object.metadata.name));
  const taken = new Map<string, ListenerObject>();
  return set
    .list("Gateway")
    .filter(({ object }) => classes.has(object.spec.gatewayClassName))
    .map((gateway) => toGateway(gateway, { set, check, taken }));
}

interface Surroundings {
  readonly set: ObjectSet;
  readonly check: CheckCertificate;
  /** What older listeners have, by address, port and hostname. */
  readonly taken: Map<string, ListenerObject>;
}

function toGateway(gateway: LoadedObject<"Gateway">, { set, check, taken }: Surroundings): GatewayState {
  const { addresses: wanted = [], listeners } = gateway.object.spec;
  const usable = wanted.filter(({ type = "IPAddress", value = "" }) => type === "IPAddress" && isAddress(value));
  const failures = wanted
    .filter((address) => !usable.includes(address))
    .map(({ type = "IPAddress", value = "" }) => ({
      reason: "UnsupportedAddress",
      message: `the address ${value.slice(0, 80)} of type ${type.slice(0, 80)} is not supported`,
    }));
  const addresses = wanted.length === 0 ? [defaultAddress] : usable.map(({ value = "" }) => value);
  return {
    gateway,
    addresses,
    failures,
    listeners: listeners.map((spec) => {
      const rejected = protocolFailures(spec);
      const { certificates, failures: unusable } = findCertificates(set, spec, namespaceOf(gateway), check);
      return {
        spec,
        section: `${nameOf(gateway)}/${spec.name}`,
        certificates,
        kinds: allowedKinds(spec).filter((kind) => kind === "HTTPRoute"),
        rejected,
        conflicts: rejected.length > 0 ? [] : takePlace(spec, addresses, taken),
        unresolved: [...kindFailures(spec), ...unusable],
      };
    }),
  };
}

const isAddress = (value: string): boolean => /^[0-9a-fA-F:.]{2,45}$/.test(value);

function protocolFailures({ protocol, tls }: ListenerObject): Failure[] {
  if (protocol === "HTTP" || (protocol === "HTTPS" && tls?.mode !== "Passthrough")) return [];
  return [{ reason: "UnsupportedProtocol", message: `the protocol ${protocol.slice(0, 80)} is not supported` }];
}

/** The first that asks for a place has it; the standard leaves open which one of those that conflict is served. */
function takePlace(spec: ListenerObject, addresses: readonly string[], taken: Map<string, ListenerObject>): Failure[] {
  const failures: Failure[] = [];
  for (const address of addresses) {
    const socket = `${address}:${spec.port}`;
    const place = `${socket}/${spec.hostname ?? ""}`;
    const holder = taken.get(socket);
    if (holder && holder.protocol !== spec.protocol) {
      failures.push({ reason: "ProtocolConflict", message: `${socket} is served with ${holder.protocol}` });
    } else if (taken.has(place)) {
      failures.push({
        reason: "HostnameConflict",
        message: `${socket} has a listener for ${spec.hostname ?? "every host"} already`,
      });
    } else {
      taken.set(place, spec);
      taken.set(socket, holder ?? spec);
    }
  }
  return failures;
}

function allowedKinds({ allowedRoutes }: ListenerObject): string[] {
  const kinds = allowedRoutes?.kinds;
  if (!kinds?.length) return ["HTTPRoute"];
  return kinds.filter(({ group = gatewayGroup }) => group === gatewayGroup).map(({ kind }) => kind);
}

function kindFailures({ allowedRoutes }: ListenerObject): Failure[] {
  const kinds = allowedRoutes?.kinds ?? [];
  const foreign = kinds.filter(({ group = gatewayGroup, kind }) => group !== gatewayGroup || kind !== "HTTPRoute");
  return foreign.map(({ kind }) => ({
    reason: "InvalidRouteKinds",
    message: `routes of kind ${kind} are not supported`,
  }));
}

/** Whether routes of this namespace may attach. */
export function allowsNamespace(
  set: ObjectSet,
  { gateway }: GatewayState,
  spec: ListenerObject,
  from: string,
): boolean {
  const { from: which = "Same", selector } = spec.allowedRoutes?.namespaces ?? {};
  switch (which) {
    case "All":
      return true;
    case "Same":
      return namespaceOf(gateway) === from;
    case "Selector":
      return selects(selector, labelsOf(set, from));
    case "None":
      return false;
  }
}

function labelsOf(set: ObjectSet, namespace: string): Readonly<Record<string, string>> {
  const labels = set.find("Namespace", namespace)?.object.metadata.labels ?? {};
  // Every namespace of a cluster has this one.
  return { ...labels, "kubernetes.io/metadata.name": namespace };
}
