import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { autocorrelation } from "./autocorrelation.js";
import { findSeasons } from "./seasons.js";
import { hourlyLoad, noise } from "./series-fixture.test.js";

const search = (values: readonly number[], stepSeconds: number) => findSeasons(Float64Array.from(values), stepSeconds);

describe("the search for seasons", () => {
  it("finds day and week", () => {
    const { season, longSeason, found } = search(hourlyLoad({ hours: 24 * 35 }), 3600);
    assert.deepEqual([season, longSeason, found[1]?.basis], [24, 168, "found"]);
  });

  it("offers the week as a candidate where only a day is seen", () => {
    const { longSeason, found } = search(hourlyLoad({ hours: 24 * 35, weekly: false }), 3600);
    assert.deepEqual([longSeason, found[1]?.basis], [168, "candidate"]);
  });

  it("finds a season that no calendar has, at any step", () => {
    const next = noise(3);
    const values = Array.from({ length: 600 }, (_, t) => 10 + 3 * Math.sin((2 * Math.PI * t) / 17) + next());
    for (const step of [1, 60, 3600]) assert.equal(search(values, step).season, 17);
  });

  it("finds none in noise, in a wandering level, and in too few values", () => {
    const next = noise(5);
    const independent = Array.from({ length: 500 }, next);
    let level = 0;
    const walk = Array.from({ length: 500 }, () => (level += next()));
    for (const values of [independent, walk, [1, 2, 3], []]) assert.deepEqual(search(values, 3600).found, []);
  });

  it("does not depend on unit or trend", () => {
    const values = hourlyLoad({ hours: 24 * 28 });
    const changed = values.map((value, t) => 1000 * value + 300 * t);
    assert.equal(search(changed, 3600).season, 24);
  });
});

describe("autocorrelation", () => {
  it("is what its definition gives", () => {
    const z = Float64Array.from([1, 5, 2, 8, 3, 9, 4]);
    const mean = 32 / 7;
    const product = (lag: number) =>
      Array.from({ length: 7 - lag }, (_, t) => ((z[t] ?? 0) - mean) * ((z[t + lag] ?? 0) - mean)).reduce(
        (sum, value) => sum + value / (7 - lag),
        0,
      );
    const all = autocorrelation(z, 4);
    for (const lag of [0, 1, 2, 3, 4]) assert.ok(Math.abs((all[lag] ?? 9) - product(lag) / product(0)) < 1e-12);
    assert.deepEqual([...autocorrelation(new Float64Array(8).fill(3), 2)], [0, 0, 0]);
  });
});
