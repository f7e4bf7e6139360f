// A copy of any value as plain data: no getters, classes, cycles or shared parts, bounded in depth and size.
// The first thing that is done with a spec from outside; after it nothing of the caller's runs or changes underneath.
import { messageOf } from "../base/errors.js";
import { problemAt, type SpecProblem } from "./problem-list.js";
import type { SpecPath } from "./spec-path.js";

const maxDepth = 64;
const maxNodes = 200_000;

export interface PlainCopy {
  readonly value: unknown;
  readonly problems: readonly SpecProblem[];
}

export interface PlainOptions {
  /** A valid Date becomes ISO 8601. Default false: it is no plain data. */
  readonly dates?: boolean;
}

/** What is no plain data becomes null in the copy, with a problem. */
export function toPlain(value: unknown, options: PlainOptions = {}): PlainCopy {
  const copier = new Copier(options);
  return { value: copier.copy(value, []), problems: copier.problems };
}

class Copier {
  readonly problems: SpecProblem[] = [];
  readonly #open = new Set<object>();
  readonly #dates: boolean;
  #nodes = 0;

  constructor({ dates = false }: PlainOptions) {
    this.#dates = dates;
  }

  copy(value: unknown, path: SpecPath): unknown {
    if (this.#nodes > maxNodes) return null;
    if (++this.#nodes > maxNodes) return this.#refuse(path, "has too many entries");
    if (typeof value !== "object" || value === null) return this.#leaf(value, path);
    if (this.#open.has(value)) return this.#refuse(path, "refers to something that it is part of");
    if (path.length > maxDepth) return this.#refuse(path, "is nested too deeply");
    this.#open.add(value);
    const copied = this.#object(value, path);
    this.#open.delete(value);
    return copied;
  }

  #leaf(value: unknown, path: SpecPath): unknown {
    const plain = ["string", "number", "boolean", "undefined"].includes(typeof value) || value === null;
    return plain ? value : this.#refuse(path, `is a ${typeof value}, which is no plain data`);
  }

  #object(value: object, path: SpecPath): unknown {
    try {
      if (Array.isArray(value)) return Array.from(value, (item, index) => this.copy(item, [...path, index]));
      if (this.#dates && value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
      const prototype: unknown = Object.getPrototypeOf(value);
      const entries = Object.entries(value);
      const isInstance = prototype !== null && Object.getPrototypeOf(prototype) !== null;
      if (isInstance && entries.length === 0) return this.#refuse(path, "is no plain data");
      const present = entries.map(([key, member]) => [key, this.copy(member, [...path, key])] as const);
      return Object.fromEntries(present.filter(([, member]) => member !== undefined));
    } catch (error) {
      // A getter or a proxy of the caller's threw.
      return this.#refuse(path, `cannot be read: ${messageOf(error)}`);
    }
  }

  #refuse(path: SpecPath, message: string): null {
    this.problems.push(problemAt(path, message));
    return null;
  }
}
