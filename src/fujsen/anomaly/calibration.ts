// How often a series has been as surprising as this, counted: tails assume independent values, and values are not. The
// share of earlier rows that were less surprising is a probability whatever their distribution, if rows are exchangeable
// (conformal: Vovk et al. 2005; for anomalies, Laxhammar & Falkman 2010).

/** Eight bins for each unit of surprise. */
const binsEach = 8;
const bins = 128 * binsEach;

export interface Calibration {
  readonly counts: Float64Array;
  rows: number;
}

export const createCalibration = (): Calibration => ({ counts: new Float64Array(bins), rows: 0 });

/** From 0 to below 1; takes the row in. After n rows at most n / (n + 1). */
export function probabilityOf(state: Calibration, surprise: number): number {
  const { counts } = state;
  const bin = Math.min(bins - 1, Math.floor(binsEach * surprise));
  let asExtreme = 1;
  if (surprise <= 0) asExtreme += state.rows;
  else for (let other = bin; other < bins; other++) asExtreme += counts[other] as number;
  // Rows without any surprise are only in the total: the lowest bin would count them as surprising.
  if (surprise > 0) counts[bin] = (counts[bin] as number) + 1;
  state.rows++;
  return 1 - asExtreme / state.rows;
}
