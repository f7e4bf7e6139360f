// The quantile function of the standard normal distribution.

const central = [2.50662823884, -18.61500062529, 41.39119773534, -25.44106049637] as const;
const below = [-8.4735109309, 23.08336743743, -21.06224101826, 3.13082909833] as const;
const tail = [
  0.3374754822726147, 0.9761690190917186, 0.1607979714918209, 0.0276438810333863, 0.0038405729373609,
  0.0003951896511919, 0.0000321767881768, 0.0000002888167364, 0.0000003960315187,
] as const;

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

/** For 0 < p < 1, to 3e-9 (Moro 1995); NaN outside. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return Number.NaN;
  const middle = p - 0.5;
  if (Math.abs(middle) < 0.42) {
    const square = middle * middle;
    return (middle * polynomial(central, square)) / polynomial([1, ...below], square);
  }
  const value = polynomial(tail, Math.log(-Math.log(middle > 0 ? 1 - p : p)));
  return middle > 0 ? value : -value;
}
