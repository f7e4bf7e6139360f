import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { deviation } from "./deviation.js";
import { blockMaxima, median, quantile, runMeans, sorted, spread } from "./robust.js";

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const intervals = { reference: range(0, 40), near: range(28, 40), failure: range(40, 45) };
/** 40 intervals of 100 and a little more, then what is given. */
const after = (...failure: readonly number[]): Float64Array =>
  Float64Array.from([...range(0, 40).map((index) => 100 + (index % 5)), ...failure]);
const strengthOf = (values: Float64Array, leastSpread = 1): number | undefined =>
  deviation(values, intervals, leastSpread)?.strength;

describe("a deviation", () => {
  it("is above 1 only beyond what is usual, twice in a row", () => {
    assert.ok((strengthOf(after(104, 103, 104, 102, 104)) ?? 9) < 1);
    assert.ok((strengthOf(after(102, 102, 110, 102, 102)) ?? 9) < 1);
    assert.ok((strengthOf(after(102, 102, 140, 140, 102)) ?? 0) > 2);
    assert.ok((strengthOf(after(60, 60, 60, 60, 60)) ?? 9) < 0);
  });

  it("tells when it was worst, and what it was then", () => {
    const found = deviation(after(102, 130, 150, 150, 102), intervals, 1);
    assert.deepEqual([found?.at, found?.worst, found?.usual], [43, 150, 102.5]);
  });

  it("is measured above the level right before", () => {
    const risen = after(140, 140, 140, 140, 140).map((value, index) => (index >= 28 ? 140 : value));
    assert.equal(strengthOf(risen), 0);
  });

  it("never is infinitely far, and is none without measurements", () => {
    const still = after(5, 5, 5, 5, 5).map((value, index) => (index < 40 ? 1 : value));
    assert.equal(strengthOf(still, 0.5), 4 / 0.5 / 3);
    assert.equal(deviation(still, intervals, 0), null);
    assert.equal(deviation(after(Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN), intervals, 1), null);
    assert.equal(
      deviation(
        after().map(() => Number.NaN),
        intervals,
        1,
      ),
      null,
    );
  });

  it("does not change with the unit or the zero point", () => {
    const value = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 45, maxLength: 45 }),
        fc.constantFrom(0.25, 16),
        value,
        (list, unit, zero) => {
          const moved = Float64Array.from(list, (one) => unit * (one + zero));
          const [left, right] = [strengthOf(Float64Array.from(list)) ?? 0, strengthOf(moved, unit) ?? 0];
          assert.ok(Math.abs(left - right) < 1e-9 * (1 + Math.abs(left)), `${left} ${right}`);
        },
      ),
    );
  });
});

describe("order statistics", () => {
  it("leave out what is missing", () => {
    assert.deepEqual([...sorted([3, Number.NaN, 1, 10, 2])], [1, 2, 3, 10]);
    assert.deepEqual([median([]), median([7]), quantile([1, 2, 3, 4], 0.25)], [Number.NaN, 7, 1.75]);
    assert.equal(spread([0, 1, 2, 3, 4]), 2 / 1.349);
  });

  it("see runs and blocks", () => {
    assert.deepEqual([...runMeans([1, 3, Number.NaN, 5], 2)], [2, 1.5, 2.5]);
    assert.deepEqual([...runMeans([1], 2)], []);
    assert.deepEqual([...blockMaxima(Float64Array.from([1, 5, 2, 3, 9]), 2)], [5, 3]);
  });
});
