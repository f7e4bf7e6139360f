import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BreakerPolicy, FailureBreaker } from "./failure-breaker.js";

const policy: BreakerPolicy = {
  failureRatio: 0.5,
  minimumRequests: 20,
  windowMs: 10_000,
  openMs: 5_000,
  maxOpenMs: 12_000,
  rampMs: 10_000,
};

function created(): { breaker: FailureBreaker; changes: string[] } {
  const changes: string[] = [];
  return { breaker: new FailureBreaker(({ phase }) => changes.push(phase)), changes };
}

function reportMany(breaker: FailureBreaker, now: number, answers: readonly boolean[]): void {
  for (const failed of answers) breaker.report(now, failed, policy);
}

const times = (count: number, failed: boolean): boolean[] => Array.from({ length: count }, () => failed);

function opened(): { breaker: FailureBreaker; changes: string[] } {
  const made = created();
  reportMany(made.breaker, 0, times(20, true));
  return made;
}

const admitted = (breaker: FailureBreaker, now: number, asks: number): number =>
  Array.from({ length: asks }, () => breaker.admits(now, policy)).filter(Boolean).length;

describe("failure-ratio breaker", () => {
  it("decides nothing below the minimum of answers", () => {
    const { breaker, changes } = created();
    reportMany(breaker, 0, times(19, true));
    assert.deepEqual(changes, []);
    reportMany(breaker, 0, times(1, true));
    assert.deepEqual(changes, ["open"]);
    assert.equal(breaker.admits(1, policy), false);
    assert.equal(breaker.openLeftMs(1_000), 4_000);
  });

  it("opens at the share of failures, not below it", () => {
    const { breaker } = created();
    reportMany(breaker, 0, [...times(21, false), ...times(20, true)]);
    assert.equal(breaker.phase, "closed");
    reportMany(breaker, 0, times(1, true));
    assert.equal(breaker.phase, "open");
  });

  it("forgets what is older than the window", () => {
    const { breaker } = created();
    reportMany(breaker, 0, times(19, true));
    reportMany(breaker, 10_000, times(19, true));
    assert.equal(breaker.phase, "closed");
  });

  it("lets nothing through while it is open, then one at once and a growing share", () => {
    const { breaker, changes } = opened();
    assert.equal(admitted(breaker, 4_999, 50), 0);
    assert.equal(admitted(breaker, 5_000, 1), 1);
    assert.equal(breaker.phase, "recovering");
    assert.equal(admitted(breaker, 5_001, 100), 10);
    assert.equal(admitted(breaker, 10_000, 100), 50);
    assert.equal(admitted(breaker, 15_000, 10), 10);
    assert.deepEqual(changes, ["open", "recovering", "closed"]);
  });

  it("opens again for twice as long when the recovery fails, up to the maximum, and begins anew after a good one", () => {
    const { breaker } = opened();
    let now = 5_000;
    for (const wanted of [10_000, 12_000, 12_000]) {
      assert.equal(breaker.admits(now, policy), true);
      reportMany(breaker, now, times(5, true));
      assert.equal(breaker.phase, "open");
      assert.equal(breaker.openLeftMs(now), wanted);
      now += wanted;
    }
    breaker.admits(now, policy);
    breaker.admits(now + 10_000, policy);
    assert.equal(breaker.phase, "closed");
    reportMany(breaker, now + 10_000, times(20, true));
    assert.equal(breaker.openLeftMs(now + 10_000), 5_000);
  });

  it("does not count what was under way when it opened", () => {
    const { breaker, changes } = opened();
    reportMany(breaker, 1, times(100, true));
    assert.deepEqual(changes, ["open"]);
  });

  it("is closed and without a past after a reset", () => {
    const { breaker } = opened();
    breaker.reset();
    reportMany(breaker, 1, times(19, true));
    assert.equal(breaker.phase, "closed");
    assert.equal(breaker.admits(1, policy), true);
  });
});
