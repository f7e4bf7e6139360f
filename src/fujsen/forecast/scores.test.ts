import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  coverage,
  m4HourlyDenominators,
  overallWeightedAverage,
  scaledError,
  scaledIntervalScore,
  seasonalScale,
  symmetricError,
} from "./scores.js";

const near = (actual: number, expected: number, within = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);

describe("forecast scores", () => {
  it("are those that are computed by hand", () => {
    near(symmetricError([100, 0, 50], [110, 0, 25]), (200 * (10 / 210) + 0 + 200 * (25 / 75)) / 3);
    near(seasonalScale([1, 2, 4, 8, 16], 2), (3 + 6 + 12) / 3);
    near(scaledError([10, 20], [12, 16], 2), 1.5);
    assert.equal(coverage([1, 2, 3, 4], { lower: [1, 3, 0, 0], upper: [1, 4, 9, 3] }), 0.5);
    const band = { lower: [8, 8], upper: [12, 12] };
    near(scaledIntervalScore([10, 13], band, { level: 0.95, scale: 2 }), (4 + 4 + 40) / 2 / 2);
  });

  it("put the competition's published rows where they are", () => {
    // sMAPE, MASE and OWA on all hourly series: seasonal naive, the overall winner, and the best on hourly data.
    const published = [
      [13.912, 1.193, 0.6275],
      [9.328, 0.893, 0.4401],
      [8.913, 0.801, 0.4096],
    ] as const;
    for (const [symmetric, scaled, owa] of published) {
      near(overallWeightedAverage(symmetric, scaled, m4HourlyDenominators), owa, 3e-4);
    }
  });

  it("have no unit for a history of one season", () => {
    assert.ok(Number.isNaN(seasonalScale([1, 2], 2)));
  });
});
