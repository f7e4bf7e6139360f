// After a surprise, another one within 100 rows is news only if it is greater by a third: people, like benchmarks, want
// one alert for one incident. Needs no threshold, so that the threshold can be chosen afterwards.

const period = 100;
const greaterBy = 1.3;

export interface Refractory {
  /** Surprises of the period that a later one has not reached, highest first, with their rows; rings of 128. */
  readonly surprises: Float64Array;
  readonly rows: Float64Array;
  first: number;
  next: number;
  row: number;
}

const ring = 128;

export const createRefractory = (): Refractory => ({
  surprises: new Float64Array(ring),
  rows: new Float64Array(ring),
  first: 0,
  next: 0,
  row: 0,
});

/** The surprise itself where it is news, otherwise 0. A sliding maximum by a monotone queue. */
export function freshSurprise(state: Refractory, surprise: number): number {
  const row = state.row++;
  const { surprises, rows } = state;
  while (state.first < state.next && (rows[state.first % ring] as number) < row - period) state.first++;
  const highest = state.first < state.next ? (surprises[state.first % ring] as number) : 0;
  if (surprise > 0) {
    while (state.first < state.next && (surprises[(state.next - 1) % ring] as number) <= surprise) state.next--;
    surprises[state.next % ring] = surprise;
    rows[state.next++ % ring] = row;
  }
  return surprise > greaterBy * highest ? surprise : 0;
}
