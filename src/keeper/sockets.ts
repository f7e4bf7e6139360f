// The listening sockets that the keeper holds, by name.
import { bindSocket, type NativeSocket, openSocket } from "./native-socket.js";
import type { ListenRequest, ListenResult } from "./protocol.js";

interface Held extends ListenRequest {
  readonly socket: NativeSocket;
  readonly boundPort: number;
}

type FailureCode = Extract<ListenResult, { ok: false }>["code"];
const failureCodes: readonly string[] = ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "EINVAL"] satisfies FailureCode[];

export class Sockets {
  readonly #held = new Map<string, Held>();

  entries(): readonly Held[] {
    return [...this.#held.values()];
  }

  /** The same place under the same name is the same socket. */
  open(request: ListenRequest): { readonly result: ListenResult; readonly opened: NativeSocket | null } {
    const held = this.#held.get(request.name);
    if (held && held.host === request.host && (held.port === request.port || held.boundPort === request.port)) {
      return { result: { name: request.name, ok: true, port: held.boundPort }, opened: null };
    }
    try {
      const { socket, port } = bindSocket(request.host, request.port);
      this.close(request.name);
      this.#held.set(request.name, { ...request, socket, boundPort: port });
      return { result: { name: request.name, ok: true, port }, opened: socket };
    } catch (error) {
      return { result: failure(request, (error as NodeJS.ErrnoException).code ?? "EINVAL"), opened: null };
    }
  }

  /** A worker could not listen on it after all. */
  fail(name: string, code: string): ListenResult | null {
    const held = this.#held.get(name);
    if (!held) return null;
    this.close(name);
    return failure(held, code);
  }

  inherit(request: ListenRequest & { readonly boundPort: number }, fd: number): void {
    this.#held.set(request.name, { ...request, socket: openSocket(fd) });
  }

  close(name: string): void {
    this.#held.get(name)?.socket.close();
    this.#held.delete(name);
  }

  closeAll(): void {
    for (const name of [...this.#held.keys()]) this.close(name);
  }
}

function failure(request: ListenRequest, code: string): ListenResult {
  const known = (failureCodes.includes(code) ? code : "EINVAL") as FailureCode;
  return { name: request.name, ok: false, code: known, message: `${request.host}:${request.port}: ${code}` };
}
