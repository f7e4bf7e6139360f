// The listening sockets that the keeper holds, by name. Binding only: who listens on them is the workers' part.
import type { BoundListener } from "./ipc.js";
import { bindSocket, type NativeSocket, openSocket } from "./native-socket.js";
import type { ListenRequest, ListenResult } from "./protocol.js";

export interface HeldSocket extends BoundListener {
  readonly socket: NativeSocket;
}

type FailureCode = Extract<ListenResult, { ok: false }>["code"];
const failureCodes: readonly string[] = ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "EINVAL"] satisfies FailureCode[];

export class Sockets {
  readonly #held = new Map<string, HeldSocket>();

  entries(): readonly HeldSocket[] {
    return [...this.#held.values()];
  }

  get(name: string): HeldSocket | undefined {
    return this.#held.get(name);
  }

  /** The same place under the same name is the same socket. A port once taken from the free ones is kept. */
  matches(request: ListenRequest): boolean {
    const held = this.#held.get(request.name);
    if (held?.host !== request.host) return false;
    return held.port === request.port || held.boundPort === request.port;
  }

  /** Binds and remembers; `former` was held under the name and is still open. Throws the system's error. */
  bind(request: ListenRequest): { readonly held: HeldSocket; readonly former: HeldSocket | undefined } {
    const { socket, port } = bindSocket(request.host, request.port);
    const former = this.#held.get(request.name);
    const held = { ...request, socket, boundPort: port };
    this.#held.set(request.name, held);
    return { held, former };
  }

  /** Undoes a `bind`. */
  restore(name: string, former: HeldSocket | undefined): void {
    this.close(name);
    if (former) this.#held.set(name, former);
  }

  inherit(listener: BoundListener, fd: number): void {
    this.#held.set(listener.name, { ...listener, socket: openSocket(fd) });
  }

  close(name: string): void {
    this.#held.get(name)?.socket.close();
    this.#held.delete(name);
  }

  closeAll(): void {
    for (const name of [...this.#held.keys()]) this.close(name);
  }
}

export function failedResult(request: ListenRequest, error: unknown): ListenResult {
  const code = typeof error === "string" ? error : ((error as NodeJS.ErrnoException).code ?? "EINVAL");
  const known = (failureCodes.includes(code) ? code : "EINVAL") as FailureCode;
  const place = request.host.includes(":") ? `[${request.host}]:${request.port}` : `${request.host}:${request.port}`;
  return { name: request.name, ok: false, code: known, message: `cannot listen on ${place}: ${code}` };
}

export const heldResult = ({ name, boundPort }: BoundListener): ListenResult => ({ name, ok: true, port: boundPort });
