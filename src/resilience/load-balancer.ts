// Which of the usable endpoints takes the next request. Pure but for the balancer's own turn-taking;
// the caller hands in only endpoints that may be picked.
import type { Rng } from "../base/clock.js";

export interface Candidate {
  /** >= 0; 0 takes nothing as long as another weighs more. */
  readonly weight: number;
  readonly inFlight: number;
}

export type LoadBalancerKind = "round-robin" | "least-request" | "first";

export interface LoadBalancer<C extends Candidate> {
  /** Undefined only when there is no candidate. */
  pick(candidates: readonly C[], rng: Rng): C | undefined;
}

export function createLoadBalancer<C extends Candidate>(kind: LoadBalancerKind): LoadBalancer<C> {
  switch (kind) {
    case "round-robin":
      return new RoundRobin<C>();
    case "least-request":
      return { pick: pickLeastRequest };
    case "first":
      return { pick: (candidates) => candidates[0] };
  }
}

/** In turn when all weigh the same; otherwise smooth weighted round robin, so that a heavy one is not hit in bursts. */
class RoundRobin<C extends Candidate> implements LoadBalancer<C> {
  #turn = 0;
  #credit = new WeakMap<C, number>();

  pick(candidates: readonly C[]): C | undefined {
    const first = candidates[0];
    if (first === undefined || candidates.length === 1) return first;
    if (candidates.every((one) => one.weight === first.weight)) return candidates[this.#turn++ % candidates.length];
    return this.#pickSmooth(candidates);
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

/**
 * Power of two choices: of two different candidates drawn at random, the one with less in flight for its weight.
 * Nearly as even as comparing all of them, and does not stampede to one (Mitzenmacher, 2001).
 */
function pickLeastRequest<C extends Candidate>(candidates: readonly C[], rng: Rng): C | undefined {
  const size = candidates.length;
  if (size <= 1) return candidates[0];
  const firstIndex = Math.floor(rng() * size);
  const secondIndex = (firstIndex + 1 + Math.floor(rng() * (size - 1))) % size;
  const first = candidates[firstIndex];
  const second = candidates[secondIndex];
  if (first === undefined || second === undefined) return first ?? second;
  return loadOf(second) < loadOf(first) ? second : first;
}

function loadOf(candidate: Candidate): number {
  return candidate.weight === 0 ? Number.POSITIVE_INFINITY : (candidate.inFlight + 1) / candidate.weight;
}

/** One of `items`, each with the chance of its weight; undefined when all weights are 0. */
export function pickWeighted<T extends { readonly weight: number }>(items: readonly T[], rng: Rng): T | undefined {
  const only = items[0];
  if (items.length === 1 && only !== undefined) return only.weight > 0 ? only : undefined;
  let total = 0;
  for (const item of items) total += item.weight;
  let point = rng() * total;
  for (const item of items) {
    if (item.weight <= 0) continue;
    point -= item.weight;
    if (point < 0) return item;
  }
  return undefined;
}
