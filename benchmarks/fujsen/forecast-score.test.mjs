// The scorers, before anything is scored with them: `node --test benchmarks/fujsen/forecast-score.test.mjs`, with
// TUSK_BENCH_DATA for the last one.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { actualsOf, parseSeries, trainingOf } from "./forecast-data.mjs";
import { repeatedSeason, scoreForecasts } from "./forecast-score.mjs";

const data = process.env.TUSK_BENCH_DATA;

describe("the scorers", () => {
  it("read rows of different lengths", () => {
    const text = '"V1","V2","V3","V4"\n"H1","1","2.5",\n"H2","3",NA,NA\n';
    assert.deepEqual(parseSeries(text), [
      { id: "H1", values: [1, 2.5] },
      { id: "H2", values: [3] },
    ]);
  });

  it("give nothing for a perfect forecast", () => {
    const values = Array.from({ length: 96 }, (_, t) => t + (t % 24));
    const mean = Array.from({ length: 48 }, (_, h) => h + 1);
    const prediction = { series: "H1", mean, lower95: mean, upper95: mean };
    const score = scoreForecasts([prediction], new Map([["H1", mean]]), new Map([["H1", values]]));
    assert.deepEqual(
      [score.count, score.symmetric, score.scaled, score.owa, score.msis, score.covered],
      [1, 0, 0, 0, 0, 1],
    );
  });

  it("give the known figures for the last 24 hours repeated", {
    skip: data ? false : "TUSK_BENCH_DATA is not set",
  }, () => {
    const series = trainingOf(data);
    const predictions = series.map(({ id, values }) => ({ series: id, mean: repeatedSeason(values, 24) }));
    const history = new Map(series.map(({ id, values }) => [id, values]));
    const { count, symmetric, scaled, owa } = scoreForecasts(predictions, actualsOf(data), history);
    assert.deepEqual(
      [count, symmetric.toFixed(3), scaled.toFixed(3), owa.toFixed(3)],
      [138, "13.383", "1.158", "0.606"],
    );
  });
});
