import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DecisionRecord } from "../decision.js";
import { MicroservicesIntelligence } from "../engine.js";
import type { DemandPrediction, DemandPredictions } from "../forecast/demands.js";
import {
  generateMicroservicesScalingRecommendations,
  type ScalingOptions,
  type ScalingRecommendation,
} from "./scaling-recommendations.js";
import { meanLatency } from "./service-estimate.js";

const start = "2026-01-05T00:00:00.000Z";

function prediction(service: string, mean: readonly number[], stepSeconds = 900): DemandPrediction {
  const widened = (by: number) => mean.map((value) => value * by);
  const intervals = [
    { level: 0.8, lower: widened(0.9), upper: widened(1.1) },
    { level: 0.95, lower: widened(0.8), upper: widened(1.2) },
  ];
  const method = { method: "seasonal-naive", reason: "given", backtest: null, weights: [], notes: [] } as const;
  return { service, ...method, stepSeconds, start, mean, intervals };
}

const predictions = (...services: readonly DemandPrediction[]): DemandPredictions => ({
  version: "1",
  services,
  refused: [],
});
const orders = prediction("orders", [8, 9, 10, 10, 20, 20, 20, 22, 4, 4]);

function recommend(given: DemandPrediction, options: ScalingOptions): ScalingRecommendation {
  const [first] = generateMicroservicesScalingRecommendations(predictions(given), options).recommendations;
  assert.ok(first);
  return first;
}

const observations = Array.from({ length: 30 }, (_, index) => {
  const throughput = ((index + 1) / 32) * 40;
  return { throughput, latencySeconds: meanLatency(throughput, 0.1, 4) };
});

describe("scaling recommendations", () => {
  it("have replicas now and for each hour, the model, and what was rejected", () => {
    const services = { orders: { serviceRate: 2, replicas: 4, costPerHour: 0.5 } };
    const { verdict, replicas, plan, expected, alternatives, reason } = recommend(orders, { services });
    assert.deepEqual([verdict, replicas, plan.length], ["recommended", plan[0]?.replicas, 3]);
    assert.deepEqual(
      plan.map(({ from, seconds, mean, upper }) => [from.slice(11, 16), seconds, mean, Math.round(upper * 10) / 10]),
      [
        ["00:00", 3600, 10, 12],
        ["01:00", 3600, 22, 26.4],
        ["02:00", 1800, 4, 4.8],
      ],
    );
    assert.ok(expected && expected.late <= 0.05 && expected.lateNow === 1);
    assert.ok(expected.replicaHours < expected.fixedReplicaHours && expected.cost === expected.replicaHours / 2);
    assert.deepEqual(
      alternatives.map(({ rejected }) => rejected),
      ["would break the objective at this rate", "costs more than it saves"],
    );
    assert.match(reason, /upper end of the forecast, so that 95 % of requests wait 0.5 s or less at 12 requests\/s/);
  });

  it("estimate the service from what callers saw, and say when they cannot", () => {
    const { model, replicas } = recommend(orders, { services: { orders: { observations } } });
    assert.deepEqual([model?.basis, model?.concurrency], ["estimated", 4]);
    assert.ok(model && Math.abs(model.serviceRate - 10) < 0.5 && replicas === 2);
    const unknown = recommend(orders, {});
    assert.deepEqual([unknown.verdict, unknown.replicas], ["not-enough-evidence", null]);
    assert.match(unknown.reason, /0 observations/);
  });

  it("want more when more came lately than was forecast, and never fewer for a higher forecast", () => {
    const withRecent = (count: number, given = orders) =>
      recommend(given, {
        services: { orders: { serviceRate: 2, recent: { tickSeconds: 15, counts: new Array(40).fill(count) } } },
      }).replicas ?? 0;
    assert.ok(withRecent(600) > withRecent(150) && withRecent(600) >= 20);
    const doubled = prediction(
      "orders",
      orders.mean.map((value) => 2 * value),
    );
    assert.ok(withRecent(150, doubled) > withRecent(150));
  });

  it("replay identically after they were stored", () => {
    const fujsen = new MicroservicesIntelligence();
    const recent = { tickSeconds: 15, counts: [100, null, 160, 140] };
    fujsen.generateMicroservicesScalingRecommendations(predictions(orders, prediction("users", [0, 0])), {
      services: { orders: { observations, recent, replicas: 3 }, constructor: { serviceRate: 1 } },
      defaults: { startSeconds: 30 },
    });
    const [record] = fujsen.decisions().map((one): DecisionRecord => JSON.parse(JSON.stringify(one)));
    assert.ok(record);
    assert.deepEqual([fujsen.replay(record).reason, fujsen.replay(record).identical], [null, true]);
    assert.match(JSON.stringify(record.evidence), /"serviceRate"/);
  });

  it("say when there is no interval or not enough room, and refuse what is out of range", () => {
    const bare = { ...orders, intervals: null };
    const limited = recommend(bare, { defaults: { serviceRate: 2, maxReplicas: 5 } });
    assert.match(limited.notes.join(), /no interval/);
    assert.deepEqual([limited.replicas, limited.plan[1]?.limited, limited.decidedBy], [5, true, "maximum"]);
    for (const wrong of [{ serviceRate: -1 }, { serviceRate: 2, recent: { tickSeconds: 0, counts: [1] } }]) {
      assert.throws(() => recommend(orders, { services: { orders: wrong } }), { code: "REQUEST_INVALID" });
    }
    const many = { serviceRate: 2, recent: { tickSeconds: 15, counts: new Array(10_001).fill(1) } };
    assert.throws(() => recommend(orders, { services: { orders: many } }), /more than 10000 observations of orders/);
  });
});
