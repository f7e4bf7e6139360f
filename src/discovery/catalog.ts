// Who is there, by id and by service. Data only: no time, no health rules, no listeners.
import type { LookupQuery, RegisteredInstance } from "./registry.js";
import { Shelf } from "./shelf.js";

const none: readonly RegisteredInstance[] = Object.freeze([]);

export class Catalog {
  readonly #byId = new Map<string, RegisteredInstance>();
  readonly #byService = new Map<string, Shelf>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): RegisteredInstance | undefined {
    return this.#byId.get(id);
  }

  services(): readonly string[] {
    return [...this.#byService.keys()].sort();
  }

  all(): IterableIterator<RegisteredInstance> {
    return this.#byId.values();
  }

  /** Adds, or replaces the one of the same id, which must be of the same service. */
  set(instance: RegisteredInstance): void {
    const frozen = Object.freeze(instance);
    this.#byId.set(frozen.id, frozen);
    this.#shelf(frozen.service).set(frozen);
  }

  delete(id: string): void {
    const instance = this.#byId.get(id);
    if (instance === undefined) return;
    this.#byId.delete(id);
    const shelf = this.#shelf(instance.service);
    shelf.delete(id);
    if (shelf.isEmpty) this.#byService.delete(instance.service);
  }

  lookup(service: string, query: LookupQuery = {}): readonly RegisteredInstance[] {
    return this.#byService.get(service)?.lookup(query) ?? none;
  }

  #shelf(service: string): Shelf {
    const present = this.#byService.get(service);
    if (present !== undefined) return present;
    const shelf = new Shelf();
    this.#byService.set(service, shelf);
    return shelf;
  }
}
