import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { forecastSeries, type SeriesForecast } from "./forecast-series.js";
import { findLevelShift } from "./level-shift.js";
import { coverage, scaledError, seasonalScale } from "./scores.js";
import { hourlyLoad, noise, seeded } from "./series-fixture.test.js";

const hour = 3600;
const options = { horizon: 48, tier: "best", levels: [0.5, 0.8, 0.95] } as const;
const fast = { ...options, tier: "fast" } as const;
const forecast = (values: readonly (number | null)[], change: Partial<Parameters<typeof forecastSeries>[1]> = {}) =>
  forecastSeries({ values, stepSeconds: hour }, { ...fast, ...change });

function assertSound({ mean, intervals }: SeriesForecast): void {
  assert.ok(mean.every((value) => Number.isFinite(value) && value >= 0));
  let [lower, upper] = [mean, mean];
  for (const interval of intervals ?? []) {
    for (let h = 0; h < mean.length; h++) {
      assert.ok((interval.lower[h] as number) <= (lower[h] as number) + 1e-9, "a lower bound is not nested");
      assert.ok((interval.upper[h] as number) >= (upper[h] as number) - 1e-9, "an upper bound is not nested");
    }
    [lower, upper] = [interval.lower, interval.upper];
  }
}

describe("a forecast of a load with day and week", () => {
  const values = hourlyLoad({ hours: 24 * 37 });
  const [history, actual] = [values.slice(0, -48), values.slice(-48)];
  for (const tier of ["fast", "best"] as const) {
    const result = forecast(history, { tier });

    it(`of the ${tier} tier is far better than repeating the last day`, () => {
      const scale = seasonalScale(history, 24);
      assert.ok(scaledError(actual, result.mean, scale) < 0.35, String(scaledError(actual, result.mean, scale)));
      assert.equal(result.method, "ensemble");
      assertSound(result);
    });

    it(`of the ${tier} tier says what its method missed in backtests`, () => {
      const { backtest } = result;
      assert.ok(backtest && backtest.origins >= 2 && backtest.scaledError < backtest.naive.scaledError);
      assert.match(result.reason, /% of that of repeating/);
    });
  }

  it("covers about what its intervals say", () => {
    const shares = Array.from({ length: 20 }, (_, seed) => {
      const load = hourlyLoad({ hours: 24 * 30, seed: seed + 10, spread: 0.1 });
      const [, , widest] = forecast(load.slice(0, -48)).intervals ?? [];
      assert.ok(widest);
      return coverage(load.slice(-48), widest);
    });
    const mean = shares.reduce((sum, share) => sum + share / shares.length, 0);
    assert.ok(mean > 0.9, String(mean));
  });
});

describe("a forecast", () => {
  it("of a wandering level repeats the last value, and says so", () => {
    const next = noise(11);
    let level = 1000;
    const walk = Array.from({ length: 400 }, () => (level += next()));
    const result = forecast(walk, { tier: "best", horizon: 12 });
    assertSound(result);
    if (result.method === "seasonal-naive") assert.match(result.reason, /repeating the last season did better/);
    assert.ok(Math.abs((result.mean[0] as number) - level) < 10);
  });

  it("of a short or a constant series is honest", () => {
    assert.deepEqual([forecast([3]).method, forecast([3]).intervals, forecast([3]).mean[47]], ["last-value", null, 3]);
    assert.match(forecast([1, 2, 3]).reason, /only 3 values/);
    const constant = forecast(new Array(500).fill(7));
    assert.deepEqual([constant.mean[0], constant.backtest, constant.reason], [7, null, "every value is the same"]);
    assert.ok(forecast(new Array(500).fill(0)).mean.every((value) => value === 0));
    for (const hours of [16, 20, 30, 50, 75, 100, 150, 200, 400]) assertSound(forecast(hourlyLoad({ hours })));
  });

  it("is not led astray by gaps", () => {
    const values = hourlyLoad({ hours: 24 * 30 });
    const next = seeded(2);
    const gappy = values.map((value) => (next() < 0.15 ? null : value));
    const [whole, holed] = [forecast(values), forecast(gappy)];
    assertSound(holed);
    assert.ok(scaledError(whole.mean, holed.mean, seasonalScale(values, 24)) < 0.15);
  });

  it("has a measured error although a whole day is missing", () => {
    for (const days of [1, 2, 3]) {
      const values = hourlyLoad({ hours: 24 * 21 }).map((value, t) => (t >= 24 * 21 - 24 * days ? null : value));
      for (const tier of ["fast", "best"] as const) {
        const result = forecast(values, { tier, horizon: 24 });
        assertSound(result);
        assert.ok(result.backtest === null || Number.isFinite(result.backtest.scaledError), `${days} ${tier}`);
      }
    }
  });

  it("follows a level shift at once", () => {
    const values = hourlyLoad({ hours: 24 * 30, weekly: false }).map((value, t) => (t < 24 * 25 ? value : 3 * value));
    const shift = findLevelShift(Float64Array.from(values), 24);
    assert.ok(shift && Math.abs(shift.at - 24 * 25) <= 2, String(shift?.at));
    const { mean } = forecast(values);
    const level = mean.reduce((sum, value) => sum + value / 48, 0);
    assert.ok(level > 270 && level < 330, String(level));
  });

  it("takes no busy week for a level shift", () => {
    const values = hourlyLoad({ hours: 24 * 42 }).map((value, t) => (t > 24 * 20 && t < 24 * 27 ? 1.5 * value : value));
    assert.equal(findLevelShift(Float64Array.from(values), 24), null);
  });

  it("of another unit is the same in that unit", () => {
    const values = hourlyLoad({ hours: 24 * 28 });
    for (const factor of [4, 0.001]) {
      const [one, other] = [forecast(values), forecast(values.map((value) => value * factor))];
      for (const [h, value] of one.mean.entries()) {
        assert.ok(Math.abs((other.mean[h] as number) - factor * value) < 1e-6 * factor * 100);
      }
    }
  });

  it("is the same each time, and sound for any rates", () => {
    const rates = fc.array(
      fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(0), fc.integer({ min: 0, max: 5 })),
      {
        minLength: 1,
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 30 }), (values, horizon) => {
        const [one, other] = [forecast(values, { horizon }), forecast(values, { horizon })];
        assert.deepEqual(one, other);
        assertSound(one);
      }),
      { numRuns: 60 },
    );
  });

  it("takes minutes and days as well as hours", () => {
    const minutes = Array.from({ length: 3 * 1440 }, (_, t) => 50 + 20 * Math.sin((2 * Math.PI * t) / 1440) + (t % 3));
    const result = forecastSeries({ values: minutes, stepSeconds: 60 }, { ...fast, horizon: 60 });
    assertSound(result);
    assert.equal(result.seasons[0]?.steps, 1440);
    assert.ok(Math.abs((result.mean[30] as number) - (50 + 20 * Math.sin((2 * Math.PI * 30) / 1440) + 1)) < 4);
    const days = Array.from({ length: 90 }, (_, t) => (t % 7 < 5 ? 100 : 40) + (t % 4));
    const daily = forecastSeries({ values: days, stepSeconds: 86_400 }, { ...fast, horizon: 7 });
    assert.equal(daily.seasons[0]?.steps, 7);
    assertSound(daily);
  });
});
