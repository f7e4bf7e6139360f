// Bound TCP sockets that nobody in this process accepts on. A listening socket that node:net owns would take
// connections here; a handle from the call that Node's cluster module uses for its shared handles does not, and its
// descriptor keeps the kernel's queue of waiting connections alive while workers come and go.
import net, { isIPv6 } from "node:net";
import { getSystemErrorName } from "node:util";

export interface NativeSocket {
  readonly fd: number;
  close(): void;
  getsockname(out: { port?: number }): number;
}

type CreateServerHandle = (
  address: string | null,
  port: number,
  addressType: number,
  fd?: number,
  flags?: number,
) => NativeSocket | number;

function createHandle(...args: Parameters<CreateServerHandle>): NativeSocket {
  const create = (net as unknown as { _createServerHandle?: CreateServerHandle })._createServerHandle;
  if (!create) throw new Error("this release of Node cannot bind a socket without accepting on it");
  const made = create(...args);
  if (typeof made === "number") throw systemError(made);
  return made;
}

/** Binds; the port of the result is known at once. Throws an error whose `code` is the system's. */
export function bindSocket(host: string, port: number): { readonly socket: NativeSocket; readonly port: number } {
  const socket = createHandle(host, port, isIPv6(host) ? 6 : 4);
  const name: { port?: number } = {};
  // A port in use is told here and not by the bind itself.
  const failed = socket.getsockname(name);
  if (failed !== 0) {
    socket.close();
    throw systemError(failed);
  }
  return { socket, port: name.port ?? port };
}

/** Takes over an inherited descriptor. */
export function openSocket(fd: number): NativeSocket {
  return createHandle(null, 0, -1, fd);
}

function systemError(number: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(number);
  return Object.assign(new Error(`cannot bind: ${code}`), { code });
}
