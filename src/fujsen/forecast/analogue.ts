// Forecast by analogues (Lorenz 1969): the past stretches most like the latest one, and what followed them. Knows no
// model, so it is right where the others share an error.

export interface AnalogueOptions {
  /** How many latest values are compared. */
  readonly length: number;
  /** Stretches that end a multiple of this before now are compared. */
  readonly stride: number;
  /** How many values, up to `length`, the level of a stretch is the mean of. */
  readonly level: number;
  /** How many are followed. */
  readonly count: number;
  /** A value's weight falls by e over this share of the length; Infinity weighs all alike. */
  readonly memory: number;
  /** Weights are 1/distance, or its square. */
  readonly squared: boolean;
}

/** Comparisons of single values beyond which the search would cost more than it is worth. */
const mostWork = 4e6;

interface Stretch {
  readonly end: number;
  readonly level: number;
  readonly distance: number;
}

export function forecastByAnalogues(z: Float64Array, horizon: number, options: AnalogueOptions): Float64Array | null {
  const { length, stride, count, squared } = options;
  const last = z.length - Math.ceil(horizon / stride) * stride;
  if (last < length + stride || ((last - length) / stride) * length > mostWork) return null;
  const level = levelBefore(z, z.length, options.level);
  const nearest = stretchesLike(z, last, { ...options, now: level }).slice(0, count);
  const smallest = (nearest[0]?.distance ?? 0) + Number.MIN_VALUE;
  const path = new Float64Array(horizon);
  let total = 0;
  for (const stretch of nearest) {
    const near = smallest / (stretch.distance + Number.MIN_VALUE);
    const weight = squared ? near * near : near;
    total += weight;
    for (let h = 0; h < horizon; h++) {
      path[h] = (path[h] as number) + weight * ((z[stretch.end + h] as number) - stretch.level);
    }
  }
  for (let h = 0; h < horizon; h++) path[h] = (path[h] as number) / total + level;
  return path;
}

/** Nearest first; of equally near ones the later first. */
function stretchesLike(z: Float64Array, last: number, options: AnalogueOptions & { readonly now: number }): Stretch[] {
  const { length, stride, level: span, now } = options;
  const weights = weightsOf(options);
  const stretches: Stretch[] = [];
  for (let end = last; end >= length; end -= stride) {
    const level = levelBefore(z, end, span);
    let distance = 0;
    for (let i = 1; i <= length; i++) {
      const apart = (z[end - i] as number) - level - ((z[z.length - i] as number) - now);
      distance += (weights[i - 1] as number) * apart * apart;
    }
    stretches.push({ end, level, distance });
  }
  return stretches.sort((a, b) => a.distance - b.distance || b.end - a.end);
}

function weightsOf({ length, memory }: AnalogueOptions): Float64Array {
  const weights = new Float64Array(length);
  for (let i = 0; i < length; i++) weights[i] = Math.exp(-i / (length * memory));
  return weights;
}

function levelBefore(z: Float64Array, end: number, span: number): number {
  let sum = 0;
  for (let i = 1; i <= span; i++) sum += z[end - i] as number;
  return sum / span;
}
