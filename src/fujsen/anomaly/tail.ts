// How surprising a value of a non-negative feature is, from what the same feature was before: above a high quantile the
// excess is taken as exponential (peaks over threshold: Pickands 1975; as a stream: Siffer et al. 2017). Constant memory.

/** Mutated by learnValue. All of it scales with the feature. */
export interface Tail {
  /** Running estimate of the 99 % quantile. */
  threshold: number;
  /** Running mean of the values. */
  mean: number;
  /** Running mean of what exceeds the threshold. */
  excess: number;
  seen: number;
  exceeded: number;
}

const share = 0.01;
const fewestSeen = 100;
const meanMemory = 2000;
const excessMemory = 200;
/** Of the mean, at each row: the threshold climbs slowly, so that the first values cannot set it too high. */
const thresholdStep = 0.01;
/** e^-40 is beyond what any series could tell. */
export const mostSurprise = 40;
const atThreshold = -Math.log(share);

export const createTail = (): Tail => ({ threshold: 0, mean: 0, excess: 0, seen: 0, exceeded: 0 });

/** -ln of the probability of such a value or a greater one, up to 40; 0 below the threshold and for the first 100. */
export function surpriseOf(tail: Tail, value: number, resolution: number): number {
  if (tail.seen < fewestSeen || value <= tail.threshold + resolution) return 0;
  const excess = Math.max(tail.excess, resolution);
  if (excess === 0) return mostSurprise;
  return Math.min(mostSurprise, atThreshold + (value - tail.threshold) / excess);
}

/** Extremes count only as far as they stay comparable with what was seen, so that one does not blind the rest. */
export function learnValue(tail: Tail, value: number): void {
  const { threshold } = tail;
  tail.seen++;
  const most = tail.seen > 10 ? threshold + 10 * tail.excess + 3 * tail.mean : value;
  tail.mean += Math.max(1 / tail.seen, 1 / meanMemory) * (Math.min(value, most) - tail.mean);
  if (value > threshold) learnExcess(tail, value - threshold);
  const step = thresholdStep * tail.mean;
  tail.threshold = Math.max(0, threshold + step * (value > threshold ? 1 - share : -share));
}

function learnExcess(tail: Tail, excess: number): void {
  tail.exceeded++;
  const most = tail.seen > fewestSeen ? 8 * Math.max(tail.excess, 0.1 * tail.mean) : excess;
  tail.excess += Math.max(1 / tail.exceeded, 1 / excessMemory) * (Math.min(excess, most) - tail.excess);
}
