// Power of two choices: of two different candidates drawn at random, the one with less in flight for its weight.
// Nearly as even as comparing all of them, and does not stampede to one (Mitzenmacher, 2001). Both are drawn by weight
// and a tie goes to the first, so that the weights hold at low traffic too, where nothing is ever in flight.
import type { Candidate, Draw, LoadBalancer } from "./load-balancer.js";
import { LastWeightTable } from "./weight-table.js";

export class LeastRequest<C extends Candidate> implements LoadBalancer<C> {
  readonly #tables = new LastWeightTable();

  pick(candidates: readonly C[], { rng }: Draw, among = candidates): C | undefined {
    if (among.length <= 1) return among[0];
    const table = this.#tables.of(among);
    const index = table.draw(rng);
    const first = among[index];
    const second = among[table.drawOther(index, rng)];
    if (first === undefined || second === undefined) return first ?? second;
    return loadOf(second) < loadOf(first) ? second : first;
  }
}

function loadOf({ weight, inFlight }: Candidate): number {
  return weight === 0 ? Number.POSITIVE_INFINITY : inFlight / weight;
}
