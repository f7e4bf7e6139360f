import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { waitQuantile } from "./erlang.js";
import { drawPoisson, seededRng } from "./random.js";
import { observeRate, outlookAt, startRate } from "./rate-outlook.js";
import { type ScalingSettings, scalingPolicy, startScaling, stepScaling } from "./scaling-policy.js";
import { type SimulationOptions, simulateScaling } from "./simulator.js";

const objective = { share: 0.05, seconds: 0.5 };
const settings: ScalingSettings = { serviceRate: 2 };
const options: SimulationOptions = { serviceRate: 2, startSeconds: 60, initialReplicas: 2, objective, seed: 11 };
const always = (replicas: number) => ({ decide: () => replicas });
const refused = { code: "REQUEST_INVALID" };

describe("the simulator", () => {
  it("agrees with M/M/c within 2 % at the 95th percentile", () => {
    for (const [servers, rate] of [
      [1, 1],
      [3, 4],
      [10, 13],
    ] as const) {
      const traffic = { rates: new Array(Math.round(1e5 / rate)).fill(rate), tickSeconds: 15 };
      const { p95, requests } = simulateScaling(traffic, always(servers), { ...options, initialReplicas: servers });
      const expected = waitQuantile(servers, rate, 2, 0.95);
      assert.ok(
        Math.abs(p95 / expected - 1) < 0.02,
        `${servers} servers, ${requests} requests: ${p95}, not ${expected}`,
      );
    }
  });

  it("counts hours, starts and stops, and serves only with replicas that have started", () => {
    const traffic = {
      rates: new Array(40).fill(0),
      arrivals: [0, 0, 0, 0, ...new Array(36).fill(10)],
      tickSeconds: 15,
    };
    let tick = 0;
    const policy = { decide: () => (tick++ < 8 ? 4 : 1) };
    const { replicaHours, starts, stops, requests } = simulateScaling(traffic, policy, {
      ...options,
      initialReplicas: 1,
    });
    assert.deepEqual([replicaHours * 240, starts, stops, requests], [4 * 8 + 32, 3, 3, 360]);
    const late = (startSeconds: number) =>
      simulateScaling(
        { rates: new Array(40).fill(8), tickSeconds: 15 },
        { decide: () => 8 },
        { ...options, startSeconds, initialReplicas: 1 },
      ).late;
    assert.ok(late(300) > late(60) && late(60) > late(0));
  });

  it("is the same for the same seed, and refuses what it cannot simulate", () => {
    const traffic = { rates: [1, 5, 9, 2], tickSeconds: 15 };
    const run = (seed: number) => simulateScaling(traffic, scalingPolicy(settings), { ...options, seed });
    assert.deepEqual(run(5), run(5));
    assert.notDeepEqual(run(5), run(6));
    assert.throws(() => simulateScaling({ rates: [-1], tickSeconds: 15 }, always(1), options), refused);
    assert.throws(
      () => simulateScaling({ rates: [1], arrivals: [Number.NaN], tickSeconds: 15 }, always(1), options),
      refused,
    );
    assert.throws(() => simulateScaling(traffic, always(0), options), refused);
    assert.throws(() => simulateScaling(traffic, always(1), { ...options, startSeconds: -1 }), refused);
  });
});

describe("the outlook of a rate", () => {
  const after = (rate: number, ticks: number) => {
    const rng = seededRng(3);
    let state = startRate();
    for (let tick = 0; tick < ticks; tick++) state = observeRate(state, drawPoisson(rate * 15, rng), 15);
    return state;
  };

  it("finds the rate, is surer with more requests, and less sure of later", () => {
    for (const rate of [0.1, 3, 200]) {
      const state = after(rate, 400);
      const outlook = outlookAt(state, 75, 15);
      assert.ok(Math.abs(outlook.mean / rate - 1) < 0.5, `${outlook.mean}, not ${rate}`);
      assert.ok(outlookAt(state, 195, 15).exceedance(rate * 1.5) >= outlook.exceedance(rate * 1.5));
    }
    assert.ok(outlookAt(after(3, 400), 75, 15).exceedance(3.75) > outlookAt(after(200, 400), 75, 15).exceedance(250));
  });

  it("is not too sure: the rate goes above its 1 % bound once in 100 ticks at most", () => {
    const rng = seededRng(4);
    let state = startRate();
    let above = 0;
    for (let tick = 0; tick < 4000; tick++) {
      const rate = 5 * (1 + 0.8 * Math.sin(tick / 300));
      const later = 5 * (1 + 0.8 * Math.sin((tick + 4) / 300));
      if (tick > 100 && outlookAt(state, 75, 15).exceedance(later) < 0.01) above++;
      state = observeRate(state, drawPoisson(rate * 15, rng), 15);
    }
    assert.ok(above < 40, `${above}`);
  });
});

