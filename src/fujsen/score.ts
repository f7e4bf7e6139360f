// From measurements to points, 0 to 100: the documented formula (docs/analysis.md) and nothing else. Every function
// here never rises when its measurement gets worse, and uses no power function: results must replay bit for bit.

/** Points that are left when a measurement is exactly at what is allowed. */
const atLimit = 90;
/** Share of the cores (or memory, or timeout) up to which there is room. */
export const comfortableUse = 0.7;
const atFullUse = 30;
/** An objective of 100 % availability is judged as one error in ten thousand requests. */
const smallestBudget = 0.0001;

/** 100 for nothing, 90 at the objective, then halved with each doubling. */
export function latencyPoints(latencyMs: number, objectiveMs: number): number {
  return pointsAgainst(latencyMs, objectiveMs);
}

/** 100 without errors, 90 where the availability objective is just met, then halved with each doubling. */
export function errorPoints(errorShare: number, availability: number): number {
  return pointsAgainst(errorShare, Math.max(smallestBudget, 1 - availability));
}

/** 100 at rest, 90 at 70 % use, 30 at full use, then falling as its inverse. */
export function saturationPoints(use: number): number {
  if (use <= comfortableUse) return 100 - ((100 - atLimit) * use) / comfortableUse;
  if (use >= 1) return atFullUse / use;
  return atLimit - ((atLimit - atFullUse) * (use - comfortableUse)) / (1 - comfortableUse);
}

function pointsAgainst(measured: number, allowed: number): number {
  const ratio = measured / allowed;
  return ratio <= 1 ? 100 - (100 - atLimit) * ratio : atLimit / ratio;
}

export interface Weighted {
  readonly points: number;
  readonly weight: number;
}

/** Half the weighted mean, half the worst: one bad part cannot hide behind many good ones. Null for none. */
export function combine(parts: readonly Weighted[]): number | null {
  if (parts.length === 0) return null;
  let [sum, weights, worst] = [0, 0, 100];
  for (const { points, weight } of parts) {
    sum += points * weight;
    weights += weight;
    worst = Math.min(worst, points);
  }
  return 0.5 * (sum / weights) + 0.5 * worst;
}

/** Two decimals for people, and a threshold below which the last bits of a sum cannot be seen. */
export function rounded(value: number, decimals: 2 | 4 = 2): number {
  const scale = decimals === 2 ? 100 : 10_000;
  return Math.round(value * scale) / scale;
}
