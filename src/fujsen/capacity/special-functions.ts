// Functions of statistics that the capacity model needs, by approximations that are the same on every machine.

/** Logarithm of the gamma function for x > 0, to 1e-10: Stirling's series after moving x to 8 or above. */
export function logGamma(x: number): number {
  let shift = 1;
  let above = x;
  for (; above < 8; above++) shift *= above;
  const square = 1 / (above * above);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / above;
  return (above - 0.5) * Math.log(above) - above + 0.918_938_533_204_672_7 + series - Math.log(shift);
}

/** Probability that a standard normal number is above z, to 7.5e-8 (Abramowitz & Stegun 26.2.17). */
export function normalExceedance(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(z));
  const series =
    t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  const above = 0.398_942_280_401_432_7 * Math.exp((-z * z) / 2) * series;
  return z >= 0 ? above : 1 - above;
}

/**
 * Probability that a Gamma(shape, exposure) number is above x: its cube root is nearly normal (Wilson & Hilferty 1931);
 * within 0.005 for a shape of 1 or more.
 */
export function gammaExceedance(shape: number, exposure: number, x: number): number {
  if (x <= 0) return 1;
  const spread = 1 / (9 * shape);
  return normalExceedance((Math.cbrt((exposure * x) / shape) - 1 + spread) / Math.sqrt(spread));
}
