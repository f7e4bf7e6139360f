import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fillBySeason, fillStraight } from "./gaps.js";
import { type DemandRow, seriesFromRows, validateSeries } from "./series.js";

const start = Date.parse("2026-01-01T00:00:00.000Z");
const at = (seconds: number, throughput: number | null = 1): DemandRow => ({
  serviceId: "users",
  timestamp: new Date(start + seconds * 1000).toISOString(),
  throughput,
});
const kindOf = (result: ReturnType<typeof seriesFromRows>) => (result.ok ? "ok" : result.problem.kind);
const values = (numbers: readonly unknown[], change: object = {}) =>
  kindOf(
    validateSeries({
      serviceId: "users",
      start: "2026-01-01",
      stepSeconds: 60,
      values: numbers as number[],
      ...change,
    }),
  );

describe("a regular series", () => {
  it("is made from rows, with nulls where there are none", () => {
    const result = seriesFromRows([at(0, 1), at(61, 2), at(119, 3), at(240, 4), at(300, null), at(360, 6)]);
    assert.deepEqual(result.ok && [result.series.values, result.series.stepSeconds], [[1, 2, 3, null, 4, null, 6], 60]);
  });

  it("averages rows of one step by their length", () => {
    const rows = [at(0, 0), { ...at(10, 10), intervalSeconds: 3 }, at(60, 4), at(120, 8)];
    const result = seriesFromRows(rows, 60);
    assert.deepEqual(result.ok && result.series.values, [7.5, 4, 8]);
  });

  it("is refused with what is wrong", () => {
    assert.equal(kindOf(seriesFromRows([])), "empty");
    assert.equal(kindOf(seriesFromRows([at(0)])), "bad-step");
    assert.equal(kindOf(seriesFromRows([at(0), at(0)])), "duplicate");
    assert.equal(kindOf(seriesFromRows([at(60), at(0)])), "unsorted");
    assert.equal(kindOf(seriesFromRows([{ ...at(0), timestamp: "soon" }])), "bad-timestamp");
    assert.equal(kindOf(seriesFromRows([at(0), at(1, -2), at(2)])), "negative");
    assert.equal(kindOf(seriesFromRows([at(0), at(1, Number.NaN), at(2)])), "not-a-number");
    assert.equal(kindOf(seriesFromRows([at(0), at(1), at(2), at(9e6)])), "too-long");
    assert.equal(kindOf(seriesFromRows([at(0), at(1), at(9)])), "too-many-gaps");
    assert.equal(values([]), "empty");
    assert.equal(values([null, null]), "empty");
    assert.equal(values([1, Number.POSITIVE_INFINITY]), "not-a-number");
    assert.equal(values([1, "2"]), "not-a-number");
    assert.equal(values([1, -1]), "negative");
    assert.equal(values([1], { start: "never" }), "bad-timestamp");
    assert.equal(values([1], { stepSeconds: 0 }), "bad-step");
  });

  it("has its gaps filled on lines, then by the season, and remembers where", () => {
    const straight = fillStraight([null, 2, null, 4, null]);
    assert.deepEqual(
      [[...straight.values], [...straight.measured], straight.missing],
      [[2, 2, 3, 4, 4], [0, 1, 0, 1, 0], 3],
    );
    const seasonal = fillBySeason(fillStraight([1, 9, 1, null, 1, 9]), 2);
    assert.deepEqual([...seasonal.values], [1, 9, 1, 9, 1, 9]);
  });
});