describe("the scaling policy", () => {
  const decide = (counts: readonly (number | null)[], given: ScalingSettings = settings, forecastUpper?: number) => {
    let state = startScaling();
    let replicas = 2;
    let last = stepScaling(state, { arrivals: null, tickSeconds: 15, replicas }, given);
    for (const arrivals of counts) {
      last = stepScaling(state, { arrivals, tickSeconds: 15, replicas, forecastUpper: forecastUpper ?? null }, given);
      state = last.state;
      replicas = last.decision.replicas;
    }
    return last.decision;
  };

  it("wants no fewer replicas for more load, forecast, or start-up time", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 30, maxLength: 30 }), (counts) => {
        const { replicas } = decide(counts);
        assert.ok(decide(counts, settings, 100).replicas >= Math.max(replicas, 50));
        assert.ok(decide(counts, { ...settings, startSeconds: 180 }).replicas >= replicas);
        assert.ok(decide(counts, { ...settings, risk: 0.1 }).replicas <= replicas);
        assert.deepEqual(decide(counts), decide(counts));
      }),
      { numRuns: 30 },
    );
    const steady = [0, 1, 5, 20, 100, 500, 3000].map((count) => decide(new Array(60).fill(count)).replicas);
    assert.deepEqual(
      steady,
      [...steady].sort((a, b) => a - b),
    );
  });

  it("says what decided, and stays within its limits", () => {
    assert.deepEqual([decide(new Array(60).fill(0)).reason, decide(new Array(60).fill(0)).replicas], ["minimum", 2]);
    assert.equal(decide(new Array(60).fill(3000), { ...settings, maxReplicas: 40 }).reason, "maximum");
    assert.equal(decide(new Array(60).fill(30), settings, 80).reason, "forecast");
    assert.equal(decide([...new Array(60).fill(300), ...new Array(2).fill(0)]).reason, "stabilization");
    assert.equal(
      decide([...new Array(60).fill(300), ...new Array(60).fill(290)], { ...settings, tolerance: 0.9 }).reason,
      "tolerance",
    );
  });

  it("keeps its decision while nothing is counted", () => {
    const before = decide(new Array(60).fill(150));
    assert.ok(decide([...new Array(60).fill(150), null, null]).replicas >= before.replicas);
  });

  it("serves a day with fewer hours than a fixed number that is as good", () => {
    const rates = Array.from({ length: 1920 }, (_, tick) => 8 + 6 * Math.sin(tick / 150));
    const traffic = { rates, tickSeconds: 15 };
    const scaled = simulateScaling(traffic, scalingPolicy(settings, 8), { ...options, initialReplicas: 8 });
    const fixed = simulateScaling(traffic, always(10), { ...options, initialReplicas: 10 });
    assert.ok(scaled.late < 0.03 && scaled.replicaHours < 0.85 * fixed.replicaHours, JSON.stringify(scaled));
  });

  it("refuses settings and counts out of range", () => {
    for (const wrong of [
      { serviceRate: 0 },
      { serviceRate: 2, minReplicas: 5, maxReplicas: 4 },
      { serviceRate: 2, startSeconds: Number.NaN },
      { serviceRate: 2, tolerance: 1 },
      { serviceRate: 2, risk: 0 },
      { serviceRate: 2, concurrency: 1.5 },
    ]) {
      assert.throws(() => decide([1], wrong), refused);
    }
    for (const count of [-1, Number.NaN]) assert.throws(() => decide([count]), refused);
    assert.throws(() => decide([1], settings, -3), refused);
  });
});
