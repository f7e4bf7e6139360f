import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitAutoregression, forecastByLags, forecastDifferences } from "./autoregression.js";
import { solveInPlace } from "./linear-solver.js";
import { noise } from "./series-fixture.test.js";

function simulated(length: number): Float64Array {
  const next = noise(7);
  const z = new Float64Array(length);
  for (let t = 2; t < length; t++) z[t] = 0.5 * (z[t - 1] as number) + 0.3 * (z[t - 2] as number) + next();
  return z;
}

describe("autoregression", () => {
  it("finds the coefficients that a series was made with", () => {
    const [first = 0, second = 0] = fitAutoregression(simulated(20_000), [1, 2])?.coefficients ?? [];
    assert.ok(Math.abs(first - 0.5) < 0.03 && Math.abs(second - 0.3) < 0.03, `${first} ${second}`);
  });

  it("leaves nothing that its columns could explain", () => {
    const z = simulated(300);
    const lags = Array.from({ length: 20 }, (_, index) => index + 1);
    const all = fitAutoregression(z, lags, { ridge: 0 })?.coefficients ?? [];
    const normal = lags.map((row) => {
      let left = 0;
      for (let t = 20; t < 300; t++) {
        const expected = lags.reduce((sum, lag, index) => sum + (all[index] ?? 0) * (z[t - lag] as number), 0);
        left += ((z[t] as number) - expected) * (z[t - row] as number);
      }
      return left;
    });
    // What a least-squares fit leaves is orthogonal to each of its columns.
    for (const left of normal) assert.ok(Math.abs(left) < 1e-3, String(left));
  });

  it("continues a season and a straight line exactly", () => {
    const z = Float64Array.from({ length: 200 }, (_, t) => 5 * Math.sin((2 * Math.PI * t) / 12) + 10);
    const path = forecastByLags(z, 12, { lags: [1, 2, 11, 12, 13] }) ?? [];
    for (const [h, value] of path.entries()) assert.ok(Math.abs(value - (z[200 - 12 + h] as number)) < 0.05);
    const line = Float64Array.from({ length: 100 }, (_, t) => t);
    const next = forecastDifferences(line, 3, 1, (z) => forecastByLags(z, 3, { lags: [1] }));
    assert.deepEqual(next && Array.from(next, Math.round), [100, 101, 102]);
  });

  it("has no answer for too little history", () => {
    assert.equal(forecastByLags(new Float64Array(30), 5, { lags: [1, 24] }), null);
    assert.equal(
      forecastDifferences(new Float64Array(10), 5, 24, () => new Float64Array(5)),
      null,
    );
  });

  it("survives columns that depend on one another", () => {
    const matrix = Float64Array.from([1, 1, 1, 1]);
    const right = Float64Array.from([1, 1]);
    solveInPlace(matrix, 2, right);
    assert.ok(right.every(Number.isFinite));
  });
});
