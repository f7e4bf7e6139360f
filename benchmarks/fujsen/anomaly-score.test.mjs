// The scorer, before anything is scored with it: `node --test benchmarks/fujsen/anomaly-score.test.mjs`, with
// TUSK_BENCH_DATA for the last one.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { filesOf, parseRows, windowsOf } from "./anomaly-data.mjs";
import { countAt, detectionsOf, probation, profiles, rank, scaledSigmoid, scoreFiles } from "./anomaly-score.mjs";

const data = process.env.TUSK_BENCH_DATA;
const silent = (length) => new Float64Array(length);
const at = (length, rows) => silent(length).map((_, row) => (rows.includes(row) ? 1 : 0));
const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, not ${expected}`);
const windows = [
  [400, 499],
  [700, 799],
];
const scoreAt = (rows, profile = profiles.standard) =>
  scoreFiles([{ scores: at(1000, rows), windows }], profile, 1).score;

describe("the scorer", () => {
  it("reads rows", () => {
    const { times, values } = parseRows("timestamp,value\n2014-04-01 00:05:00,1.5\n");
    assert.deepEqual([[...times], [...values]], [[Date.UTC(2014, 3, 1, 0, 5)], [1.5]]);
  });

  it("leaves out 15 % of a file, at most 750 rows", () => {
    assert.deepEqual([100, 1000, 5000, 20_000].map(probation), [15, 150, 750, 750]);
    assert.equal(detectionsOf(silent(1000), windows).length, 850);
  });

  it("weighs places by a sigmoid", () => {
    near(scaledSigmoid(-1), 0.9866142981514305);
    assert.deepEqual([scaledSigmoid(0), scaledSigmoid(3.01)], [0, -1]);
  });

  it("gives nothing for silence and 100 for the first row of each window", () => {
    for (const profile of Object.values(profiles)) {
      near(scoreAt([], profile), 0);
      near(scoreAt([400, 700], profile), 100);
      near(scoreAt([400], profile), 50);
    }
  });

  it("counts the earliest detection of a window and no other", () => {
    near(scoreAt([400, 401, 450, 499, 700]), 100);
    near(scoreAt([450, 480, 700]), scoreAt([450, 700]));
    assert.ok(scoreAt([499, 700]) < scoreAt([450, 700]) && scoreAt([499, 700]) > 50);
  });

  it("takes a false alarm's cost by its distance past the last window", () => {
    const cost = (row, weight = 0.11) => 100 * (weight / (2 * 2)) * -scaledSigmoid(row);
    near(100 - scoreAt([300, 400, 700]), (100 * 0.11) / 4);
    near(100 - scoreAt([400, 500, 700]), cost(1 / 99));
    near(100 - scoreAt([400, 549, 700], profiles["low FP"]), cost(50 / 99, 0.22));
    near(scoreAt([10, 400, 700]), 100);
  });

  it("searches one threshold for all files", () => {
    const scores = silent(1000).map((_, row) => ({ 400: 0.9, 700: 0.5, 300: 0.7 })[row] ?? 0);
    const other = silent(1000).map((_, row) => (row >= 200 && row < 220 ? 0.4 : 0));
    const files = [
      { scores, windows },
      { scores: other, windows: [] },
    ];
    const { score, threshold } = scoreFiles(files, profiles.standard);
    assert.equal(threshold, 0.5);
    near(score, 100 - (100 * 0.11) / 4);
    assert.deepEqual(countAt(rank(files), 0.4), { windows: 2, found: 2, falseAlarms: 21 });
  });

  it("numbers windows over files and has no score without any", () => {
    const file = { scores: at(1000, [400, 700]), windows };
    near(scoreFiles([file, { scores: silent(1000), windows }], profiles.standard, 1).score, 50);
    assert.equal(scoreFiles([{ scores: silent(1000), windows: [] }], profiles.standard).score, null);
  });

  it("finds each window's rows in the data", { skip: data ? false : "TUSK_BENCH_DATA is not set" }, () => {
    const files = filesOf(data);
    const labelled = windowsOf(data, files);
    assert.equal(labelled.size, files.length);
    for (const { file, times } of files) {
      for (const [first, last] of labelled.get(file))
        assert.ok(last < times.length && first >= probation(times.length));
    }
  });
});
