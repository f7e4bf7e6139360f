import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { MetricsRow } from "./metrics-row.js";
import { analyzeMicroservicesPerformance } from "./performance.js";
import { minuteOf, row } from "./rows-fixture.test.js";

const scoreOf = (rows: readonly MetricsRow[], options = {}): number => {
  const { score } = analyzeMicroservicesPerformance(rows, options);
  assert.notEqual(score, null);
  return score ?? Number.NaN;
};

const measurement = (max: number) => fc.option(fc.double({ min: 0, max, noNaN: true }), { nil: null });
const rowArbitrary: fc.Arbitrary<MetricsRow> = fc
  .record({
    second: fc.integer({ min: 0, max: 86_400 }),
    serviceId: fc.constantFrom("users", "orders", "constructor"),
    responseTime: measurement(5000),
    requests: fc.option(fc.integer({ min: 0, max: 1000 }), { nil: null }),
    errorRate: measurement(1),
    cpuUsage: measurement(8),
    p50: measurement(1000),
    p95: measurement(2000),
    p99: measurement(4000),
    instances: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }),
  })
  .map(({ second, requests, errorRate, ...rest }) =>
    row(second, {
      ...rest,
      requests,
      errorRate,
      errors: requests === null ? null : Math.floor(requests * (errorRate ?? 0)),
    }),
  );
const rowsArbitrary = fc.array(rowArbitrary, { minLength: 1, maxLength: 40 });

describe("the performance score", () => {
  it("is null with no data, and with rows that measure nothing", () => {
    assert.equal(analyzeMicroservicesPerformance([]).score, null);
    const empty = row(0, {
      cpuUsage: null,
      requests: 0,
      errors: 0,
      responseTime: null,
      p50: null,
      p95: null,
      p99: null,
    });
    const analysis = analyzeMicroservicesPerformance([{ ...empty, throughput: 0, errorRate: null }]);
    assert.equal(analysis.score, null);
    assert.equal(analysis.services[0]?.reason, "nothing was measured");
  });

  it("is near 100 when all is well", () => {
    assert.ok(scoreOf(minuteOf("users")) > 97);
  });

  for (const [name, fault] of Object.entries<Partial<MetricsRow>>({
    "latency within the objective": { p50: 100, p95: 300, p99: 400 },
    "latency above the objective": { p50: 400, p95: 2000, p99: 4000 },
    "a mean, of rows without percentiles": { p50: null, p95: null, p99: null, responseTime: 3000 },
    "one error in a thousand": { requests: 1000, errors: 1 },
    "errors above the objective": { errors: 10 },
    "an error rate without counts": { errors: null, requests: null, errorRate: 0.2 },
    "all the CPU in use": { cpuUsage: 2 },
    "half of the instances gone": { ready: 1 },
  })) {
    it(`falls with ${name}`, () => {
      const healthy = minuteOf("users");
      const faulty = healthy.map((one, index) => (index < 30 ? one : { ...one, ...fault }));
      assert.ok(scoreOf(faulty) < scoreOf(healthy), `${scoreOf(faulty)} < ${scoreOf(healthy)}`);
    });
  }

  it("falls when declared memory or the timeout fills up", () => {
    const rows = minuteOf("users");
    const tight = { capacity: { services: { users: { memoryBytes: 1.05e8 } } } };
    const short = { capacity: { services: { users: { timeoutMs: 85 } } } };
    for (const options of [tight, short]) assert.ok(scoreOf(rows, options) < scoreOf(rows));
    const [service] = analyzeMicroservicesPerformance(rows, short).services;
    assert.equal(service?.saturation.limit, "timeout");
  });

  it("shows the worst service beside a hundred times its traffic", () => {
    const busy = minuteOf("users", { requests: 5000 });
    const failing = minuteOf("orders", { requests: 50, errors: 50 });
    const analysis = analyzeMicroservicesPerformance([...busy, ...failing]);
    assert.equal(analysis.worst?.service, "orders");
    assert.ok((analysis.score ?? 100) < 70);
    assert.equal(analysis.services[0]?.service, "orders");
  });

  it("never rises with more latency, errors or load", () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.double({ min: 1, max: 50, noNaN: true }), fc.nat(), (rows, factor, at) => {
        const index = at % rows.length;
        const worse = (change: (one: MetricsRow) => Partial<MetricsRow>): MetricsRow[] =>
          rows.map((one, place) => (place === index ? { ...one, ...change(one) } : one));
        const times = (value: number | null): number | null => (value === null ? null : value * factor);
        const before = analyzeMicroservicesPerformance(rows).score ?? 100;
        const after = [
          worse((one) => ({
            p50: times(one.p50),
            p95: times(one.p95),
            p99: times(one.p99),
            responseTime: times(one.responseTime),
          })),
          worse((one) => ({
            errors: one.errors === null || one.requests === null ? null : Math.min(one.requests, one.errors + 7),
          })),
          worse((one) => ({ cpuUsage: times(one.cpuUsage) })),
        ];
        for (const rowsAfter of after) assert.ok((analyzeMicroservicesPerformance(rowsAfter).score ?? 100) <= before);
      }),
      { numRuns: 300 },
    );
  });

  it("stays from 0 to 100 and does not depend on the order of rows beyond the last digit", () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const { score } = analyzeMicroservicesPerformance(rows);
        if (score === null) return;
        assert.ok(score >= 0 && score <= 100);
        assert.ok(Math.abs(scoreOf([...rows].reverse()) - score) <= 0.02);
      }),
    );
  });

  it("leaves out and counts what is no measurement", () => {
    const broken = row(1, { requests: -50, errors: Number.NaN, cpuUsage: Number.POSITIVE_INFINITY, throughput: -1 });
    const timeless = { ...row(2), timestamp: "yesterday" };
    const analysis = analyzeMicroservicesPerformance([row(0), broken, timeless, { ...row(3), intervalSeconds: -4 }]);
    assert.equal(analysis.services[0]?.ignoredValues, 4);
    assert.ok((analysis.score ?? 0) > 90);
    assert.equal(analysis.from, row(0).timestamp);
  });

  it("survives a clock that jumped by years", () => {
    const jumped = { ...row(0), timestamp: "1970-01-01T00:00:00.000Z" };
    const { services, score } = analyzeMicroservicesPerformance([jumped, ...minuteOf("users")]);
    assert.ok((score ?? 0) > 97);
    assert.ok((services[0]?.windows.length ?? 0) <= 25);
  });

  it("takes the percentile of the mixture, not the mean of percentiles", () => {
    const fast = minuteOf("users", { requests: 97, p50: 10, p95: 10, p99: 10 });
    const slow = minuteOf("users", { requests: 3, p50: 4000, p95: 4000, p99: 4000 });
    const [service] = analyzeMicroservicesPerformance([...fast, ...slow]).services;
    assert.ok((service?.measured.latencyMs ?? 0) < 11, String(service?.measured.latencyMs));
    assert.ok((service?.measured.p99 ?? 0) > 3000);
  });

  it("keeps one service's objective from another's", () => {
    const rows = [...minuteOf("users"), ...minuteOf("orders")];
    const { services } = analyzeMicroservicesPerformance(rows, { objectives: { orders: { latencyMs: 20 } } });
    const latencyOf = (name: string) => services.find(({ service }) => service === name)?.points.latency ?? 0;
    assert.ok(latencyOf("orders") < 90 && latencyOf("users") > 90);
  });
});
