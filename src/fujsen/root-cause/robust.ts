// Order statistics that a few wild values cannot move (Huber, Robust Statistics, 1981). A missing value is NaN and is
// left out; of nothing at all, the answer is NaN.

/** The values that are there, ascending. */
export function sorted(values: ArrayLike<number>): Float64Array {
  const kept = new Float64Array(values.length);
  let count = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN;
    if (!Number.isNaN(value)) kept[count++] = value;
  }
  return kept.subarray(0, count).sort();
}

/** Linear between neighbours (type 7 of Hyndman & Fan 1996). */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const place = share * (ascending.length - 1);
  const below = Math.floor(place);
  const low = ascending[below] ?? Number.NaN;
  return low + ((ascending[below + 1] ?? low) - low) * (place - below);
}

export const median = (values: ArrayLike<number>): number => quantile(sorted(values), 0.5);

/** Interquartile range of a normal distribution with deviation 1. */
const normalRange = 1.349;

/** The standard deviation that a normal distribution with this interquartile range has. */
export function spread(ascending: ArrayLike<number>): number {
  return (quantile(ascending, 0.75) - quantile(ascending, 0.25)) / normalRange;
}

/** Means of every `length` neighbouring values; a missing one counts as 0, which is "as usual" for a deviation. */
export function runMeans(values: ArrayLike<number>, length: number): Float64Array {
  const means = new Float64Array(Math.max(0, values.length - length + 1));
  for (let start = 0; start < means.length; start++) {
    let sum = 0;
    for (let index = start; index < start + length; index++) sum += values[index] || 0;
    means[start] = sum / length;
  }
  return means;
}

/** The largest of each `length` neighbours; what is left at the end is no block. */
export function blockMaxima(values: Float64Array, length: number): Float64Array {
  const maxima = new Float64Array(Math.floor(values.length / length));
  for (let block = 0; block < maxima.length; block++) {
    maxima[block] = largest(values.subarray(block * length, (block + 1) * length));
  }
  return maxima;
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, value), -Infinity);
