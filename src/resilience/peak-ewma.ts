// Peak EWMA: of two candidates drawn by weight, the one whose next answer is expected sooner: its latency, which rises at
// once and falls slowly, times its requests in flight (as in Finagle). For instances of unequal speed.
import type { Candidate, Draw, LoadBalancer } from "./load-balancer.js";
import { LastWeightTable } from "./weight-table.js";

/** A difference smaller than this is noise: it must not outweigh the weights. */
const clearlyLess = 0.8;

export class PeakEwma<C extends Candidate> implements LoadBalancer<C> {
  readonly #tables = new LastWeightTable();

  pick(candidates: readonly C[], draw: Draw, among = candidates): C | undefined {
    if (among.length <= 1) return among[0];
    const table = this.#tables.of(among);
    const index = table.draw(draw.rng);
    const first = among[index];
    const second = among[table.drawOther(index, draw.rng)];
    if (first === undefined || second === undefined) return first ?? second;
    const now = draw.now();
    return costOf(second, now) < clearlyLess * costOf(first, now) ? second : first;
  }
}

/** One that has not answered yet gets one request at a time. */
function costOf({ latency, weight, inFlight }: Candidate, now: number): number {
  if (weight === 0) return Number.POSITIVE_INFINITY;
  const ms = latency.read(now);
  if (Number.isNaN(ms)) return inFlight === 0 ? 0 : Number.MAX_VALUE;
  return ms * (1 + inFlight / weight);
}
