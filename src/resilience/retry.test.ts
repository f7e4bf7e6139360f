import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fullJitterMs } from "./backoff.js";
import { RetryBudget } from "./retry-budget.js";
import { type AttemptFailure, decideRetry, type RetryQuestion } from "./retry-policy.js";

const refused: AttemptFailure = { kind: "connect", refused: true, message: "" };
const resetAfterSend: AttemptFailure = { kind: "reset", requestSent: true, message: "" };
const resetBeforeSend: AttemptFailure = { kind: "reset", requestSent: false, message: "" };
const timeout: AttemptFailure = { kind: "timeout", requestSent: true, message: "" };
const status: AttemptFailure = { kind: "status", status: 503, message: "" };

const usual: RetryQuestion = {
  method: "GET",
  hasIdempotencyKey: false,
  failure: resetAfterSend,
  attemptsMade: 1,
  attemptsAllowed: 2,
  bodyReplayable: true,
  answerStarted: false,
};

describe("retry policy", () => {
  const cases: { name: string; question: Partial<RetryQuestion>; retry: boolean }[] = [
    { name: "a GET whose connection broke", question: {}, retry: true },
    { name: "a GET that timed out", question: { failure: timeout }, retry: true },
    { name: "a GET answered with a listed status", question: { failure: status }, retry: true },
    { name: "a PUT whose connection broke", question: { method: "PUT" }, retry: true },
    { name: "a POST that was refused a connection", question: { method: "POST", failure: refused }, retry: true },
    {
      name: "a POST of which nothing was sent",
      question: { method: "POST", failure: resetBeforeSend },
      retry: true,
    },
    { name: "a POST after bytes were sent", question: { method: "POST" }, retry: false },
    { name: "a POST that timed out", question: { method: "POST", failure: timeout }, retry: false },
    { name: "a POST answered 503", question: { method: "POST", failure: status }, retry: false },
    { name: "a PATCH after bytes were sent", question: { method: "PATCH" }, retry: false },
    {
      name: "a POST with an Idempotency-Key",
      question: { method: "POST", hasIdempotencyKey: true },
      retry: true,
    },
    { name: "an answer that has begun", question: { answerStarted: true }, retry: false },
    { name: "a body that is gone", question: { bodyReplayable: false, failure: refused }, retry: false },
    { name: "retries switched off", question: { attemptsAllowed: 0, failure: refused }, retry: false },
    { name: "the second attempt of two further ones", question: { attemptsMade: 2 }, retry: true },
    { name: "all attempts used", question: { attemptsMade: 3 }, retry: false },
  ];
  for (const { name, question, retry } of cases) {
    it(`${retry ? "repeats" : "does not repeat"} ${name}`, () => {
      const decision = decideRetry({ ...usual, ...question });
      assert.equal(decision.retry, retry);
      assert.notEqual(decision.reason, "");
    });
  }
});

describe("retry budget", () => {
  const policy = { ratio: 0.2, minimum: 3 };
  const allowed = (budget: RetryBudget, nowMs: number, times: number): number =>
    Array.from({ length: times }, () => budget.tryRetry(nowMs, policy)).filter(Boolean).length;
  const withRequests = (count: number, nowMs: number): RetryBudget => {
    const budget = new RetryBudget();
    for (let index = 0; index < count; index++) budget.countRequest(nowMs);
    return budget;
  };

  it("allows the minimum each second, however low the traffic", () => {
    const budget = withRequests(1, 0);
    assert.equal(allowed(budget, 0, 10), 3);
    assert.equal(allowed(budget, 999, 10), 0);
    assert.equal(allowed(budget, 1000, 10), 3);
  });

  it("allows a share of the requests of the last ten seconds, all at once if need be", () => {
    assert.equal(allowed(withRequests(1000, 0), 500, 1000), 200);
    assert.equal(allowed(withRequests(1000, 0), 9_999, 1000), 200);
  });

  it("forgets what is longer ago, also after a long pause", () => {
    assert.equal(allowed(withRequests(1000, 0), 10_000, 1000), 3);
    assert.equal(allowed(withRequests(1000, 5_000), 3_600_000, 1000), 3);
  });

  it("allows none when both are 0", () => {
    assert.equal(withRequests(100, 0).tryRetry(0, { ratio: 0, minimum: 0 }), false);
  });
});

describe("full jitter", () => {
  it("doubles its range with each retry, up to ten times the base", () => {
    const longest = [1, 2, 3, 4, 5, 6].map((retry) => fullJitterMs(25, retry, () => 1));
    assert.deepEqual(longest, [25, 50, 100, 200, 250, 250]);
    assert.equal(
      fullJitterMs(25, 3, () => 0),
      0,
    );
  });
});
