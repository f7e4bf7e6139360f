// When requests in service finish, earliest first: a binary heap of numbers.

export class FinishTimes {
  readonly #heap: number[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Infinite when nothing is in service. */
  get earliest(): number {
    return this.#heap[0] ?? Number.POSITIVE_INFINITY;
  }

  add(time: number): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= time) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = time;
  }

  removeEarliest(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && (heap[left + 1] as number) < (heap[left] as number) ? left + 1 : left;
      const below = heap[child] as number;
      if (below >= last) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
