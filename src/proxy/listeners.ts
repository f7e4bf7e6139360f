// The worker's open listeners: one HTTP server for each socket that the keeper handed over.

import { dispatch } from "./dispatch.js";
import type { DispatchContext } from "./dispatch-context.js";
import { HttpServer } from "./http1/http-server.js";

export class HttpListeners {
  readonly #context: DispatchContext;
  readonly #open = new Map<string, HttpServer>();
  /** Closed, with requests still in flight. */
  readonly #draining = new Set<HttpServer>();
  readonly #retiring = new Set<Promise<void>>();

  constructor(context: DispatchContext) {
    this.#context = context;
  }

  get inFlight(): number {
    return [...this.#open.values(), ...this.#draining].reduce((sum, server) => sum + server.inFlight, 0);
  }

  get descriptors(): readonly { readonly name: string; readonly fd: number }[] {
    return [...this.#open].map(([name, server]) => ({ name, fd: server.descriptor })).filter(({ fd }) => fd >= 0);
  }

  async open(name: string, handle: object): Promise<void> {
    const before = this.#open.get(name);
    const server = new HttpServer({
      name,
      deadlines: this.#context.deadlines,
      tls: () => this.#context.dataPlane.router(name)?.tls ?? null,
      onExchange: (exchange) => dispatch(exchange, this.#context),
      onRefused: (listener, code) => this.#context.dataPlane.edges.of(listener, "").countRefusal(code),
    });
    await server.listen(handle);
    this.#open.set(name, server);
    if (before) this.#retire(before);
  }

  close(name: string): void {
    const server = this.#open.get(name);
    this.#open.delete(name);
    if (server) this.#retire(server);
  }

  /** Resolves when every request in flight is answered. */
  async drain(): Promise<void> {
    for (const name of [...this.#open.keys()]) this.close(name);
    await Promise.all(this.#retiring);
  }

  #retire(server: HttpServer): void {
    this.#draining.add(server);
    const retiring = server.drain().then(() => {
      this.#draining.delete(server);
      this.#retiring.delete(retiring);
    });
    this.#retiring.add(retiring);
  }
}
