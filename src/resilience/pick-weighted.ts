// The choice of a backend by weight. Pure.
import type { Rng } from "../base/clock.js";

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
