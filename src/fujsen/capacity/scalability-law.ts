// The Universal Scalability Law: how throughput grows with load or processors, what contention and coherency take, and
// where more makes it less. Fitted by least squares, with a word on how well.
//   X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1))          Gunther, Guerrilla Capacity Planning (2007)

export interface LoadPoint {
  /** Concurrent users, processors or replicas; above 0. */
  readonly load: number;
  /** Requests per second, or any other unit; above 0. */
  readonly throughput: number;
}

export interface ScalabilityFit {
  readonly ok: true;
  /** Contention: the share that waits for something serial. */
  readonly alpha: number;
  /** Coherency: what it costs each to agree with each other. */
  readonly beta: number;
  /** Throughput at a load of 1. */
  readonly gamma: number;
  /** 1 is a perfect fit; below 0.9 nothing should be built on it. */
  readonly rSquared: number;
  /** Root of the mean squared residual over the mean throughput. */
  readonly relativeError: number;
  /** Load with the highest throughput; null where throughput only grows. */
  readonly peakLoad: number | null;
  readonly peakThroughput: number | null;
  readonly warnings: readonly string[];
}

export type ScalabilityResult = ScalabilityFit | { readonly ok: false; readonly reason: string };

type Parameters = readonly [alpha: number, beta: number, gamma: number];

const fewestLoads = 4;
const mostSteps = 200;

/** Throughput at a load by the law. */
export const throughputAt = (load: number, { alpha, beta, gamma }: Pick<ScalabilityFit, "alpha" | "beta" | "gamma">) =>
  (gamma * load) / (1 + alpha * (load - 1) + beta * load * (load - 1));

/** Never throws: too few or impossible points are a reason. Negative coefficients are held at 0. */
export function fitScalabilityLaw(points: readonly LoadPoint[]): ScalabilityResult {
  const wrong = points.find(({ load, throughput }) => !(isPositive(load) && isPositive(throughput)));
  if (wrong)
    return { ok: false, reason: `a load of ${wrong.load} with ${wrong.throughput} requests is no measurement` };
  const loads = new Set(points.map(({ load }) => load)).size;
  if (loads < fewestLoads)
    return { ok: false, reason: `${loads} different loads are too few; the law needs ${fewestLoads}` };
  return describeFit(points, descend(points, startOf(points)));
}

const isPositive = (value: number): boolean => value > 0 && Number.isFinite(value);

// N / X is linear in (N - 1) and N (N - 1) with all three as coefficients; the first guess only needs to be near.
function startOf(points: readonly LoadPoint[]): Parameters {
  const gamma = points.reduce((most, { load, throughput }) => Math.max(most, throughput / load), 0);
  return [0.01, 0.0001, gamma];
}

// Levenberg (1944) and Marquardt (1963): steps between steepest descent and Gauss-Newton.
function descend(points: readonly LoadPoint[], start: Parameters): Parameters {
  let best = start;
  let error = squaredError(points, best);
  let damping = 1e-3;
  for (let step = 0; step < mostSteps && damping < 1e12; step++) {
    const next = stepFrom(points, best, damping);
    const nextError = next ? squaredError(points, next) : Number.POSITIVE_INFINITY;
    if (next && nextError < error) {
      const gain = error - nextError;
      [best, error, damping] = [next, nextError, damping / 5];
      if (gain <= 1e-14 * (error + Number.MIN_VALUE)) break;
    } else damping *= 4;
  }
  return best;
}

function squaredError(points: readonly LoadPoint[], [alpha, beta, gamma]: Parameters): number {
  return points.reduce((sum, { load, throughput }) => {
    const residual = throughput - throughputAt(load, { alpha, beta, gamma });
    return sum + residual * residual;
  }, 0);
}

function stepFrom(points: readonly LoadPoint[], at: Parameters, damping: number): Parameters | null {
  const normal = [0, 1, 2].map(() => [0, 0, 0, 0]);
  for (const point of points) addPoint(normal, point, at);
  for (const [index, row] of normal.entries()) row[index] = (row[index] ?? 0) * (1 + damping);
  const change = solve(normal);
  if (!change) return null;
  const [alpha = 0, beta = 0, gamma = 0] = at.map((value, index) => value + (change[index] ?? 0));
  return gamma > 0 ? [Math.max(0, alpha), Math.max(0, beta), gamma] : null;
}

// The point's part of the normal equations: gradient times gradient, and gradient times residual.
function addPoint(normal: number[][], { load, throughput }: LoadPoint, [alpha, beta, gamma]: Parameters): void {
  const below = 1 + alpha * (load - 1) + beta * load * (load - 1);
  const value = (gamma * load) / below;
  const gradient = [
    (-value * (load - 1)) / below,
    (-value * load * (load - 1)) / below,
    load / below,
    throughput - value,
  ];
  for (const [index, row] of normal.entries()) {
    for (const [column, part] of gradient.entries()) row[column] = (row[column] ?? 0) + (gradient[index] ?? 0) * part;
  }
}

// Gaussian elimination of three equations, pivoting; null where they do not determine an answer.
function solve(rows: readonly (readonly number[])[]): number[] | null {
  const left = rows.map((row) => [...row]);
  for (let column = 0; column < 3; column++) {
    const pivot = left.slice(column).sort((a, b) => Math.abs(b[column] ?? 0) - Math.abs(a[column] ?? 0))[0];
    if (!pivot || Math.abs(pivot[column] ?? 0) < 1e-300) return null;
    left.splice(left.indexOf(pivot), 1);
    left.splice(column, 0, pivot);
    for (const row of left) if (row !== pivot) eliminate(row, pivot, column);
  }
  return left.map((row, index) => (row[3] ?? 0) / (row[index] ?? 1));
}

function eliminate(row: number[], pivot: readonly number[], column: number): void {
  const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
  for (const [index, value] of pivot.entries()) row[index] = (row[index] ?? 0) - factor * value;
}

function describeFit(points: readonly LoadPoint[], [alpha, beta, gamma]: Parameters): ScalabilityFit {
  const mean = points.reduce((sum, { throughput }) => sum + throughput, 0) / points.length;
  const total = points.reduce((sum, { throughput }) => sum + (throughput - mean) * (throughput - mean), 0);
  const error = squaredError(points, [alpha, beta, gamma]);
  const rSquared = total > 0 ? 1 - error / total : 0;
  const peakLoad = beta > 0 && alpha < 1 ? Math.sqrt((1 - alpha) / beta) : null;
  const highest = points.reduce((most, { load }) => Math.max(most, load), 0);
  return {
    ok: true,
    alpha,
    beta,
    gamma,
    rSquared,
    relativeError: Math.sqrt(error / points.length) / mean,
    peakLoad,
    peakThroughput: peakLoad === null ? null : throughputAt(peakLoad, { alpha, beta, gamma }),
    warnings: warningsOf({ rSquared, peakLoad, highest, points: points.length }),
  };
}

interface FitDoubts {
  readonly rSquared: number;
  readonly peakLoad: number | null;
  readonly highest: number;
  readonly points: number;
}

function warningsOf({ rSquared, peakLoad, highest, points }: FitDoubts): string[] {
  const warnings: string[] = [];
  if (rSquared < 0.9) warnings.push(`the law explains ${Math.floor(rSquared * 100)} % of the variation only`);
  if (points < 6) warnings.push(`${points} points are few for three coefficients`);
  if (peakLoad !== null && peakLoad > 2 * highest) warnings.push("the peak lies far beyond what was measured");
  return warnings;
}
