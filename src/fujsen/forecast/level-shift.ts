// A lasting jump of the level (a client moved over, a service split): found only where seasons before and after it do
// not overlap at all, so that a busy week is not taken for one. Earlier values are then scaled to the new level, since
// their shape is still worth learning from.

export interface LevelShift {
  /** Index of the first value at the new level. */
  readonly at: number;
  /** Mean level before and after. */
  readonly before: number;
  readonly after: number;
}

/** Blocks needed on either side. */
const fewestBlocks = 3;
/** The jump over the usual difference from one block to the next. */
const clearJump = 6;

/** The last one; `block` is a season, over which means are taken. Null when there is none. */
export function findLevelShift(values: Float64Array, block: number): LevelShift | null {
  const means = blockMeans(values, block);
  const noise = usualDifference(means);
  for (let split = means.length - fewestBlocks; split >= fewestBlocks; split--) {
    const [before, after] = [means.slice(0, split), means.slice(split)];
    const gap = gapBetween(before, after);
    if (gap <= 0 || gap < 0.5 * Math.abs(median(after) - median(before))) continue;
    if (Math.abs(median(after) - median(before)) < clearJump * noise) continue;
    const boundary = values.length - (means.length - split) * block;
    return { at: steepest(values, boundary, block), before: median(before), after: median(after) };
  }
  return null;
}

/** Earlier values times after/before. The same array when there is no shift, or no level to scale. */
export function alignLevels(values: Float64Array, shift: LevelShift | null): Float64Array {
  if (!shift || !(shift.before > 0) || !(shift.after > 0)) return values;
  const factor = shift.after / shift.before;
  return values.map((value, t) => (t < shift.at ? value * factor : value));
}

/** Of whole blocks, counted from the end. */
function blockMeans(values: Float64Array, block: number): number[] {
  const means: number[] = [];
  for (let start = values.length % block; start < values.length; start += block) {
    let sum = 0;
    for (let t = start; t < start + block; t++) sum += values[t] as number;
    means.push(sum / block);
  }
  return means;
}

/** How far apart the nearest blocks of both sides are; negative when the sides overlap. */
function gapBetween(before: readonly number[], after: readonly number[]): number {
  const up = median(after) > median(before);
  return up ? smallest(after) - largest(before) : smallest(before) - largest(after);
}

const smallest = (values: readonly number[]): number => values.reduce((least, value) => Math.min(least, value));
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value));

function usualDifference(means: readonly number[]): number {
  return median(means.slice(1).map((mean, index) => Math.abs(mean - (means[index] as number))));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Where, within a block of `boundary`, the block before and the block after differ most. */
function steepest(values: Float64Array, boundary: number, block: number): number {
  let [best, most] = [boundary, -1];
  for (let at = Math.max(block, boundary - block); at <= Math.min(values.length - block, boundary + block); at++) {
    let difference = 0;
    for (let i = 0; i < block; i++) difference += (values[at + i] as number) - (values[at - 1 - i] as number);
    if (Math.abs(difference) > most) [best, most] = [at, Math.abs(difference)];
  }
  return best;
}
