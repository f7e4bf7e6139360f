import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AdaptivePolicy, type AdaptiveState, startAdaptive, stepAdaptive } from "./adaptive-limit.js";

const policy: AdaptivePolicy = { min: 4, max: 400, tolerance: 2 };

/** A window of equal answers. */
function afterWindow(state: AdaptiveState, tookMs: number, inFlight: number, at: number): AdaptiveState {
  let next = state;
  for (let answer = 1; answer <= 20; answer++) {
    next = stepAdaptive(next, { tookMs, inFlight }, { now: at + answer * 60, policy });
  }
  return next;
}

function run(state: AdaptiveState, windows: number, latency: (limit: number) => number, from = 0): AdaptiveState {
  let next = state;
  for (let window = 0; window < windows; window++) {
    const inFlight = Math.floor(next.limit);
    next = afterWindow(next, latency(next.limit), inFlight, from + window * 1_200);
  }
  return next;
}

test("whatever is measured, the limit stays within its bounds and is a number", () => {
  const measured = fc.array(
    fc.record({ tookMs: fc.double({ min: 0, max: 1e6, noNaN: true }), inFlight: fc.nat(2000), wait: fc.nat(5000) }),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(measured, (answers) => {
      let now = 0;
      let state = startAdaptive(policy, now);
      for (const { wait, ...answer } of answers) {
        now += wait;
        state = stepAdaptive(state, answer, { now, policy });
        assert.ok(state.limit >= policy.min && state.limit <= policy.max, String(state.limit));
      }
    }),
  );
});

test("steady latency and a limit that is used: it grows to the most; unused, it stays", () => {
  const start = startAdaptive(policy, 0);
  assert.equal(run(start, 200, () => 20).limit, policy.max);
  assert.equal(afterWindow(start, 20, 10, 0).limit, start.limit);
});

test("slower than twice the baseline: fewer, window by window, down to the least", () => {
  const fast = run(startAdaptive(policy, 0), 3, () => 10);
  const once = run(fast, 1, () => 19, 10_000);
  assert.ok(once.limit >= fast.limit);
  const slower = run(fast, 1, () => 25, 10_000);
  assert.ok(slower.limit < fast.limit && slower.limit >= fast.limit * 0.8, String(slower.limit));
  const stuck = run(fast, 30, () => 10_000, 10_000);
  assert.equal(stuck.limit, policy.min);
});

test("a service that works on so many at a time: the limit comes to about as many as double its latency", () => {
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 100 }), fc.integer({ min: 1, max: 500 }), (capacity, baseMs) => {
      const latency = (limit: number): number => baseMs * Math.max(1, limit / capacity);
      // Some quiet time first, so that its own speed is known.
      const known = run({ ...startAdaptive(policy, 0), limit: policy.min }, 1, () => baseMs);
      const { limit } = run(known, 100, latency, 2_000);
      assert.ok(limit >= capacity, `${limit} for ${capacity}`);
      assert.ok(limit <= capacity * 2.5 + 10, `${limit} for ${capacity}`);
    }),
  );
});

test("a window needs its time and its answers", () => {
  let state = startAdaptive(policy, 0);
  for (let answer = 0; answer < 100; answer++)
    state = stepAdaptive(state, { tookMs: 1, inFlight: 1 }, { now: 999, policy });
  assert.equal(state.baselineMs, null);
  state = startAdaptive(policy, 0);
  for (let answer = 0; answer < 9; answer++)
    state = stepAdaptive(state, { tookMs: 1, inFlight: 1 }, { now: 5_000, policy });
  assert.equal(state.baselineMs, null);
  assert.equal(stepAdaptive(state, { tookMs: 1, inFlight: 1 }, { now: 5_000, policy }).baselineMs, 1);
});

test("a service that has become slower for good is measured anew after five minutes", () => {
  const fast = run(startAdaptive(policy, 0), 3, () => 10);
  const slow = run(fast, 300, () => 100, 10_000);
  assert.equal(slow.baselineMs, 100);
  assert.ok(slow.limit > policy.min, "and it takes more again");
});
