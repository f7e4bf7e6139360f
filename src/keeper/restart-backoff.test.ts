import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BackoffPolicy, nextStart, restedBackoff } from "./restart-backoff.js";

const policy: BackoffPolicy = { steadyMs: 10_000, firstDelayMs: 1_000, longestDelayMs: 30_000 };

function delaysFor(lives: readonly number[]): number[] {
  let state = restedBackoff;
  return lives.map((livedMs) => {
    const next = nextStart(state, livedMs, policy);
    state = next.state;
    return next.delayMs;
  });
}

describe("restart backoff", () => {
  it("starts at once what lived long, however often", () => {
    assert.deepEqual(delaysFor([10_000, 99_999, 10_000]), [0, 0, 0]);
  });

  it("starts at once after the first early death, then waits twice as long each time, up to the longest", () => {
    assert.deepEqual(delaysFor([1, 1, 1, 1, 1, 1, 1, 1]), [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("begins anew after a long life", () => {
    assert.deepEqual(delaysFor([1, 1, 20_000, 1, 1]), [0, 1_000, 0, 0, 1_000]);
  });
});
