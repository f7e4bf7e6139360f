// Sockets of accepted connections that read into a buffer of ours instead of allocating one for each read, which is a
// tenth of the cost of a small request. node:net offers this for connections that it makes and, by options that are
// not documented (`handle`, with the listening handle's `onconnection`), for those that it accepts. Where a release
// of Node does not have them, the ordinary events serve, only slower.
import { type Server, Socket, type SocketConstructorOpts } from "node:net";

export interface ReadHooks {
  /** Called before the first read and after each: undefined keeps the buffer. */
  readonly buffer: () => Uint8Array | undefined;
  /** The first `length` of `bytes` were read. */
  readonly callback: (length: number, bytes: Buffer) => boolean;
}

/** Makes the socket of one accepted connection. To be called at once. Without hooks: an ordinary one. */
export type OpenSocket = (hooks?: ReadHooks) => Socket;

interface ListeningHandle {
  onconnection?: (error: number, client: object | undefined) => void;
}

/** After `listen`. */
export function acceptSockets(server: Server, onAccept: (open: OpenSocket) => void): void {
  const handle = (server as unknown as { _handle?: ListeningHandle | null })._handle;
  if (typeof handle?.onconnection !== "function") {
    server.on("connection", (socket) => onAccept((hooks) => (hooks ? withEvents(socket, hooks) : socket)));
    return;
  }
  handle.onconnection = (error, client) => {
    // A connection that failed before it was accepted, or no descriptor left: the next one may succeed.
    if (error === 0 && client !== undefined) onAccept((hooks) => withBuffer(client, hooks));
  };
}

function withBuffer(handle: object, onread: ReadHooks | undefined): Socket {
  const options = { handle, ...(onread ? { onread } : {}), allowHalfOpen: true, readable: true, writable: true };
  return new Socket(options as SocketConstructorOpts);
}

export function withEvents(socket: Socket, hooks: ReadHooks): Socket {
  return socket.on("data", (chunk: Buffer) => void hooks.callback(chunk.length, chunk));
}
