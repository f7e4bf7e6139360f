// The spaces that models work in: rates as they are, their square roots (noise of counts becomes even), or their
// logarithms (effects multiply). Members in different spaces err differently, which is what an ensemble lives on.

export type Space = "raw" | "root" | "log";

/** What is added before a logarithm, as a share of the mean, where values come near 0. */
const smallestShare = 0.01;

/** So that the smallest value plus this is at least 1 % of the mean: 0 for series that stay away from 0. */
export function logOffset(values: Float64Array): number {
  let [smallest, sum] = [Number.POSITIVE_INFINITY, 0];
  for (const value of values) {
    smallest = Math.min(smallest, value);
    sum += value;
  }
  return Math.max(0, (smallestShare * sum) / values.length - smallest);
}

export function toSpace(values: Float64Array, space: Space, offset: number): Float64Array {
  if (space === "raw") return values;
  return space === "root" ? values.map((value) => Math.sqrt(value)) : values.map((value) => Math.log(value + offset));
}

/** Never below 0, which a rate cannot be. */
export function fromSpace(value: number, space: Space, offset: number): number {
  if (space === "log") return Math.max(0, Math.exp(value) - offset);
  return value <= 0 ? 0 : space === "root" ? value * value : value;
}

/** One value; what lies below 0 counts as 0. */
export function pointToSpace(value: number, space: Space, offset: number): number {
  const rate = Math.max(0, value);
  return space === "raw" ? rate : space === "root" ? Math.sqrt(rate) : Math.log(rate + offset);
}
