// Gives back the mesh's ports on which somebody else listens by now, before any instance is told of them: programs that
// were given such a URL would call a stranger, and take it for their callee.
import { dataPlaneProcesses } from "../keeper/runtime-files.js";
import type { PortLeases } from "../orchestrator/port-leases.js";
import { type ListeningSocket, listeningSockets, socketsHeldBy } from "../system/listeners.js";

/** Only for a start: the keeper and the workers of a former controller may hold the sockets, and keep them. */
export function releaseTakenPorts(leases: PortLeases, runtimeFolder: string): void {
  const ports = new Map([...leases.all()].filter(([key]) => isOfMesh(key)));
  if (ports.size === 0) return;
  const wanted = new Set(ports.values());
  const sockets = listeningSockets().filter(({ port }) => wanted.has(port));
  const strange = portsOfOthers(sockets, runtimeFolder);
  for (const [key, port] of ports) if (strange.has(port)) leases.release(key);
}

const isOfMesh = (key: string): boolean => key.startsWith("edge/") || key.startsWith("egress/");

function portsOfOthers(sockets: readonly ListeningSocket[], runtimeFolder: string): ReadonlySet<number> {
  if (sockets.length === 0) return new Set();
  const inodes = new Set(sockets.map(({ inode }) => inode));
  const own = new Set(
    dataPlaneProcesses(runtimeFolder).flatMap(({ pid }) => socketsHeldBy(pid, inodes).map(({ inode }) => inode)),
  );
  return new Set(sockets.filter(({ inode }) => !own.has(inode)).map(({ port }) => port));
}
