// Brings the held sockets to the wanted set, one change after another: what is new is bound and given to the workers
// before what is not wanted is taken away, and what cannot be bound leaves the rest as it is.
import type { BoundListener } from "./ipc.js";
import type { ListenRequest, ListenResult } from "./protocol.js";
import { failedResult, type HeldSocket, heldResult, Sockets } from "./sockets.js";

/** Those who listen on the sockets. */
export interface SocketHolders {
  /** Null when all of them listen on it, else the system's error code of the first that cannot. */
  hold(held: HeldSocket): Promise<string | null>;
  /** Resolves when none of them accepts on it any more. */
  release(name: string): Promise<void>;
}

export class ListenerSet {
  readonly #holders: SocketHolders;
  readonly #sockets = new Sockets();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(holders: SocketHolders) {
    this.#holders = holders;
  }

  get held(): readonly HeldSocket[] {
    return this.#sockets.entries();
  }

  get results(): ListenResult[] {
    return this.held.map(heldResult);
  }

  /** Throws for what is not a list of listeners. */
  set(wanted: readonly ListenRequest[]): Promise<ListenResult[]> {
    if (!Array.isArray(wanted) || !wanted.every(isListenRequest))
      throw new Error("listeners: a list of { name, host, port }");
    const mine = this.#turn.then(() => this.#set(wanted));
    this.#turn = mine.catch(() => {
      // Reported to whoever asked; the next change starts from what is held.
    });
    return mine;
  }

  /** Takes over descriptors of a dead keeper; `names[i]` is descriptor `first + i`. */
  inherit(listeners: readonly BoundListener[], names: readonly string[], first: number): void {
    names.forEach((name, index) => {
      const listener = listeners.find((entry) => entry.name === name);
      if (listener) this.#sockets.inherit(listener, first + index);
    });
  }

  closeAll(): void {
    this.#sockets.closeAll();
  }

  async #set(wanted: readonly ListenRequest[]): Promise<ListenResult[]> {
    const results = await Promise.all(wanted.map((request) => this.#ensure(request)));
    const names = new Set(wanted.map((request) => request.name));
    await Promise.all(this.held.filter(({ name }) => !names.has(name)).map(({ name }) => this.#drop(name)));
    return results;
  }

  async #ensure(request: ListenRequest): Promise<ListenResult> {
    const held = this.#sockets.get(request.name);
    if (held && this.#sockets.matches(request)) return heldResult(held);
    // The same port at another address cannot be bound beside the old one.
    if (held && held.boundPort === request.port) return this.#exchange(held, request);
    return this.#bind(request);
  }

  async #bind(request: ListenRequest): Promise<ListenResult> {
    try {
      const { held, former } = this.#sockets.bind(request);
      const error = await this.#holders.hold(held);
      if (error !== null) {
        this.#sockets.restore(request.name, former);
        return failedResult(request, error);
      }
      // The workers have moved over: what they held under the name before is drained.
      former?.socket.close();
      return heldResult(held);
    } catch (error) {
      return failedResult(request, error);
    }
  }

  async #exchange(held: HeldSocket, request: ListenRequest): Promise<ListenResult> {
    await this.#drop(held.name);
    const result = await this.#bind(request);
    if (!result.ok) await this.#bind({ name: held.name, host: held.host, port: held.boundPort });
    return result;
  }

  async #drop(name: string): Promise<void> {
    await this.#holders.release(name);
    this.#sockets.close(name);
  }
}

function isListenRequest(value: unknown): value is ListenRequest {
  const { name, host, port } = (value ?? {}) as Partial<ListenRequest>;
  return (
    typeof name === "string" &&
    typeof host === "string" &&
    Number.isInteger(port) &&
    (port as number) >= 0 &&
    (port as number) <= 65_535
  );
}
