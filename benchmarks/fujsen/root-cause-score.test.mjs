// The scorers, before anything is scored with them: `node --test benchmarks/fujsen/root-cause-score.test.mjs`.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { barosRobustScorer, nSigma } from "./root-cause-baselines.mjs";
import { averageAt5, hitAt, inOrder, score } from "./root-cause-score.mjs";

const ranked = ["a", "b", "c", "d", "e", "f"].map((node) => ({ node }));

describe("the scorers", () => {
  it("count places", () => {
    assert.deepEqual(
      [hitAt(ranked, "b", 1), hitAt(ranked, "b", 2), hitAt(ranked, "z", 5), hitAt([], "a", 1)],
      [0, 1, 0, 0],
    );
    const places = ["a", "b", "e", "f"].map((node) => averageAt5(ranked, node));
    assert.deepEqual(places, [1, 0.8, 0.2, 0]);
  });

  it("ask for the verdict too", () => {
    const truths = [
      { id: "1", group: "g", kind: "found", truth: "a" },
      { id: "2", group: "g", kind: "found", truth: "a" },
      { id: "3", group: "g", kind: "quiet" },
      { id: "4", group: "g", kind: "quiet" },
    ];
    const predictions = ["fault", "not-enough-evidence", "fault", "nothing-wrong"].map((verdict) => ({
      verdict,
      ranked,
    }));
    const rows = Object.fromEntries(score(predictions, truths).map(({ measure, value }) => [measure, value]));
    assert.deepEqual(rows, { "top-1 and verdict fault": 0.5, "top-1": 1, "top-3": 1, specificity: 0.5 });
  });

  it("use an id that is there twice in order, and a missing prediction as wrong", () => {
    const truths = [{ id: "1" }, { id: "1" }, { id: "2" }];
    const predictions = [
      { case: "1", ranked: ["x"] },
      { case: "1", ranked: ["y"] },
    ];
    assert.deepEqual(
      inOrder(predictions, truths).map((one) => one?.ranked[0]),
      ["x", "y", undefined],
    );
  });
});

describe("the baselines", () => {
  it("rank what moved most, by their own scale", () => {
    const timestamps = Array.from({ length: 12 }, (_, index) => index * 1000);
    const values = (last) => [1, 2, 3, 1, 2, 3, 1, 2, 3, 2, last, 2];
    const series = [
      { service: "still", metric: "cpu", timestamps, values: values(3) },
      { service: "moved", metric: "cpu", timestamps, values: values(9) },
    ];
    const data = { failure: { from: new Date(8500).toISOString(), to: new Date(11_000).toISOString() }, series };
    // Nine values 1, 2, 3: median 2, interquartile range 2, mean 2, deviation sqrt(2/3).
    assert.deepEqual(barosRobustScorer(data), [
      { node: "moved", score: 3.5 },
      { node: "still", score: 0.5 },
    ]);
    const [most] = nSigma(data);
    assert.equal(most.node, "moved");
    assert.ok(Math.abs(most.score - 7 / Math.sqrt(2 / 3)) < 1e-12);
  });
});
