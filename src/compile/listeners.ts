// The sockets that the keeper must hold for a spec.
import type { AppSpec } from "../model/app-spec.js";
import type { Settings } from "../model/settings.js";
import { gatewayName, meshHost, meshPorts, type Ports, portOf } from "./needed-ports.js";

export interface ListenerSocket {
  readonly name: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface ListenersInput {
  readonly spec: AppSpec;
  readonly settings: Settings;
  readonly ports: Ports;
}

/** Gateway listeners first, then edges, then egress; each named like its listener in the proxy plan. */
export function compileListeners({ spec, settings, ports }: ListenersInput): ListenerSocket[] {
  const gateway = settings.API_GATEWAY_ENABLED ? spec.gateway.listeners : [];
  // Listeners of one address and port share the socket.
  const places = new Map(gateway.map((listener) => [gatewayName(listener), listener]));
  return [
    ...[...places].map(([name, { host, port }]) => ({ name, host, port })),
    ...meshPorts(spec, settings).map((name) => ({ name, host: meshHost, port: portOf(ports, name) })),
  ];
}
