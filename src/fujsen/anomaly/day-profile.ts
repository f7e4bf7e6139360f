// What a series usually is at each quarter of an hour of the day (UTC). On the first day that is its recent level.

const bins = 96;
const dayMs = 86_400_000;
const binMs = dayMs / bins;
const mostVisits = 30;

export interface DayProfile {
  readonly means: Float64Array;
  /** How many values are in each mean; up to 30, then older ones fade. */
  readonly visits: Float64Array;
}

export const createDayProfile = (): DayProfile => ({ means: new Float64Array(bins), visits: new Float64Array(bins) });

/** Takes the value in and gives how far it is from the mean of its bin and the two beside it; null when none is known. */
export function residualOf({ means, visits }: DayProfile, value: number, time: number): number | null {
  const bin = Math.floor((((time % dayMs) + dayMs) % dayMs) / binMs);
  let [sum, known] = [0, 0];
  for (const neighbour of [(bin + bins - 1) % bins, bin, (bin + 1) % bins]) {
    if (visits[neighbour] === 0) continue;
    sum += means[neighbour] as number;
    known++;
  }
  const count = Math.min(mostVisits, (visits[bin] as number) + 1);
  visits[bin] = count;
  means[bin] = (means[bin] as number) + (value - (means[bin] as number)) / count;
  return known === 0 ? null : Math.abs(value - sum / known);
}
