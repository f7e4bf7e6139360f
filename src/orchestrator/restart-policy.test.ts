import assert from "node:assert/strict";
import { test } from "node:test";
import { nextRestart, noBackoff, readyTimeToReset } from "./restart-policy.js";

test("the first restart is immediate, then 1 s doubling to 5 min", () => {
  const delays: number[] = [];
  let backoff = noBackoff;
  for (let count = 0; count < 12; count++) {
    const next = nextRestart(backoff, 0);
    delays.push(next.delayMs);
    backoff = next.backoff;
  }
  assert.deepEqual(delays, [0, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]);
});

test("being ready for 10 s, or twice the last delay when that is longer, begins anew", () => {
  const slow = { restarts: 5, lastDelayMs: 8000 };
  assert.equal(readyTimeToReset(noBackoff), 10_000);
  assert.equal(readyTimeToReset(slow), 16_000);
  assert.equal(nextRestart(slow, 15_999).delayMs, 16_000);
  assert.deepEqual(nextRestart(slow, 16_000), { delayMs: 0, backoff: { restarts: 1, lastDelayMs: 0 } });
});
