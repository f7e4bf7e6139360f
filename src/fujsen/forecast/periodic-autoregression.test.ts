import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { forecastPeriodically } from "./periodic-autoregression.js";
import { noise } from "./series-fixture.test.js";

// Each value is that before it times a factor that depends on the hour; a jump at midnight starts it anew.
function simulated(days: number): Float64Array {
  const next = noise(9);
  const z = new Float64Array(days * 24);
  for (let t = 1; t < z.length; t++) {
    const factor = t % 24 < 12 ? 0.98 : 0.4;
    z[t] = t % 24 === 0 ? 50 + 10 * next() : factor * (z[t - 1] as number) + 0.1 * next();
  }
  return z;
}

describe("periodic autoregression", () => {
  it("knows that the same value means another thing at another hour", () => {
    const z = simulated(61);
    const past = z.subarray(0, 60 * 24 + 6);
    const path = forecastPeriodically(past, 12, { lags: [1], season: 24 }) ?? new Float64Array(12);
    const last = past[past.length - 1] as number;
    assert.ok(Math.abs((path[4] as number) / last - 0.9) < 0.15, String((path[4] as number) / last));
    assert.ok((path[11] as number) / last < 0.35, String((path[11] as number) / last));
  });

  it("has no answer for too little history, and a finite one for a constant", () => {
    assert.equal(forecastPeriodically(new Float64Array(90), 5, { lags: [1, 24], season: 24 }), null);
    const path = forecastPeriodically(new Float64Array(200).fill(3), 5, { lags: [1, 24], season: 24 });
    assert.deepEqual(path && [...path], [3, 3, 3, 3, 3]);
  });

  it("takes seasons of two steps and of thousands", () => {
    for (const season of [2, 3, 1440]) {
      const z = Float64Array.from({ length: 6 * season + 200 }, (_, t) => 10 + (t % season) / season);
      const path = forecastPeriodically(z, 4, { lags: [1, season], season }) ?? [];
      assert.equal(path.length, 4);
      for (const value of path) assert.ok(value > 9 && value < 12, String(value));
    }
  });
});
