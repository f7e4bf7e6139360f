import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hourlyLoad, noise } from "../forecast/series-fixture.test.js";
import { createCalibration, probabilityOf } from "./calibration.js";
import { createDetector, type Episode, stepDetector } from "./detector.js";
import { createMeanShift, shiftOf } from "./mean-shift.js";
import { createShapeHistory, nearestDistance } from "./shape.js";

const start = Date.parse("2026-01-05T00:00:00.000Z");
const fiveMinutes = 300_000;

/** A week of five minutes with a day's rhythm and noise. */
function week(seed = 1): (number | null)[] {
  const next = noise(seed);
  return Array.from({ length: 2016 }, (_, t) => 100 + 40 * Math.sin((2 * Math.PI * t) / 288) + 3 * next());
}

function run(values: readonly (number | null)[], step = fiveMinutes) {
  const state = createDetector();
  const episodes = new Set<Episode>();
  const surprises = values.map((value, t) => {
    const result = stepDetector(state, value, start + t * step);
    assert.equal(result.refused, null);
    if (result.refused !== null) return Number.NaN;
    assert.ok(result.probability >= 0 && result.probability <= 1 && Number.isFinite(result.surprise));
    if (result.episode) episodes.add(result.episode);
    return result.surprise;
  });
  const rowOf = (time: number) => (time - start) / step;
  const found = Array.from(episodes, (one) => ({ ...one, from: rowOf(one.start), to: rowOf(one.end) }));
  return { state, episodes: found, surprises };
}

const changed = (
  values: readonly (number | null)[],
  from: number,
  to: number,
  change: (value: number) => number | null,
) => values.map((value, t) => (t >= from && t < to ? change(value as number) : value));

describe("the detector", () => {
  it("says nothing of an ordinary week", () => {
    for (const seed of [1, 2, 3]) assert.deepEqual(run(week(seed)).episodes, []);
  });

  it("says nothing of a constant series", () => {
    assert.deepEqual(run(Array.from({ length: 3000 }, () => 5)).episodes, []);
  });

  it("tells a level as one episode with start and end", () => {
    const { episodes } = run(changed(week(), 1500, 1560, (value) => value + 120));
    assert.deepEqual(
      episodes.map(({ reason, open }) => [reason, open]),
      [["level", false]],
    );
    const [one] = episodes;
    assert.ok(one && one.from === 1500 && one.to >= 1555 && one.to <= 1620, JSON.stringify(one));
  });

  it("tells variance", () => {
    const { episodes } = run(changed(week(), 1500, 1560, (value) => value + (value % 1 > 0.5 ? 60 : -60)));
    assert.equal(episodes.length, 1);
    assert.ok((episodes[0]?.from ?? 0) >= 1500 && (episodes[0]?.from ?? 0) <= 1503);
  });

  it("tells missing data, as nulls, as NaN and as time without rows", () => {
    for (const nothing of [null, Number.NaN]) {
      const { episodes } = run(changed(week(), 1500, 1520, () => nothing));
      assert.deepEqual(
        episodes.map(({ reason, from }) => [reason, from]),
        [["missing data", 1500]],
      );
    }
    const state = createDetector();
    const values = week();
    const results = values.map((value, t) => stepDetector(state, value, start + (t < 1500 ? t : t + 20) * fiveMinutes));
    const reasons = results.map((result) => (result.refused === null ? result.reason : result.refused));
    assert.equal(reasons.indexOf("missing data"), 1500);
  });

  it("forgives gaps as long as earlier ones", () => {
    const holed = week().map((value, t) => (t % 100 < 4 && t >= 20 ? null : value));
    const { episodes } = run(holed);
    assert.ok(episodes.length <= 1, JSON.stringify(episodes));
  });

  it("refuses times that are not after the last, and stays as it was", () => {
    const state = createDetector();
    stepDetector(state, 1, start);
    stepDetector(state, 2, start + 1000);
    const before = JSON.stringify(state);
    assert.deepEqual(stepDetector(state, 3, start + 1000), { refused: "duplicate" });
    assert.deepEqual(stepDetector(state, 3, start), { refused: "unsorted" });
    assert.deepEqual(stepDetector(state, 3, Number.NaN), { refused: "bad-timestamp" });
    assert.equal(JSON.stringify(state), before);
  });

  it("does not depend on scale or shift", () => {
    const values = changed(week(), 1500, 1560, (value) => value + 120) as number[];
    const plain = run(values).surprises;
    for (const [scale, shift] of [
      [1024, 0],
      [1 / 64, 0],
      [1, 4096],
      [1000, -77],
    ] as const) {
      const other = run(values.map((value) => value * scale + shift)).surprises;
      for (const [t, surprise] of plain.entries()) {
        assert.ok(Math.abs(surprise - (other[t] as number)) < 1e-3, `row ${t} at ${scale}, ${shift}`);
      }
    }
  });

  it("keeps its memory", () => {
    const sizeOf = (state: object) =>
      JSON.stringify(state, (_, v) => (ArrayBuffer.isView(v) ? v.byteLength : v)).length;
    const long = run(Array.from({ length: 12 }, (_, day) => week(day)).flat());
    assert.ok(sizeOf(long.state) < 3000, `${sizeOf(long.state)}`);
    assert.equal(long.state.shapes.values.length, createDetector().shapes.values.length);
  });

  it("gives the same for the same", () => {
    assert.deepEqual(
      run(hourlyLoad({ hours: 1000 }), 3_600_000).surprises,
      run(hourlyLoad({ hours: 1000 }), 3_600_000).surprises,
    );
  });
});

