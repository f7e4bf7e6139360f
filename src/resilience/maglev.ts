// Consistent hashing by a lookup table (Eisenbud et al., "Maglev", 2016): each candidate fills the table in an order of
// its own, in turns by weight. One step for each request and shares that are almost exact; when a candidate goes, a
// few percent of what belonged to others move too, which a ring avoids.
import { hashText } from "./hash-text.js";
import type { Candidate, Draw, LoadBalancer } from "./load-balancer.js";

/** A prime, as in the paper's small table. */
const slots = 65_537;
const empty = 0xffff_ffff;

interface Filler {
  readonly index: number;
  /** Of one turn, at most 1. */
  readonly share: number;
  readonly skip: number;
  at: number;
  credit: number;
}

export class Maglev<C extends Candidate> implements LoadBalancer<C> {
  #candidates: readonly C[] | null = null;
  readonly #table = new Uint32Array(slots);

  pick(candidates: readonly C[], { hash }: Draw, among = candidates): C | undefined {
    if (among.length <= 1) return among[0];
    if (candidates !== this.#candidates) this.#build(candidates);
    for (let step = 0; step < slots; step++) {
      const owner = candidates[this.#table[(hash + step) % slots] ?? 0];
      if (owner !== undefined && (among === candidates || among.includes(owner))) return owner;
    }
    return among[0];
  }

  #build(candidates: readonly C[]): void {
    const fillers = fillersOf(candidates);
    this.#table.fill(empty);
    this.#candidates = candidates;
    for (let filled = 0; filled < slots; ) {
      for (const filler of fillers) {
        filler.credit += filler.share;
        if (filler.credit < 1) continue;
        filler.credit -= 1;
        this.#take(filler);
        if (++filled === slots) return;
      }
    }
  }

  #take(filler: Filler): void {
    while (this.#table[filler.at] !== empty) filler.at = (filler.at + filler.skip) % slots;
    this.#table[filler.at] = filler.index;
  }
}

/** In the order of their names, whatever the order of the list: each change of the order would move requests. */
function fillersOf(candidates: readonly Candidate[]): Filler[] {
  const heaviest = Math.max(...candidates.map(({ weight }) => weight));
  return candidates
    .map(({ id, weight }, index) => ({ id, index, share: heaviest === 0 ? 1 : weight / heaviest }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, index, share }) => ({
      index,
      share,
      at: hashText(id, 1) % slots,
      skip: 1 + (hashText(id, 2) % (slots - 1)),
      credit: 0,
    }));
}
