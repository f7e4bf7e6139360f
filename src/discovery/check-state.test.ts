// Thresholds of active checks, told as rows of results.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CheckState, nextCheckDelayMs, stepCheck, uncheckedState } from "./check-state.js";
import type { CheckSpec } from "./registry.js";

const check: CheckSpec = {
  kind: "tcp",
  address: "127.0.0.1",
  port: 9000,
  periodMs: 10_000,
  timeoutMs: 1000,
  failureThreshold: 3,
  successThreshold: 2,
};

function run(row: string, from: CheckState = uncheckedState): CheckState {
  return [...row].reduce(
    (state, mark) => stepCheck(state, { ok: mark === "+", detail: mark === "+" ? "connected" : "refused" }, check),
    from,
  );
}

const cases: readonly [row: string, state: string][] = [
  ["+", "starting"],
  ["++", "passing"],
  ["-", "starting"],
  ["--", "starting"],
  ["---", "critical"],
  ["+-+", "starting"],
  ["++-", "warning"],
  ["++--", "warning"],
  ["++-+", "passing"],
  ["++---", "critical"],
  ["---+", "critical"],
  ["---+-+", "critical"],
  ["---++", "passing"],
];

for (const [row, state] of cases) {
  test(`the results ${row} leave an instance ${state}`, () => {
    const after = run(row);
    assert.equal(after.state, state);
    assert.notEqual(after.reason, "");
  });
}

test("reasons count towards the threshold and stay the same once it is reached", () => {
  assert.equal(run("++-").reason, "tcp check: refused (1 of 3 failures)");
  assert.equal(run("---").reason, "tcp check: refused");
  assert.deepEqual(run("-----"), run("---"));
  assert.equal(run("---+").reason, "tcp check: 1 of 2 successes needed");
});

test("checks come quickly until the first verdict", () => {
  assert.equal(nextCheckDelayMs(uncheckedState, check), 250);
  assert.equal(nextCheckDelayMs(run("++"), check), 10_000);
});

test("a restored warning needs its threshold of successes and one failure does not make it critical", () => {
  const restored: CheckState = { ...uncheckedState, state: "warning", reason: "known from before" };
  assert.equal(run("+", restored).state, "warning");
  assert.equal(run("++", restored).state, "passing");
  assert.equal(run("-", restored).state, "warning");
});
