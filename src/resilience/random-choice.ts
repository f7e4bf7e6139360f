// Each by the chance of its weight, whatever it is busy with.
import type { Candidate, Draw, LoadBalancer } from "./load-balancer.js";
import { LastWeightTable } from "./weight-table.js";

export class RandomChoice<C extends Candidate> implements LoadBalancer<C> {
  readonly #tables = new LastWeightTable();

  pick(candidates: readonly C[], { rng }: Draw, among = candidates): C | undefined {
    return among[this.#tables.of(among).draw(rng)];
  }
}
