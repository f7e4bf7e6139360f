// How far the latest 24 values are from the nearest 24 before them. The distance at each lag is carried on from row to
// row (one value enters, one leaves: Yeh et al. 2016), so a row costs one subtraction pair per lag and not 24.

const width = 24;
/** Earlier values compared with: a week of five minutes. */
const mostLags = 2048;
const room = mostLags + width + 1;

export interface ShapeHistory {
  /** A ring written twice, so that the latest values are one run. */
  readonly values: Float64Array;
  /** Sum of squared differences of the latest 24 values and those `lag` before. */
  readonly distances: Float64Array;
  rows: number;
  refreshed: number;
}

export const createShapeHistory = (): ShapeHistory => ({
  values: new Float64Array(2 * room),
  distances: new Float64Array(mostLags + 1),
  rows: 0,
  refreshed: width,
});

/** Takes the value in and gives the distance per value; null while there is nothing to compare with. */
export function nearestDistance(history: ShapeHistory, value: number): number | null {
  const { values, rows } = history;
  const slot = rows % room;
  values[slot] = value;
  values[slot + room] = value;
  history.rows = rows + 1;
  const now = slot + room;
  const full = Math.min(mostLags, rows - width);
  const nearest = carryOn(history, now, full);
  startLags(history, now, Math.max(1, full + 1));
  if (full < width) return null;
  refreshOne(history, now, full);
  return Math.sqrt(Math.max(0, nearest) / width);
}

// The hot loop: lags whose windows are complete lose the value that leaves. Lags below the width overlap: no match.
function carryOn({ values, distances }: ShapeHistory, now: number, full: number): number {
  const [entering, leaving] = [values[now] as number, values[now - width] as number];
  let nearest = Number.POSITIVE_INFINITY;
  for (let lag = 1; lag <= full; lag++) {
    const added = entering - (values[now - lag] as number);
    const taken = leaving - (values[now - lag - width] as number);
    const distance = (distances[lag] as number) + added * added - taken * taken;
    distances[lag] = distance;
    if (distance < nearest && lag >= width) nearest = distance;
  }
  return nearest;
}

// At the start of a series: windows that reach back to before its first value are incomplete and only grow.
function startLags({ values, distances, rows }: ShapeHistory, now: number, first: number): void {
  for (let lag = first; lag <= Math.min(mostLags, rows - 1); lag++) {
    const added = (values[now] as number) - (values[now - lag] as number);
    distances[lag] = (distances[lag] as number) + added * added;
  }
}

// One lag a row is summed anew, or rounding errors of past extremes would stay for good.
function refreshOne(history: ShapeHistory, now: number, full: number): void {
  const { values, distances } = history;
  const lag = history.refreshed >= full ? width : history.refreshed + 1;
  let sum = 0;
  for (let back = 0; back < width; back++) {
    const difference = (values[now - back] as number) - (values[now - lag - back] as number);
    sum += difference * difference;
  }
  distances[lag] = sum;
  history.refreshed = lag;
}

/** Mean and standard deviation of the latest 24 values and of up to 240 before them; null while there are fewer. */
export function recentMoments({ values, rows }: ShapeHistory): { recent: Moments; before: Moments } | null {
  const earlier = Math.min(10 * width, rows - width);
  if (earlier < width) return null;
  const end = ((rows - 1) % room) + room + 1;
  const split = end - width;
  return { recent: momentsOf(values, split, end), before: momentsOf(values, split - earlier, split) };
}

export interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

function momentsOf(values: Float64Array, from: number, to: number): Moments {
  let [mean, squares] = [0, 0];
  for (let index = from; index < to; index++) mean += (values[index] as number) / (to - from);
  for (let index = from; index < to; index++)
    squares += ((values[index] as number) - mean) * ((values[index] as number) - mean);
  return { mean, deviation: Math.sqrt(squares / (to - from)) };
}
