// From many members to one forecast: the median, weighted by how well each did in backtests. A median, because one
// member that runs away must not move it; weights by an inverse power, because learnt ones over-fit (Claeskens 2016).

/** 1/error³: sharp enough to leave out what is bad, too blunt to trust one member alone. */
export function weightOf(error: number): number {
  if (!Number.isFinite(error)) return 0;
  const bounded = Math.max(error, 1e-9);
  return 1 / (bounded * bounded * bounded);
}

/** Interpolated between the two values around half of the weight. NaN where no weight is above 0. */
export function weightedMedian(values: Float64Array, weights: ArrayLike<number>, order: Uint16Array): number {
  const total = sortByValue(values, weights, order);
  let [below, previous, previousAt] = [0, Number.NaN, 0];
  for (const index of order.subarray(0, total.count)) {
    const weight = weights[index] as number;
    const value = values[index] as number;
    const at = below + weight / 2;
    if (at >= total.weight / 2) {
      if (Number.isNaN(previous)) return value;
      return previous + ((total.weight / 2 - previousAt) / (at - previousAt)) * (value - previous);
    }
    [previous, previousAt] = [value, at];
    below += weight;
  }
  return previous;
}

// Insertion sort of the few indices that count; a tie keeps the order of the members.
function sortByValue(values: Float64Array, weights: ArrayLike<number>, order: Uint16Array) {
  let [count, weight] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!((weights[i] as number) > 0) || !Number.isFinite(values[i] as number)) continue;
    weight += weights[i] as number;
    let place = count++;
    while (place > 0 && (values[order[place - 1] as number] as number) > (values[i] as number)) {
      order[place] = order[place - 1] as number;
      place--;
    }
    order[place] = i;
  }
  return { count, weight };
}

/** Step by step; `paths` of equal length, null for a member that has none. */
export function combine(paths: readonly (Float64Array | null)[], weights: ArrayLike<number>, horizon: number) {
  const combined = new Float64Array(horizon);
  const values = new Float64Array(paths.length);
  const order = new Uint16Array(paths.length);
  for (let h = 0; h < horizon; h++) {
    for (let i = 0; i < paths.length; i++) values[i] = paths[i]?.[h] ?? Number.NaN;
    combined[h] = weightedMedian(values, weights, order);
  }
  return combined;
}
