import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FleetSample, findFleetOutliers } from "./fleet-outliers.js";

const of = (failures: number, answers = 100): FleetSample => ({ answers, failures });
const failurePercentage = { threshold: 0.85, minimumHosts: 3, minimumRequests: 50 };
const successRate = { deviations: 1.9, minimumHosts: 5, minimumRequests: 100 };

const ejected = (samples: readonly FleetSample[], policy: Parameters<typeof findFleetOutliers>[1]): number[] =>
  findFleetOutliers(samples, policy).flatMap((reason, index) => (reason === null ? [] : [index]));

describe("comparison of a fleet", () => {
  it("ejects what reaches the share of failures", () => {
    assert.deepEqual(ejected([of(84), of(85), of(0)], { failurePercentage }), [1]);
    assert.match(findFleetOutliers([of(0), of(90), of(0)], { failurePercentage })[1] ?? "", /90 of 100 answers/);
  });

  it("ejects what is far below the others", () => {
    assert.deepEqual(ejected([of(40), of(1), of(2), of(1), of(0)], { successRate }), [0]);
    assert.deepEqual(ejected([of(1), of(2), of(1), of(2), of(1)], { successRate }), []);
    assert.deepEqual(ejected([of(50), of(50), of(50), of(50), of(50)], { successRate }), []);
  });

  it("decides nothing below its minimum of hosts or of answers", () => {
    assert.deepEqual(ejected([of(100), of(0)], { failurePercentage }), []);
    assert.deepEqual(ejected([of(100), of(0), of(0, 49)], { failurePercentage }), []);
    assert.deepEqual(ejected([of(49, 49), of(0), of(0), of(0)], { failurePercentage }), []);
    assert.deepEqual(ejected([of(90), of(1), of(2), of(1)], { successRate }), []);
  });

  it("finds nothing without a policy, and nothing in nothing", () => {
    assert.deepEqual(ejected([of(100), of(0), of(0)], {}), []);
    assert.deepEqual(findFleetOutliers([], { failurePercentage, successRate }), []);
  });
});
