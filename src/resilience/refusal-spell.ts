// A time in which requests are refused for one reason. People are told of its beginning and of its end with the count,
// and not of each refusal: under overload there are thousands a second.

/** Without a refusal for this long, it is over. */
export const spellQuietMs = 5_000;

export class RefusalSpell {
  #count = 0;
  #lastMs = 0;

  /** True: this refusal begins one. */
  count(now: number): boolean {
    this.#count++;
    this.#lastMs = now;
    return this.#count === 1;
  }

  /** The number of its refusals, when it is over; then it is forgotten. Null: it goes on. */
  end(now: number): number | null {
    if (now - this.#lastMs < spellQuietMs) return null;
    const count = this.#count;
    this.#count = 0;
    return count;
  }
}