describe("the nearest shape", () => {
  it("is as a plain search finds it, also after the ring is full", () => {
    const next = noise(7);
    const values = Array.from({ length: 2600 }, () => next());
    const history = createShapeHistory();
    for (const [t, value] of values.entries()) {
      const distance = nearestDistance(history, value);
      if (t % 97 === 0 || t === 48) assert.ok(close(distance, plain(values, t)), `row ${t}: ${distance}`);
    }
  });
});

describe("the shift of the mean", () => {
  it("is as plain sums give it, also after the ring is full", () => {
    const next = noise(3);
    const values = Array.from({ length: 1000 }, () => next());
    const state = createMeanShift();
    const mean = (part: readonly number[]) => part.reduce((sum, value) => sum + value, 0) / part.length;
    for (const [t, value] of values.entries()) {
      const before = values.slice(Math.max(0, t - 309), Math.max(0, t - 9));
      const expected = before.length < 21 ? null : Math.abs(mean(values.slice(t - 9, t + 1)) - mean(before));
      const shift = shiftOf(state, value);
      assert.ok(close(shift, expected), `row ${t}: ${shift}, not ${expected}`);
    }
  });
});

describe("the probability", () => {
  it("is reached no more often than it says by rows in any order", () => {
    const next = noise(11);
    const state = createCalibration();
    const found = Array.from({ length: 20_000 }, () => probabilityOf(state, Math.max(0, 3 * next())));
    for (const least of [0.9, 0.99, 0.999]) {
      const share = found.filter((probability) => probability >= least).length / found.length;
      assert.ok(share <= 1.3 * (1 - least) && share >= 0.3 * (1 - least), `${least}: ${share}`);
    }
  });

  it("is nothing without a surprise, and less than 1 after any number of rows", () => {
    const state = createCalibration();
    for (let row = 0; row < 99; row++) assert.equal(probabilityOf(state, 0), 0);
    assert.equal(probabilityOf(state, 1e9), 0.99);
  });
});

const close = (a: number | null, b: number | null) => (a === null || b === null ? a === b : Math.abs(a - b) < 1e-9);

function plain(values: readonly number[], t: number): number | null {
  let nearest = Number.POSITIVE_INFINITY;
  for (let lag = 24; lag <= Math.min(2048, t - 24); lag++) {
    let sum = 0;
    for (let back = 0; back < 24; back++) {
      const difference = (values[t - back] as number) - (values[t - lag - back] as number);
      sum += difference * difference;
    }
    nearest = Math.min(nearest, sum);
  }
  return nearest === Number.POSITIVE_INFINITY ? null : Math.sqrt(nearest / 24);
}
