// Scores of forecasts as the M4 competition defines them (Makridakis, Spiliotis & Assimakopoulos 2020), so that our
// figures can stand beside published ones.

/** Mean of 200·|y − f| / (|y| + |f|), percent; a step at which both are 0 counts as 0. */
export function symmetricError(actual: ArrayLike<number>, forecast: ArrayLike<number>): number {
  let sum = 0;
  for (let h = 0; h < actual.length; h++) sum += symmetricErrorAt(actual[h] as number, forecast[h] as number);
  return sum / actual.length;
}

export function symmetricErrorAt(actual: number, forecast: number): number {
  const size = Math.abs(actual) + Math.abs(forecast);
  return size > 0 ? (200 * Math.abs(actual - forecast)) / size : 0;
}

/** Mean of |y_t − y_(t−season)| over the history; the unit of scaled errors. NaN for a history of one season or less. */
export function seasonalScale(history: ArrayLike<number>, season: number): number {
  let sum = 0;
  for (let t = season; t < history.length; t++)
    sum += Math.abs((history[t] as number) - (history[t - season] as number));
  return history.length > season ? sum / (history.length - season) : Number.NaN;
}

/** Mean absolute error over `scale` (Hyndman & Koehler 2006). */
export function scaledError(actual: ArrayLike<number>, forecast: ArrayLike<number>, scale: number): number {
  let sum = 0;
  for (let h = 0; h < actual.length; h++) sum += Math.abs((actual[h] as number) - (forecast[h] as number));
  return sum / actual.length / scale;
}

export interface Denominators {
  readonly symmetric: number;
  readonly scaled: number;
}

/** Naive2 on all 414 hourly series of M4. */
export const m4HourlyDenominators: Denominators = { symmetric: 18.383, scaled: 2.395 };

/** Overall weighted average of the two errors, each over that of a benchmark method. Lower is better. */
export function overallWeightedAverage(symmetric: number, scaled: number, over: Denominators): number {
  return (symmetric / over.symmetric + scaled / over.scaled) / 2;
}

export interface Band {
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
}

/** Mean scaled interval score (Gneiting & Raftery 2007): width plus 2/(1 − level) for each unit that a value lies outside. */
export function scaledIntervalScore(
  actual: ArrayLike<number>,
  { lower, upper }: Band,
  { level, scale }: { readonly level: number; readonly scale: number },
): number {
  const penalty = 2 / (1 - level);
  let sum = 0;
  for (let h = 0; h < actual.length; h++) {
    const [value, low, high] = [actual[h] as number, lower[h] as number, upper[h] as number];
    sum += high - low + penalty * (Math.max(0, low - value) + Math.max(0, value - high));
  }
  return sum / actual.length / scale;
}

/** Share of values inside their interval. */
export function coverage(actual: ArrayLike<number>, { lower, upper }: Band): number {
  let inside = 0;
  for (let h = 0; h < actual.length; h++) {
    const value = actual[h] as number;
    if (value >= (lower[h] as number) && value <= (upper[h] as number)) inside++;
  }
  return inside / actual.length;
}
