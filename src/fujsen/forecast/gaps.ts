// Gaps are filled so that models can run over them; what was filled is remembered, and no error is measured there.

export interface Filled {
  readonly values: Float64Array;
  /** 1 measured, 0 filled. */
  readonly measured: Uint8Array;
  /** How many were filled. */
  readonly missing: number;
}

/** On straight lines between neighbours; ends are continued. At least one value is measured. */
export function fillStraight(values: readonly (number | null)[]): Filled {
  const filled = new Float64Array(values.length);
  const measured = new Uint8Array(values.length);
  let [previous, missing] = [-1, 0];
  for (let t = 0; t < values.length; t++) {
    const value = values[t];
    if (value === null || value === undefined) {
      missing++;
      continue;
    }
    filled[t] = value;
    measured[t] = 1;
    drawLine(filled, previous, t);
    previous = t;
  }
  filled.fill(filled[previous] ?? 0, previous + 1);
  return { values: filled, measured, missing };
}

function drawLine(filled: Float64Array, from: number, to: number): void {
  const end = filled[to] as number;
  const start = from < 0 ? end : (filled[from] as number);
  for (let t = from + 1; t < to; t++) filled[t] = start + ((end - start) * (t - from)) / (to - from);
}

/** Filled values become the mean of those measured one season before and after, where there are any. */
export function fillBySeason({ values, measured, missing }: Filled, season: number): Filled {
  if (missing === 0 || season <= 1) return { values, measured, missing };
  const filled = values.slice();
  for (let t = 0; t < values.length; t++) {
    if (measured[t] === 1) continue;
    let [sum, count] = [0, 0];
    for (const neighbour of [t - season, t + season]) {
      if (measured[neighbour] !== 1) continue;
      sum += values[neighbour] as number;
      count++;
    }
    if (count > 0) filled[t] = sum / count;
  }
  return { values: filled, measured, missing };
}
