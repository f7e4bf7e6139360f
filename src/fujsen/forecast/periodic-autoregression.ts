// Autoregression whose coefficients depend on the phase of the season (Franses & Paap 2004): what follows from the last
// hours is another thing at night than in the morning. Each phase is fitted on all rows, its own and its neighbours'
// weighing most, so that it stays estimable from few weeks.
import { centredAt, longestLag, meanOf } from "./autoregression.js";
import { solveInPlace } from "./linear-solver.js";

export interface PeriodicOptions {
  /** Ascending. */
  readonly lags: readonly number[];
  readonly season: number;
  /** Weight of a row relative to the row after it, 0 to 1. Default 1. */
  readonly decay?: number;
}

/** A season is cut into at most so many phases. */
const mostPhases = 24;
/** Weight of rows of far phases beside 1 for those of the same; near ones lie between, on a bell of one phase's width. */
const farWeight = 0.1;
/** Phases apart beyond which the bell is taken for 0. */
const bellReach = 5;
const ridge = 1e-4;
const fewestSeasons = 4;

/** Null when there is too little history. */
export function forecastPeriodically(z: Float64Array, horizon: number, options: PeriodicOptions): Float64Array | null {
  const { lags, season } = options;
  const n = z.length;
  if (n < longestLag(lags) + fewestSeasons * season) return null;
  const mean = meanOf(z);
  const centred = centredAt(z, mean);
  const coefficientsAt = fitPhases(centred, options);
  const path = new Float64Array(n + horizon);
  path.set(centred);
  for (let t = n; t < n + horizon; t++) {
    const coefficients = coefficientsAt(t);
    let sum = coefficients[lags.length] as number;
    for (let i = 0; i < lags.length; i++)
      sum += (coefficients[i] as number) * (path[t - (lags[i] as number)] as number);
    path[t] = sum;
  }
  for (let t = n; t < n + horizon; t++) path[t] = (path[t] as number) + mean;
  return path.subarray(n);
}

/** Of each phase, solved when first asked for: one for each lag, then a constant. */
function fitPhases(centred: Float64Array, { lags, season, decay = 1 }: PeriodicOptions): (t: number) => Float64Array {
  const phases = Math.min(season, mostPhases);
  const phaseOf = (t: number) => Math.floor(((t % season) * phases) / season);
  const size = lags.length + 1;
  // The constant is as large as the values usually are, so that the ridge weighs it like a lag.
  const constant = rootMeanSquare(centred);
  const sums = productsByPhase(centred, lags, { phases, phaseOf, decay, constant });
  const total = totalOf(sums);
  const solved: (Float64Array | undefined)[] = [];
  return (t) => {
    const phase = phaseOf(t);
    solved[phase] ??= solvePhase(sums, phase, { size, constant, total });
    return solved[phase];
  };
}

interface Phases {
  readonly phases: number;
  readonly phaseOf: (t: number) => number;
  readonly decay: number;
  readonly constant: number;
}

/** Per phase the lower triangle of the products of lags and constant, row by row, then those with the value itself. */
function productsByPhase(
  z: Float64Array,
  lags: readonly number[],
  { phases, phaseOf, decay, constant }: Phases,
): Float64Array[] {
  const size = lags.length + 1;
  const length = (size * (size + 1)) / 2 + size;
  const sums = Array.from({ length: phases }, () => new Float64Array(length));
  const row = new Float64Array(size);
  row[size - 1] = constant;
  let weight = 1;
  for (let t = z.length - 1; t >= longestLag(lags); t--) {
    for (let i = 0; i < lags.length; i++) row[i] = z[t - (lags[i] as number)] as number;
    addProducts(sums[phaseOf(t)] as Float64Array, row, weight, z[t] as number);
    weight *= decay;
  }
  return sums;
}

function addProducts(sums: Float64Array, row: Float64Array, weight: number, value: number): void {
  let at = 0;
  for (let i = 0; i < row.length; i++) {
    const weighted = weight * (row[i] as number);
    for (let j = 0; j <= i; j++, at++) sums[at] = (sums[at] as number) + weighted * (row[j] as number);
  }
  for (let i = 0; i < row.length; i++, at++) sums[at] = (sums[at] as number) + weight * (row[i] as number) * value;
}

function rootMeanSquare(z: Float64Array): number {
  let sum = 0;
  for (let t = 0; t < z.length; t++) sum += (z[t] as number) * (z[t] as number);
  return Math.sqrt(sum / z.length) || 1;
}

function totalOf(sums: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(sums[0]?.length ?? 0);
  for (const products of sums) {
    for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (products[i] as number);
  }
  return total;
}

interface Shape {
  readonly size: number;
  readonly constant: number;
  /** Of all phases. */
  readonly total: Float64Array;
}

function solvePhase(sums: readonly Float64Array[], phase: number, { size, constant, total }: Shape): Float64Array {
  const mixed = total.map((sum) => farWeight * sum);
  const reach = Math.min(bellReach, Math.floor((sums.length - 1) / 2));
  for (let apart = -reach; apart <= reach; apart++) {
    const products = sums[(phase + apart + sums.length) % sums.length] as Float64Array;
    const weight = (1 - farWeight) * Math.exp((-apart * apart) / 2);
    for (let i = 0; i < mixed.length; i++) mixed[i] = (mixed[i] as number) + weight * (products[i] as number);
  }
  const matrix = new Float64Array(size * size);
  let [at, largest] = [0, Number.MIN_VALUE];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++, at++) matrix[i * size + j] = mixed[at] as number;
    largest = Math.max(largest, matrix[i * size + i] as number);
  }
  for (let i = 0; i < size; i++) matrix[i * size + i] = (matrix[i * size + i] as number) + ridge * largest;
  const coefficients = mixed.slice(at);
  solveInPlace(matrix, size, coefficients);
  coefficients[size - 1] = (coefficients[size - 1] as number) * constant;
  return coefficients;
}
