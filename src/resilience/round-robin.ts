// In turn when all weigh the same; otherwise smooth weighted round robin, so that a heavy one is not hit in bursts.
import type { Candidate, Draw, LoadBalancer } from "./load-balancer.js";
import { LastWeightTable } from "./weight-table.js";

export class RoundRobin<C extends Candidate> implements LoadBalancer<C> {
  readonly #tables = new LastWeightTable();
  readonly #credit = new WeakMap<C, number>();
  #turn = 0;

  pick(candidates: readonly C[], _draw: Draw, among = candidates): C | undefined {
    if (among.length <= 1) return among[0];
    if (this.#tables.of(among).isUniform) return among[this.#turn++ % among.length];
    return this.#pickSmooth(among);
  }

  // Each gains its weight, the richest is picked and pays what all gained together.
  #pickSmooth(candidates: readonly C[]): C | undefined {
    let best: C | undefined;
    let bestCredit = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const one of candidates) {
      if (one.weight === 0) continue;
      total += one.weight;
      const credit = (this.#credit.get(one) ?? 0) + one.weight;
      this.#credit.set(one, credit);
      if (credit > bestCredit) {
        best = one;
        bestCredit = credit;
      }
    }
    if (best !== undefined) this.#credit.set(best, bestCredit - total);
    return best;
  }
}
