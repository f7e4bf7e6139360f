// The instances of one service, with the answers to lookups. After a change an answer is mended rather than made anew:
// in a service of thousands that is the difference between copying a list and going through it. Data only.
import type { LookupQuery, RegisteredInstance } from "./registry.js";
import { isUsable } from "./standing.js";

interface Answer {
  readonly query: LookupQuery;
  readonly list: readonly RegisteredInstance[];
  /** Number of changes that it takes into account. */
  readonly changes: number;
}

interface Change {
  /** Place of the instance in the order of arrival. */
  readonly rank: number;
  /** Undefined: gone. */
  readonly instance: RegisteredInstance | undefined;
}

/** Answers kept per service. Beyond it the oldest are dropped: tags come from callers and could be anything. */
const maxAnswers = 256;
/** An answer that is further behind is made anew. */
const maxMended = 16;

export class Shelf {
  readonly #instances = new Map<string, { readonly rank: number; readonly instance: RegisteredInstance }>();
  readonly #ranks = new WeakMap<RegisteredInstance, number>();
  readonly #answers = new Map<string, Answer>();
  /** The last ones; `#changes` counts all. */
  readonly #recent: Change[] = [];
  #changes = 0;
  #nextRank = 0;

  get isEmpty(): boolean {
    return this.#instances.size === 0;
  }

  /** Adds, or replaces the one of the same id in its place. */
  set(instance: RegisteredInstance): void {
    const rank = this.#instances.get(instance.id)?.rank ?? this.#nextRank++;
    this.#instances.set(instance.id, { rank, instance });
    this.#ranks.set(instance, rank);
    this.#note({ rank, instance });
  }

  delete(id: string): void {
    const present = this.#instances.get(id);
    if (!present) return;
    this.#instances.delete(id);
    this.#note({ rank: present.rank, instance: undefined });
  }

  /** In the order of arrival. The same list until something changes; frozen. */
  lookup(query: LookupQuery): readonly RegisteredInstance[] {
    const key = answerKey(query);
    const known = this.#answers.get(key);
    if (known?.changes === this.#changes) return known.list;
    const list = Object.freeze(known ? this.#mended(known) : this.#select(query));
    if (!known && this.#answers.size >= maxAnswers) dropOldest(this.#answers);
    this.#answers.set(key, { query: known?.query ?? { ...query }, list, changes: this.#changes });
    return list;
  }

  #note(change: Change): void {
    this.#changes++;
    this.#recent.push(change);
    if (this.#recent.length > maxMended) this.#recent.shift();
  }

  #mended(answer: Answer): RegisteredInstance[] {
    const missed = this.#changes - answer.changes;
    if (missed > this.#recent.length) return this.#select(answer.query);
    // Spreading is the fast copy; slice() of a frozen list is fifty times slower.
    const list = [...answer.list];
    for (const change of this.#recent.slice(-missed)) this.#mend(list, change, answer.query);
    return list;
  }

  #mend(list: RegisteredInstance[], { rank, instance }: Change, query: LookupQuery): void {
    const at = this.#firstFrom(list, rank);
    const found = list[at];
    const isIn = found !== undefined && this.#ranks.get(found) === rank;
    if (instance && matches(instance, query)) list.splice(at, isIn ? 1 : 0, instance);
    else if (isIn) list.splice(at, 1);
  }

  /** Index of the first one that did not arrive before `rank`: they are in that order. */
  #firstFrom(list: readonly RegisteredInstance[], rank: number): number {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const one = list[middle];
      if (one !== undefined && (this.#ranks.get(one) ?? 0) < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #select(query: LookupQuery): RegisteredInstance[] {
    const found: RegisteredInstance[] = [];
    for (const { instance } of this.#instances.values()) if (matches(instance, query)) found.push(instance);
    return found;
  }
}

function answerKey({ healthyOnly, tags }: LookupQuery): string {
  const health = healthyOnly === false ? "all" : "healthy";
  if (tags === undefined || tags.length === 0) return health;
  return `${health}${JSON.stringify([...new Set(tags)].sort())}`;
}

function matches(instance: RegisteredInstance, { healthyOnly, tags = [] }: LookupQuery): boolean {
  if (healthyOnly !== false && !isUsable(instance.state)) return false;
  return tags.every((tag) => instance.tags.includes(tag));
}

function dropOldest(answers: Map<string, unknown>): void {
  const [oldest] = answers.keys();
  if (oldest !== undefined) answers.delete(oldest);
}
