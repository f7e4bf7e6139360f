// Consistent hashing on a ring: each candidate stands at many points of it, by its weight, and a request goes to the
// first point after its hash (Karger et al., 1997). When a candidate goes, only what belonged to it moves.
import { hashText } from "./hash-text.js";
import type { Candidate, Draw, LoadBalancer } from "./load-balancer.js";

/** Of the heaviest candidate, in a small fleet: shares are within some percent of the weights. */
const mostPoints = 512;
const fewestPoints = 4;
const pointsInAll = 65_536;
/** A point is its hash and, below it, the candidate's index. */
const indexes = 2 ** 20;

export class RingHash<C extends Candidate> implements LoadBalancer<C> {
  #candidates: readonly C[] | null = null;
  #points = new Float64Array(0);

  pick(candidates: readonly C[], { hash }: Draw, among = candidates): C | undefined {
    if (among.length <= 1) return among[0];
    if (candidates !== this.#candidates) this.#build(candidates);
    const size = this.#points.length;
    const start = firstAtLeast(this.#points, hash * indexes);
    for (let step = 0; step < size; step++) {
      const owner = candidates[(this.#points[(start + step) % size] ?? 0) % indexes];
      if (owner !== undefined && (among === candidates || among.includes(owner))) return owner;
    }
    return among[0];
  }

  #build(candidates: readonly C[]): void {
    const heaviest = Math.max(...candidates.map(({ weight }) => weight));
    const most = pointsOfHeaviest(candidates.length);
    const points: number[] = [];
    for (const [index, { id, weight }] of candidates.entries()) {
      const share = heaviest === 0 ? 1 : weight / heaviest;
      const count = share === 0 ? 0 : Math.max(1, Math.round(most * share));
      for (let point = 0; point < count; point++) points.push(hashText(id, point + 1) * indexes + index);
    }
    this.#points = Float64Array.from(points).sort();
    this.#candidates = candidates;
  }
}

/** A power of two, so that one candidate more rarely changes the points of the others. */
function pointsOfHeaviest(candidates: number): number {
  let points = mostPoints;
  while (points > fewestPoints && points * candidates > pointsInAll) points /= 2;
  return points;
}

function firstAtLeast(sorted: Float64Array, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
