// Draws an index with the chance of its weight: in constant time where all weigh the same, else by binary search.
// Made once for a list of candidates, whose weights must not change after that.
import type { Rng } from "../base/clock.js";

interface Weighted {
  readonly weight: number;
}

export class WeightTable {
  readonly size: number;
  readonly isUniform: boolean;
  /** Running sums; empty where all weigh the same. */
  readonly #sums: Float64Array;

  constructor(items: readonly Weighted[]) {
    const [first] = items;
    this.size = items.length;
    // Where all weigh 0, each is as good as the others.
    this.isUniform = items.every(({ weight }) => weight === first?.weight);
    this.#sums = new Float64Array(this.isUniform ? 0 : items.length);
    let total = 0;
    for (let index = 0; index < this.#sums.length; index++) {
      total += items[index]?.weight ?? 0;
      this.#sums[index] = total;
    }
  }

  /** -1: there is nothing. */
  draw(rng: Rng): number {
    if (this.isUniform) return this.size === 0 ? -1 : Math.floor(rng() * this.size);
    const point = rng() * (this.#sums[this.size - 1] ?? 0);
    let low = 0;
    let high = this.size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sums[middle] ?? 0) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Another one than `index`, by weight as far as that is to be had; of two or more. */
  drawOther(index: number, rng: Rng): number {
    if (this.isUniform || this.size === 2) return (index + 1 + Math.floor(rng() * (this.size - 1))) % this.size;
    for (let tries = 0; tries < 4; tries++) {
      const other = this.draw(rng);
      if (other !== index) return other;
    }
    return (index + 1 + Math.floor(rng() * (this.size - 1))) % this.size;
  }
}

/** The table of the list that was asked for last: it stays the same list until the fleet changes. */
export class LastWeightTable {
  #items: readonly Weighted[] | null = null;
  #table = new WeightTable([]);

  of(items: readonly Weighted[]): WeightTable {
    if (items !== this.#items) {
      this.#items = items;
      this.#table = new WeightTable(items);
    }
    return this.#table;
  }
}
