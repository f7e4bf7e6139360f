// What a status needs to know of the past: the generation of an object whose file gives none, and when each condition
// got its present value. Pure.
import { contentHash } from "../../base/hash.js";
import { nameOf } from "../../compile/gateway-api/object-set.js";
import type { StatusContext } from "../../compile/gateway-api/statuses.js";
import type { LoadedObject } from "../../model/kubernetes/parse-objects.js";

interface Generation {
  readonly hash: string;
  readonly generation: number;
}

interface Transition {
  readonly status: string;
  readonly at: string;
}

export interface StatusBook {
  readonly generations: ReadonlyMap<string, Generation>;
  readonly transitions: ReadonlyMap<string, Transition>;
}

export const emptyBook: StatusBook = { generations: new Map(), transitions: new Map() };

/** The book fills while the context is used; what is not asked for any more is forgotten. */
export function turnPage(
  before: StatusBook,
  nowMs: number,
): { readonly book: StatusBook; readonly context: StatusContext } {
  const generations = new Map<string, Generation>();
  const transitions = new Map<string, Transition>();
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z");
  return {
    book: { generations, transitions },
    context: {
      generationOf: (loaded) => {
        const key = `${loaded.object.kind} ${nameOf(loaded)}`;
        const known = generations.get(key) ?? nextGeneration(loaded, before.generations.get(key));
        generations.set(key, known);
        return known.generation;
      },
      timeOf: (place, { type, status }) => {
        const key = `${place} ${type}`;
        const known = before.transitions.get(key);
        const transition = known?.status === status ? known : { status, at: now };
        transitions.set(key, transition);
        return transition.at;
      },
    },
  };
}

/** As the API server counts: up with each change of the spec. */
function nextGeneration({ object }: LoadedObject, before: Generation | undefined): Generation {
  const hash = contentHash("spec" in object ? object.spec : null);
  const counted = before === undefined ? 1 : before.generation + (before.hash === hash ? 0 : 1);
  return { hash, generation: object.metadata.generation ?? counted };
}
