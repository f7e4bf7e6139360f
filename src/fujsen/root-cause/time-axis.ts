// The one time axis of an analysis. Clocks that differ by less than half an interval do not matter, nor does the order
// of anything. A long failure is looked at in a few parts, each the median of its intervals, and so is the reference.
import type { Intervals } from "./deviation.js";
import type { FailureSeries, FailureWindow } from "./failure-data.js";
import { median } from "./robust.js";

export interface TimeAxis {
  /** Unix time of the first interval of each part, milliseconds, ascending. */
  readonly times: readonly number[];
  readonly intervals: Intervals;
  /** The part that a time is in; -1 for one that is not looked at. */
  readonly partOf: (time: number) => number;
}

/** Intervals right before the failure that tell the level that it began from. */
const nearIntervals = 12;
/** The reference nearest to the failure that is looked at, in parts; older ones say little and cost time. */
const mostReference = 720;
/** A cause lasts: of a long failure, two parts of twelve in a row must show it. */
const mostFailure = 12;

export function createTimeAxis(all: readonly FailureSeries[], failure: FailureWindow): TimeAxis {
  const step = stepOf(all);
  const origin = firstTime(all);
  const slotOf = (time: number): number => Math.round((time - origin) / step);
  const { inside, outside } = usedSlots(all, slotOf, failure);
  const partLength = Math.max(1, Math.ceil(inside.length / mostFailure));
  const failing = chunk(inside, partLength);
  const begin = inside[0] ?? Infinity;
  const parts = [...failing, ...referenceParts(outside, begin, partLength)].sort(byFirstSlot);
  const partOfSlot = new Map(parts.flatMap((part, index) => part.map((slot) => [slot, index])));
  return {
    times: parts.map(([slot = 0]) => origin + slot * step),
    intervals: intervalsOf(parts, new Set(failing), begin),
    partOf: (time) => partOfSlot.get(slotOf(time)) ?? -1,
  };
}

type Part = readonly number[];

const byFirstSlot = (left: Part, right: Part): number => (left[0] ?? 0) - (right[0] ?? 0);

/** Counted back from the failure, so that the part next to it is whole; what came after it only fills up. */
function referenceParts(outside: readonly number[], begin: number, partLength: number): Part[] {
  const before = chunk(outside.filter((slot) => slot < begin).reverse(), partLength).slice(0, mostReference);
  const after = chunk(
    outside.filter((slot) => slot > begin),
    partLength,
  );
  return [...before.map((part) => part.reverse()), ...after.slice(0, mostReference - before.length)];
}

function intervalsOf(parts: readonly Part[], failing: ReadonlySet<Part>, begin: number): Intervals {
  const indexes = [...parts.keys()];
  const isFailing = (index: number): boolean => failing.has(parts[index] ?? []);
  const reference = indexes.filter((index) => !isFailing(index));
  const isNear = (index: number): boolean => {
    const distance = begin - (parts[index]?.at(-1) ?? -Infinity);
    return distance > 0 && distance <= nearIntervals;
  };
  return { reference, near: reference.filter(isNear), failure: indexes.filter(isFailing) };
}

/** The usual distance of two timestamps in the series with most of them; 1 when there is none. */
function stepOf(all: readonly FailureSeries[]): number {
  const longest = all.reduce<readonly number[]>(
    (most, { timestamps }) => (timestamps.length > most.length ? timestamps : most),
    [],
  );
  const ascending = Float64Array.from(longest).sort();
  return median(ascending.slice(1).map((time, index) => time - (ascending[index] ?? 0))) || 1;
}

function firstTime(all: readonly FailureSeries[]): number {
  let first = Infinity;
  for (const { timestamps } of all) for (const time of timestamps) if (time < first) first = time;
  return first;
}

// An interval belongs to the failure by the times that were measured in it, not by its place on the axis.
function usedSlots(all: readonly FailureSeries[], slotOf: (time: number) => number, failure: FailureWindow) {
  const [from, to] = [Date.parse(failure.from), Date.parse(failure.to)];
  const inside = new Set<number>();
  const outside = new Set<number>();
  const seen = new Set<readonly number[]>();
  for (const { timestamps } of all) {
    if (seen.has(timestamps)) continue;
    seen.add(timestamps);
    for (const time of timestamps) (time > from && time <= to ? inside : outside).add(slotOf(time));
  }
  return {
    inside: ascendingOf(inside),
    outside: ascendingOf(outside).filter((slot) => !inside.has(slot)),
  };
}

const ascendingOf = (slots: Iterable<number>): number[] => [...slots].sort((left, right) => left - right);

function chunk(slots: readonly number[], length: number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < slots.length; start += length) parts.push(slots.slice(start, start + length));
  return parts;
}

/** No measurement is larger, in any unit; products and ratios of two stay finite. */
const largest = 1e30;
/** And what is smaller is 0. */
const smallest = 1e-30;

/** One value for each part: the median of its intervals. Reads many series on one axis. */
export class PartReader {
  readonly #axis: TimeAxis;
  readonly #places = new Map<readonly number[], Int32Array>();
  ignoredValues = 0;

  constructor(axis: TimeAxis) {
    this.#axis = axis;
  }

  read(series: FailureSeries): Float64Array {
    const first = new Float64Array(this.#axis.times.length).fill(Number.NaN);
    // Most parts have one value; only the others need a list.
    const several = new Map<number, number[]>();
    const places = this.#placesOf(series.timestamps);
    for (let index = 0; index < places.length; index++) {
      const part = places[index] ?? -1;
      const measured = series.values[index] ?? null;
      if (measured === null || part < 0) continue;
      const value = measured < smallest && measured >= 0 ? 0 : measured;
      // A text or a bigint would be converted, or throw.
      if (typeof value !== "number" || !(value >= 0 && value <= largest)) this.ignoredValues++;
      else if (Number.isNaN(first[part])) first[part] = value;
      else several.set(part, [...(several.get(part) ?? [first[part] ?? 0]), value]);
    }
    for (const [part, members] of several) first[part] = median(members);
    return first;
  }

  // Many series share their timestamps.
  #placesOf(timestamps: readonly number[]): Int32Array {
    const known = this.#places.get(timestamps);
    if (known) return known;
    const places = Int32Array.from(timestamps, this.#axis.partOf);
    this.#places.set(timestamps, places);
    return places;
  }
}
