import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "./duration.js";

test("texts of the Gateway API and numbers of milliseconds", () => {
  for (const [text, ms] of [
    ["500ms", 500],
    ["10s", 10_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1h2m3s4ms", 3_723_004],
    ["0s", 0],
    [250, 250],
    [0, 0],
  ] as const) {
    assert.equal(parseDuration(text), ms, String(text));
  }
});

test("anything else is none", () => {
  for (const text of ["", "10", "1.5s", "5 s", "-1s", "1d", "123456s", "1s1s1s1s1s", "ms"]) {
    assert.equal(parseDuration(text), null, text);
  }
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(parseDuration(value), null);
});
