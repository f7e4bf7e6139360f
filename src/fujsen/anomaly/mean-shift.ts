// How far the mean of the latest 10 values is from that of up to 300 before them: what lasts, but is small at each value.

const recent = 10;
const longest = 300;
const fewest = 21;
const room = recent + longest;

export interface MeanShift {
  /** The latest values, a ring. */
  readonly values: Float64Array;
  recentSum: number;
  beforeSum: number;
  rows: number;
}

export const createMeanShift = (): MeanShift => ({
  values: new Float64Array(room),
  recentSum: 0,
  beforeSum: 0,
  rows: 0,
});

/** Takes the value in and gives the distance of the two means; null while fewer than 21 values lie before. */
export function shiftOf(state: MeanShift, value: number): number | null {
  const { values, rows } = state;
  const passed = rows >= recent ? (values[(rows - recent) % room] as number) : 0;
  const leaving = rows >= room ? (values[rows % room] as number) : 0;
  values[rows % room] = value;
  state.rows = rows + 1;
  state.recentSum += value - passed;
  state.beforeSum += passed - leaving;
  if (state.rows % room === 0) sumAnew(state);
  const before = Math.min(longest, state.rows - recent);
  return before < fewest ? null : Math.abs(state.recentSum / recent - state.beforeSum / before);
}

// Or rounding errors of past extremes would stay for good. The ring's last value is the latest here.
function sumAnew(state: MeanShift): void {
  state.beforeSum = 0;
  state.recentSum = 0;
  for (let index = 0; index < longest; index++) state.beforeSum += state.values[index] as number;
  for (let index = longest; index < room; index++) state.recentSum += state.values[index] as number;
}
