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

  it("gives the same whether products are slid or summed", () => {
    const z = simulated(300);
    const lags = Array.from({ length: 20 }, (_, index) => index + 1);
    // A decay of one part in 10^12 takes the other way to the same sums.
    const [slid, summed] = [fitAutoregression(z, lags), fitAutoregression(z, lags, { decay: 1 - 1e-12 })];
    for (const [index, value] of (slid?.coefficients ?? []).entries()) {
      assert.ok(Math.abs(value - (summed?.coefficients[index] ?? Number.NaN)) < 1e-8);
    }
  });

  it("continues a season and a straight line exactly", () => {
    const z = Float64Array.from({ length: 200 }, (_, t) => 5 * Math.sin((2 * Math.PI * t) / 12) + 10);
    const path = forecastByLags(z, 12, { lags: [1, 2, 11, 12, 13] }) ?? [];
    for (const [h, value] of path.entries()) assert.ok(Math.abs(value - (z[200 - 12 + h] as number)) < 0.05);
    const line = Float64Array.from({ length: 100 }, (_, t) => t);
    const next = forecastDifferences(line, 3, { lags: [1], season: 1 });
    assert.deepEqual(next && Array.from(next, Math.round), [100, 101, 102]);
  });

  it("has no answer for too little history", () => {
    assert.equal(forecastByLags(new Float64Array(30), 5, { lags: [1, 24] }), null);
    assert.equal(forecastDifferences(new Float64Array(10), 5, { lags: [1], season: 24 }), null);
  });

  it("survives columns that depend on one another", () => {
    const matrix = Float64Array.from([1, 1, 1, 1]);
    const right = Float64Array.from([1, 1]);
    solveInPlace(matrix, 2, right);
    assert.ok(right.every(Number.isFinite));
  });
});
