import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generateMicroservicesInsights } from "./insights.js";
import type { EdgeRow, MetricsRow } from "./metrics-row.js";
import { analyzeMicroservicesPerformance, type PerformanceOptions } from "./performance.js";
import { minuteOf, row } from "./rows-fixture.test.js";

const insightsOf = (rows: readonly MetricsRow[], options: PerformanceOptions = {}) =>
  generateMicroservicesInsights(analyzeMicroservicesPerformance(rows, options));

const edge: EdgeRow = {
  timestamp: row(0).timestamp,
  caller: "orders",
  callee: "payments",
  requests: 1000,
  errors: 0,
  p50: 10,
  p95: 20,
  p99: 30,
};

describe("insights", () => {
  it("are none when all is well, and none without data", () => {
    for (const rows of [[...minuteOf("users"), ...minuteOf("orders")], []]) {
      const { insights, recommendations } = insightsOf(rows);
      assert.deepEqual([insights, recommendations], [[], []]);
    }
    assert.equal(insightsOf([]).summary, "nothing was measured");
  });

  for (const [kind, fault, what] of [
    ["failing", { errors: 5 }, /find out why users fails/],
    ["slow", { p50: 700, p95: 900, p99: 950 }, /find out what users waits for/],
    ["saturated", { cpuUsage: 1.8 }, /scale users from 2 to 3/],
    ["unready", { ready: 1 }, /instances of users are not ready/],
  ] as const) {
    it(`say that a service is ${kind}, with evidence and remedy`, () => {
      const { insights, recommendations } = insightsOf(minuteOf("users", fault));
      assert.deepEqual(
        insights.map((one) => one.kind),
        [kind],
      );
      const [insight] = insights;
      assert.equal(insight?.evidence.from, row(0).timestamp);
      assert.equal(insight?.confidence, "high");
      assert.ok(Object.keys(insight?.evidence.comparedTo ?? {}).length > 0);
      assert.match(recommendations[0]?.what ?? "", what);
    });
  }

  it("take the seconds of a start for no news", () => {
    const start = Array.from({ length: 60 }, (_, second) => row(second, second < 30 ? { ready: 0 } : {}));
    assert.deepEqual(insightsOf(start).insights, []);
    const longer = Array.from({ length: 60 }, (_, second) => row(second, second < 31 ? { ready: 0 } : {}));
    assert.deepEqual(
      insightsOf(longer).insights.map((one) => one.kind),
      ["unready"],
    );
  });

  it("do not tell to find a wait when the CPU is full", () => {
    const { insights, recommendations } = insightsOf(minuteOf("users", { p95: 900, p99: 950, cpuUsage: 2 }));
    assert.deepEqual(insights.map((one) => one.kind).sort(), ["saturated", "slow"]);
    assert.deepEqual(
      recommendations.map((one) => one.how),
      ["tusk scale users=3"],
    );
  });

  it("do not tell to scale beyond the machine", () => {
    const { recommendations } = insightsOf(minuteOf("users", { cpuUsage: 1.9 }), { capacity: { machineCores: 2 } });
    assert.match(recommendations[0]?.what ?? "", /more cores/);
  });

  it("say when requests are near their timeout, and memory near its limit", () => {
    const users = { timeoutMs: 90, memoryBytes: 1.1e8 };
    const { insights } = insightsOf(minuteOf("users"), { capacity: { services: { users } } });
    assert.deepEqual(insights.map((one) => one.kind).sort(), ["near-timeout", "saturated"]);
  });

  it("point at the callee whose failures or latency explain the caller's", () => {
    const failing = insightsOf(minuteOf("orders", { errors: 10 }), { edges: [{ ...edge, errors: 250 }] });
    assert.deepEqual(failing.insights[0]?.evidence.edge, { caller: "orders", callee: "payments" });
    assert.equal(failing.recommendations[0]?.service, "payments");
    const slow = insightsOf(minuteOf("orders", { p95: 900, p99: 950 }), { edges: [{ ...edge, p95: 850, p99: 900 }] });
    assert.equal(slow.recommendations[0]?.service, "payments");
    const innocent = insightsOf(minuteOf("orders", { errors: 10 }), { edges: [edge] });
    assert.equal(innocent.insights[0]?.evidence.edge, null);
  });

  it("tell a short outage from a healthy period, and when it was", () => {
    const healthy = Array.from({ length: 60 }, (_, index) =>
      minuteOf("users").map((one) => shifted(one, index)),
    ).flat();
    const outage = healthy.map((one, second) => (second >= 1800 && second < 1815 ? { ...one, errors: 50 } : one));
    const { insights } = insightsOf(outage);
    assert.deepEqual(
      insights.map((one) => one.kind),
      ["failed-for-a-time"],
    );
    const { from, to } = insights[0]?.evidence ?? assert.fail();
    assert.ok((from ?? "") <= row(1800).timestamp && (to ?? "") >= row(1814).timestamp);
    const slow = healthy.map((one, second) =>
      second >= 900 && second < 1000 ? { ...one, p95: 4000, p99: 5000 } : one,
    );
    assert.deepEqual(
      insightsOf(slow).insights.map((one) => one.kind),
      ["slow-for-a-time"],
    );
  });

  it("see memory that only grows, not memory that went up once", () => {
    const rows = Array.from({ length: 40 }, (_, minute) =>
      row(minute * 60, { intervalSeconds: 60, memoryUsage: 1e8 + minute * 5e6 }),
    );
    assert.deepEqual(
      insightsOf(rows).insights.map((one) => one.kind),
      ["memory-growing"],
    );
    const stepped = rows.map((one, minute) => ({ ...one, memoryUsage: minute < 2 ? 1e8 : 3e8 }));
    assert.deepEqual(insightsOf(stepped).insights, []);
  });

  it("are ranked by what they cost, and weak evidence is called weak", () => {
    const rows = [
      ...minuteOf("users", { p95: 600, p99: 650 }),
      row(0, { serviceId: "orders", requests: 3, errors: 3 }),
    ];
    const { insights } = insightsOf(rows);
    assert.deepEqual(
      insights.map((one) => [one.service, one.severity, one.confidence]),
      [
        ["orders", "critical", "low"],
        ["users", "warning", "high"],
      ],
    );
  });
});

function shifted(one: MetricsRow, minutes: number): MetricsRow {
  return { ...one, timestamp: new Date(Date.parse(one.timestamp) + minutes * 60_000).toISOString() };
}
