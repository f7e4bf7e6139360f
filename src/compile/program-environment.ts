// The variables that a service's programs are given, but for those that differ from instance to instance.
import type { AppSpec, ServiceSpec } from "../model/app-spec.js";
import { urlVariable } from "../model/service-names.js";
import type { Settings } from "../model/settings.js";
import { edgeName, egressName, meshHost, type Ports, portOf } from "./needed-ports.js";

export type Variables = Readonly<Record<string, string>>;

/** Of the channel between a Node process and its parent; a program that inherits them takes the parent's messages. */
const nodeInternal = new Set(["NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE", "NODE_UNIQUE_ID"]);

/** What the controller's own environment hands down: everything but what is for Tusk or for its process alone. */
export function inheritedVariables(environment: Readonly<Record<string, string | undefined>>): Variables {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !entry[0].startsWith("TUSK_") && !nodeInternal.has(entry[0]),
  );
  return Object.fromEntries(kept);
}

export interface MeshVariablesInput {
  readonly spec: AppSpec;
  readonly service: ServiceSpec;
  readonly settings: Settings;
  readonly ports: Ports;
}

/** Who it is and where it reaches others: one URL per declared callee, one forward proxy for all that it may call. */
export function meshVariables({ spec, service, settings, ports }: MeshVariablesInput): Variables {
  const self = { TUSK_APP: spec.name, TUSK_SERVICE: service.name };
  if (!settings.SERVICE_MESH_ENABLED) return self;
  const url = (key: string): string => `http://${meshHost}:${portOf(ports, key)}`;
  const urls = (service.calls ?? []).map(
    (callee) => [urlVariable(callee), url(edgeName(service.name, callee))] as const,
  );
  return { ...self, TUSK_EGRESS: url(egressName(service.name)), ...Object.fromEntries(urls) };
}

/** Variables whose value is the address of a callee's instance, picked when the program starts: the mesh is off. */
export function directUrls(service: ServiceSpec, settings: Settings): Variables {
  if (settings.SERVICE_MESH_ENABLED) return {};
  return Object.fromEntries((service.calls ?? []).map((callee) => [urlVariable(callee), callee]));
}
