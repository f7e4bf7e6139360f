// Who is there, indexed by service, with the answers to lookups kept until something in that service changes.
// Data only: no time, no health rules, no listeners.
import type { LookupQuery, RegisteredInstance } from "./registry.js";
import { isUsable } from "./standing.js";

interface Shelf {
  readonly instances: Map<string, RegisteredInstance>;
  readonly answers: Map<string, readonly RegisteredInstance[]>;
}

const none: readonly RegisteredInstance[] = Object.freeze([]);

/** Answers kept per service. Beyond it the oldest are dropped: tags come from callers and could be anything. */
const maxAnswers = 256;

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
    const shelf = this.#shelf(frozen.service);
    shelf.instances.set(frozen.id, frozen);
    shelf.answers.clear();
  }

  delete(id: string): void {
    const instance = this.#byId.get(id);
    if (instance === undefined) return;
    this.#byId.delete(id);
    const shelf = this.#shelf(instance.service);
    shelf.instances.delete(id);
    shelf.answers.clear();
    if (shelf.instances.size === 0) this.#byService.delete(instance.service);
  }

  lookup(service: string, query: LookupQuery = {}): readonly RegisteredInstance[] {
    const shelf = this.#byService.get(service);
    if (shelf === undefined) return none;
    const key = answerKey(query);
    const known = shelf.answers.get(key);
    if (known !== undefined) return known;
    const answer = Object.freeze(select(shelf.instances, query));
    if (shelf.answers.size >= maxAnswers) dropOldest(shelf.answers);
    shelf.answers.set(key, answer);
    return answer;
  }

  #shelf(service: string): Shelf {
    const present = this.#byService.get(service);
    if (present !== undefined) return present;
    const shelf: Shelf = { instances: new Map(), answers: new Map() };
    this.#byService.set(service, shelf);
    return shelf;
  }
}

function answerKey(query: LookupQuery): string {
  const health = query.healthyOnly === false ? "all" : "healthy";
  if (query.tags === undefined || query.tags.length === 0) return health;
  return `${health}${JSON.stringify([...new Set(query.tags)].sort())}`;
}

function select(instances: ReadonlyMap<string, RegisteredInstance>, query: LookupQuery): RegisteredInstance[] {
  const tags = query.tags ?? [];
  const found: RegisteredInstance[] = [];
  for (const instance of instances.values()) {
    if (query.healthyOnly !== false && !isUsable(instance.state)) continue;
    if (tags.every((tag) => instance.tags.includes(tag))) found.push(instance);
  }
  return found;
}

function dropOldest(answers: Map<string, unknown>): void {
  const [oldest] = answers.keys();
  if (oldest !== undefined) answers.delete(oldest);
}
