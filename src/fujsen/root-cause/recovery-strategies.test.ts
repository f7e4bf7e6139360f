import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyzeServiceFailures } from "./analyze-failures.js";
import { from, shopFailure, start, stepMs, to } from "./failure-fixture.test.js";
import { determineServiceRecoveryStrategies, type RecoveryOptions } from "./recovery-strategies.js";

const everywhere = { failure: { from, to } };
const slow = { db: { latency: 25 }, api: { latency: 50 }, front: { latency: 50 } };

function bestFor(data: Parameters<typeof analyzeServiceFailures>[0], options?: RecoveryOptions) {
  const { strategies } = determineServiceRecoveryStrategies(analyzeServiceFailures(data), options);
  return [strategies[0]?.kind, strategies[0]?.service];
}

describe("recovery strategies", () => {
  it("are none where nothing is wrong, or too little is known", () => {
    for (const change of [{}, { front: { latency: 17 } }]) {
      const analysis = analyzeServiceFailures(shopFailure(change));
      const { strategies, reason } = determineServiceRecoveryStrategies(analysis);
      assert.deepEqual([strategies, reason], [[], analysis.reason]);
    }
  });

  it("undo a change first", () => {
    const at = new Date(start + 58 * stepMs).toISOString();
    const changes = [{ at, service: "db", kind: "config" as const }];
    assert.deepEqual(bestFor(shopFailure(slow, { changes })), ["roll-back", "db"]);
    const facts = { db: { earlierRevision: false } };
    const analysis = analyzeServiceFailures(shopFailure(slow, { changes }));
    const { strategies, rejected } = determineServiceRecoveryStrategies(analysis, { facts });
    assert.ok(strategies.every(({ kind }) => kind !== "roll-back"));
    assert.deepEqual(
      rejected.map(({ kind }) => kind),
      ["roll-back"],
    );
  });

  it("fit what the suspect shows", () => {
    assert.deepEqual(bestFor(shopFailure({ api: { memory: 5e8 } }, everywhere)), ["restart", "api"]);
    const rush = { mail: { requests: 240, cpu: 0.5, latency: 90 } };
    assert.deepEqual(bestFor(shopFailure(rush, everywhere)), ["scale", "mail"]);
    const facts = { db: { instances: 3, worstInstance: "db-2" } };
    assert.deepEqual(bestFor(shopFailure(slow), { facts }), ["eject", "db"]);
  });

  it("each say precondition, effect, risk and undo, best first", () => {
    const facts = { mail: { retryingCallers: ["front"], toleratingCallers: ["front"], alternative: "mail-b" } };
    const rush = { mail: { requests: 240, errorRate: 0.5, latency: 90, cpu: 0.5 } };
    const { strategies } = determineServiceRecoveryStrategies(analyzeServiceFailures(shopFailure(rush, everywhere)), {
      facts,
    });
    const kinds = new Set(strategies.map(({ kind }) => kind));
    for (const kind of [
      "restart",
      "eject",
      "scale",
      "shed-load",
      "open-breaker",
      "fail-over",
      "disable-retries",
    ] as const) {
      assert.ok(kinds.has(kind), kind);
    }
    for (const { why, precondition, effect, risk, undo } of strategies) {
      for (const text of [why, precondition.text, effect, risk, undo]) assert.ok(text.length > 5);
    }
    const scores = strategies.map(({ score }) => score);
    assert.deepEqual(
      scores,
      [...scores].sort((left, right) => right - left),
    );
  });
});
