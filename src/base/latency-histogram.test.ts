import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  emptyHistogram,
  LatencyRecorder,
  meanOf,
  mergeHistograms,
  quantileOf,
  subtractHistogram,
} from "./latency-histogram.js";

function recorded(values: readonly number[]): LatencyRecorder {
  const recorder = new LatencyRecorder();
  for (const value of values) recorder.record(value);
  return recorder;
}

describe("latency histogram", () => {
  it("has no quantile and no mean while empty", () => {
    assert.equal(quantileOf(emptyHistogram, 0.5), null);
    assert.equal(meanOf(emptyHistogram), null);
  });

  it("keeps every quantile within 1 % of the exact one", () => {
    const values = fc.array(fc.double({ min: 0.01, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, q) => {
        const sorted = [...list].sort((a, b) => a - b);
        const exact = sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
        const found = quantileOf(recorded(list).toJSON(), q) ?? Number.NaN;
        assert.ok(Math.abs(found - exact) <= exact * 0.0101, `${found} is not near ${exact}`);
      }),
    );
  });

  it("merges to what one recorder would have recorded", () => {
    const merged = mergeHistograms([recorded([1, 2, 0]).toJSON(), recorded([2, 300]).toJSON()]);
    assert.deepEqual(merged, recorded([1, 2, 0, 2, 300]).toJSON());
  });

  it("subtracts to what came in between", () => {
    const recorder = recorded([5, 5, 7]);
    const earlier = recorder.toJSON();
    recorder.record(5);
    recorder.record(900);
    const between = subtractHistogram(recorder.toJSON(), earlier);
    assert.equal(between.count, 2);
    assert.deepEqual(between.buckets, recorded([5, 900]).toJSON().buckets);
  });

  it("returns the later one whole when the recorder began anew", () => {
    const later = recorded([1]).toJSON();
    assert.deepEqual(subtractHistogram(later, recorded([1, 1]).toJSON()), later);
  });

  it("counts what is not a duration as zero and keeps the largest in the last bucket", () => {
    const data = recorded([Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300]).toJSON();
    assert.equal(data.zero, 3);
    assert.equal(data.buckets.length, 1);
  });
});
