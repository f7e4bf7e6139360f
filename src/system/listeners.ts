// Who listens on a TCP port: sockets from /proc/net, and which processes hold them open.
// An open listening socket is proved by one link read (see stillHolds), which is cheap enough for every second.
import { readdirSync, readlinkSync } from "node:fs";
import { commandLine, identify, isAlive, listPids, type ProcessIdentity, readProcFile } from "./proc.js";

export interface ListeningSocket {
  readonly port: number;
  /** Hexadecimal as the kernel prints it; see `reachableOnLoopback`. */
  readonly address: string;
  readonly inode: string;
}

/** One process that holds one listening socket, and by which descriptor. */
export interface SocketHolder {
  readonly process: ProcessIdentity;
  readonly descriptor: string;
  readonly inode: string;
}

const listenState = "0A";
// 127.0.0.1, 0.0.0.0, :: and ::ffff:127.0.0.1, in the kernel's byte order.
const loopbackAddresses = new Set([
  "0100007F",
  "00000000",
  "00000000000000000000000000000000",
  "0000000000000000FFFF00000100007F",
]);

/**
 * All listening TCP sockets of this network namespace, of one port when it is given. Costs some milliseconds, because
 * the kernel walks its whole table of connections: not for every second.
 */
export function listeningSockets(port?: number): ListeningSocket[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningIn(table, port));
}

/** The sockets at which a connection to 127.0.0.1:port can end; the kernel prefers IPv4's to IPv6's. */
export function loopbackListeners(port: number): ListeningSocket[] {
  const own = listeningIn("/proc/net/tcp", port).filter(reachableOnLoopback);
  return own.length > 0 ? own : listeningIn("/proc/net/tcp6", port).filter(reachableOnLoopback);
}

function listeningIn(table: string, port?: number): ListeningSocket[] {
  const wanted = port === undefined ? "" : `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  // The second table is missing where the machine has no IPv6.
  return (readProcFile(table) ?? "")
    .split("\n")
    .filter((line) => line.includes(wanted))
    .map(parseLine)
    .filter((socket): socket is ListeningSocket => socket !== null && (port === undefined || socket.port === port));
}

function parseLine(line: string): ListeningSocket | null {
  const fields = line.trim().split(/\s+/);
  const [address, port] = (fields[1] ?? "").split(":");
  const inode = fields[9];
  if (fields[3] !== listenState || !address || !port || !inode) return null;
  return { address, port: Number.parseInt(port, 16), inode };
}

/** Whether a connection to 127.0.0.1 can end at this socket. */
function reachableOnLoopback(socket: ListeningSocket): boolean {
  return loopbackAddresses.has(socket.address);
}

/** Which of these sockets one process holds. Empty when it is gone or may not be looked at. */
export function socketsHeldBy(pid: number, inodes: ReadonlySet<string>): SocketHolder[] {
  if (inodes.size === 0) return [];
  const process = identify(pid);
  if (process === null) return [];
  return descriptorsOf(pid).flatMap((descriptor) => {
    const inode = socketOf(pid, descriptor);
    return inode !== null && inodes.has(inode) ? [{ process, descriptor, inode }] : [];
  });
}

/** False for a process of another user, or one with more rights than ours. */
export function mayReadDescriptors(pid: number): boolean {
  try {
    readdirSync(`/proc/${pid}/fd`);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EACCES";
  }
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    // Gone between two looks, or another user's.
    return [];
  }
}

function socketOf(pid: number, descriptor: string): string | null {
  try {
    const target = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    return target.startsWith("socket:[") ? target.slice(8, -1) : null;
  } catch {
    // Closed between two looks.
    return null;
  }
}

/** The very same socket is still open in the very same process. */
export function stillHolds(holder: SocketHolder): boolean {
  return socketOf(holder.process.pid, holder.descriptor) === holder.inode && isAlive(holder.process);
}

/** The processes that hold one of these sockets, among all that we may look at. */
export function holdersOf(sockets: readonly ListeningSocket[]): readonly number[] {
  const inodes = new Set(sockets.map((socket) => socket.inode));
  return listPids().filter((pid) => socketsHeldBy(pid, inodes).length > 0);
}

/** For people: `pid 4711 (node server.js)`, or that it cannot be seen. */
export function describeHolders(holders: readonly number[]): string {
  if (holders.length === 0) return "a process of another user";
  return holders.map((pid) => `pid ${pid} (${commandLine(pid).slice(0, 120)})`).join(", ");
}
