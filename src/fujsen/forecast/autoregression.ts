// Autoregression on chosen lags, fitted by ridge regression (Hoerl & Kennard 1970) on the series about its mean.
// With lags around a day and a week it is the strongest single method on hourly load, and the cheapest.
import { solveInPlace } from "./linear-solver.js";

export interface Autoregression {
  /** Ascending, each at least 1. */
  readonly lags: readonly number[];
  readonly coefficients: Float64Array;
}

export interface FitOptions {
  /** Share of the series' own sum of squares that is added to the diagonal. Default 1e-5. */
  readonly ridge?: number;
}

/** Rows beyond the longest lag without which nothing is fitted, beside one per coefficient. */
const fewestRows = 24;
/** Up to here the products of all lags are found by sliding; beyond, each pair is summed. */
const longestSlide = 400;

export const longestLag = (lags: readonly number[]): number => lags[lags.length - 1] ?? 0;

/** `centred` has its mean taken off. Null when there is too little of it. */
export function fitAutoregression(
  centred: Float64Array,
  lags: readonly number[],
  { ridge = 1e-5 }: FitOptions = {},
): Autoregression | null {
  if (lags.length === 0 || centred.length < longestLag(lags) + lags.length + fewestRows) return null;
  const size = lags.length;
  const gram = new Float64Array(size * size);
  const coefficients = new Float64Array(size);
  const products = slides(lags) ? slidingProducts : pairProducts;
  const power = products(centred, lags, gram, coefficients);
  // A constant is its own mean: no coefficient is needed.
  if (power === 0) return { lags, coefficients };
  for (let i = 0; i < size; i++) gram[i * size + i] = (gram[i * size + i] as number) + (ridge + 1e-9) * power;
  solveInPlace(gram, size, coefficients);
  return { lags, coefficients };
}

const slides = (lags: readonly number[]): boolean =>
  longestLag(lags) <= longestSlide && longestLag(lags) < (lags.length * lags.length) / 2;

// The product of lags i+1 and j+1 is that of i and j, shifted by one row: each diagonal costs little more than its head.
function slidingProducts(z: Float64Array, lags: readonly number[], gram: Float64Array, right: Float64Array): number {
  const n = z.length;
  const most = longestLag(lags);
  const rowOf = new Int16Array(most + 1).fill(-1);
  for (const [row, lag] of lags.entries()) rowOf[lag] = row;
  let power = 0;
  for (let apart = 0; apart <= most; apart++) {
    let sum = product(z, { first: most, left: 0, right: apart });
    if (apart === 0) power = sum;
    else if ((rowOf[apart] as number) >= 0) right[rowOf[apart] as number] = sum;
    for (let lag = 1; lag + apart <= most; lag++) {
      sum += (z[most - lag] as number) * (z[most - lag - apart] as number);
      sum -= (z[n - lag] as number) * (z[n - lag - apart] as number);
      const [row, column] = [rowOf[lag + apart] as number, rowOf[lag] as number];
      if (row >= 0 && column >= 0) gram[row * lags.length + column] = sum;
    }
  }
  return power;
}

function pairProducts(z: Float64Array, lags: readonly number[], gram: Float64Array, right: Float64Array): number {
  const first = longestLag(lags);
  for (const [row, lag] of lags.entries()) {
    right[row] = product(z, { first, left: 0, right: lag });
    for (let column = 0; column <= row; column++) {
      gram[row * lags.length + column] = product(z, { first, left: lags[column] as number, right: lag });
    }
  }
  return product(z, { first, left: 0, right: 0 });
}

interface LagPair {
  readonly first: number;
  readonly left: number;
  readonly right: number;
}

// Four sums at once: a processor adds them side by side, where each of one sum would wait for the one before.
function product(z: Float64Array, { first, left, right }: LagPair): number {
  const n = z.length;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let t = first;
  for (; t + 3 < n; t += 4) {
    const i = t - left;
    const j = t - right;
    s0 += (z[i] as number) * (z[j] as number);
    s1 += (z[i + 1] as number) * (z[j + 1] as number);
    s2 += (z[i + 2] as number) * (z[j + 2] as number);
    s3 += (z[i + 3] as number) * (z[j + 3] as number);
  }
  for (; t < n; t++) s0 += (z[t - left] as number) * (z[t - right] as number);
  return s0 + s1 + (s2 + s3);
}

/**
 * The next `horizon` values after `centred[0 .. end)`, each from the ones before it. Written to `window`, which holds
 * longestLag + horizon numbers; the result is its last `horizon`, a view.
 */
export function extrapolate(
  { lags, coefficients }: Autoregression,
  centred: Float64Array,
  { end, horizon, window }: { end: number; horizon: number; window: Float64Array },
): Float64Array {
  const most = longestLag(lags);
  window.set(centred.subarray(end - most, end));
  for (let t = most; t < most + horizon; t++) {
    let sum = 0;
    for (let i = 0; i < lags.length; i++)
      sum += (coefficients[i] as number) * (window[t - (lags[i] as number)] as number);
    window[t] = sum;
  }
  return window.subarray(most, most + horizon);
}

export function meanOf(z: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < z.length; i++) sum += z[i] as number;
  return sum / z.length;
}

export function centredAt(z: Float64Array, mean: number): Float64Array {
  const centred = new Float64Array(z.length);
  for (let i = 0; i < z.length; i++) centred[i] = (z[i] as number) - mean;
  return centred;
}

/** Fits and extrapolates; null when there is too little history. */
export function forecastByLags(
  z: Float64Array,
  horizon: number,
  { lags, ...options }: FitOptions & { readonly lags: readonly number[] },
): Float64Array | null {
  const mean = meanOf(z);
  const centred = centredAt(z, mean);
  const model = fitAutoregression(centred, lags, options);
  if (!model) return null;
  const window = new Float64Array(longestLag(lags) + horizon);
  const path = extrapolate(model, centred, { end: z.length, horizon, window });
  for (let h = 0; h < horizon; h++) path[h] = (path[h] as number) + mean;
  return path;
}

/** Forecasts the differences to one season before, and sums them up again. */
export function forecastDifferences(
  z: Float64Array,
  horizon: number,
  season: number,
  forecast: (differences: Float64Array) => Float64Array | null,
): Float64Array | null {
  const n = z.length;
  if (n <= season) return null;
  const differences = new Float64Array(n - season);
  for (let t = season; t < n; t++) differences[t - season] = (z[t] as number) - (z[t - season] as number);
  const path = forecast(differences);
  if (!path) return null;
  for (let h = 0; h < horizon; h++) {
    path[h] = (path[h] as number) + ((h < season ? z[n - season + h] : path[h - season]) as number);
  }
  return path;
}
