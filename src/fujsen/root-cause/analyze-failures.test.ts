import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TuskError } from "../../base/errors.js";
import { contentHash } from "../../base/hash.js";
import { MicroservicesIntelligence } from "../engine.js";
import { analyzeServiceFailures } from "./analyze-failures.js";
import type { FailureData, FailureSeries } from "./failure-data.js";
import {
  calls,
  from,
  isWorst,
  shopFailure,
  shopSeries,
  start,
  stepMs,
  timestamps,
  to,
} from "./failure-fixture.test.js";
import { determineServiceRecoveryStrategies } from "./recovery-strategies.js";

const first = (data: FailureData) => analyzeServiceFailures(data).suspects[0];
const blamed = (data: FailureData) => {
  const { verdict, suspects } = analyzeServiceFailures(data);
  return [verdict, suspects[0]?.service ?? null, suspects[0]?.evidence[0]?.kind ?? null];
};
const withoutSymptom = { failure: { from, to } };

/** A database that takes 25 ms longer, twice for each request to its callers. */
const slowDatabase = { db: { latency: 25 }, api: { latency: 50 }, front: { latency: 50 } };

describe("the cause of a failure", () => {
  it("is the callee that got slow, not those who wait for it", () => {
    assert.deepEqual(blamed(shopFailure(slowDatabase)), ["fault", "db", "slow"]);
    const share = first(shopFailure(slowDatabase))?.share ?? 0;
    assert.ok(share > 0.3 && share < 0.7, `${share}`);
  });

  it("is the service that got slow itself, whatever its callees usually take", () => {
    assert.deepEqual(blamed(shopFailure({ front: { latency: 60 } })), ["fault", "front", "slow"]);
    assert.deepEqual(blamed(shopFailure({ api: { latency: 60 }, front: { latency: 60 } })), ["fault", "api", "slow"]);
  });

  it("is not outside of what the symptom depends on", () => {
    const data = shopFailure({ front: { latency: 500 } });
    const failure = { ...data.failure, symptom: { service: "db", metric: "latency" as const } };
    assert.deepEqual(blamed({ ...data, failure }), ["nothing-wrong", null, null]);
  });

  it("is the callee whose requests fail", () => {
    const data = shopFailure({ mail: { errorRate: 0.5 }, front: { errorRate: 0.05 } });
    const failure = { ...data.failure, symptom: { service: "front", metric: "errorRate" as const } };
    assert.deepEqual(blamed({ ...data, failure }), ["fault", "mail", "failing"]);
  });

  it("is found without a symptom too", () => {
    assert.deepEqual(blamed(shopFailure(slowDatabase, withoutSymptom)), ["fault", "db", "slow"]);
    assert.deepEqual(blamed(shopFailure({ mail: { cpu: 0.9 } }, withoutSymptom)), ["fault", "mail", "cpu"]);
    assert.deepEqual(blamed(shopFailure({ api: { memory: 5e8 } }, withoutSymptom)), ["fault", "api", "memory"]);
  });

  it("is the network where the caller waits longer than the callee takes", () => {
    const waiting = (extra: number, measuredBy: "caller" | "callee"): FailureSeries => ({
      service: "api",
      caller: "front",
      measuredBy,
      metric: "latency",
      timestamps,
      values: timestamps.map((_, minute) => 62 + (minute % 5) + (isWorst(minute) ? extra : 0)),
    });
    const series = [...shopSeries(), waiting(200, "caller"), waiting(0, "callee")];
    assert.deepEqual(blamed({ ...withoutSymptom, series, calls }), ["fault", "api", "network"]);
    assert.deepEqual(first({ ...withoutSymptom, series, calls })?.evidence[0]?.edge, {
      caller: "front",
      callee: "api",
    });
  });

  it("is the service that is down, as its callers see it", () => {
    const series = shopSeries({ api: { errorRate: 0.5 }, front: { errorRate: 0.5 } }).map((one) =>
      one.service === "db"
        ? { ...one, values: one.values.map((value, minute) => (isWorst(minute) ? null : value)) }
        : one,
    );
    const asked = { service: "db", caller: "api", timestamps };
    const requests = { ...asked, metric: "requests" as const, values: timestamps.map(() => 1200) };
    const values = timestamps.map((_, minute) => (isWorst(minute) ? 0.25 : 0));
    const seen = [...series, requests, { ...asked, metric: "errorRate" as const, values }];
    const failure = { from, to, symptom: { service: "front", metric: "errorRate" as const } };
    assert.deepEqual(blamed({ failure, calls, series }), ["fault", "api", "failing"]);
    assert.deepEqual(blamed({ failure, calls, series: seen }), ["fault", "db", "failing"]);
  });

  it("is never a service that was not there before: its caller began to call it", () => {
    const invalid = { service: "invalid", timestamps: timestamps.slice(60), metric: "errorRate" as const };
    const requests = { ...invalid, metric: "requests" as const, values: [60, 60, 60, 60, 60] };
    const data = shopFailure({ api: { errorRate: 0.1 }, front: { errorRate: 0.1 } });
    const failure = { from, to, symptom: { service: "front", metric: "errorRate" as const } };
    const series = [...(data.series ?? []), { ...invalid, values: [1, 1, 1, 1, 1] }, requests];
    const more = { failure, series, calls: [...calls, { caller: "api", callee: "invalid" }] };
    assert.deepEqual(blamed({ ...data, ...more }), ["fault", "api", "failing"]);
  });

  it("is likelier where something was changed just before", () => {
    const at = new Date(start + 55 * stepMs).toISOString();
    const change = { at, service: "mail", kind: "deploy" as const };
    const worse = { mail: { cpu: 0.12 }, db: { cpu: 0.15 } };
    const [before, after] = [[], [change]].map((changes) => first(shopFailure(worse, { ...withoutSymptom, changes })));
    assert.equal(before?.service, "db");
    assert.deepEqual([after?.service, after?.change], ["mail", change]);
    const long = { ...change, at: new Date(start).toISOString() };
    assert.equal(first(shopFailure(worse, { ...withoutSymptom, changes: [long] }))?.change, null);
  });

  it("is not what had been so before", () => {
    const series = shopSeries(slowDatabase).map((one) =>
      one.service === "mail" && one.metric === "latency"
        ? { ...one, values: one.values.map((value, minute) => (value ?? 0) + (minute > 40 ? 900 : 0)) }
        : one,
    );
    assert.deepEqual(blamed(shopFailure({}, { series })), ["fault", "db", "slow"]);
  });
});

describe("an analysis without a cause", () => {
  it("says that nothing is wrong", () => {
    assert.deepEqual(blamed(shopFailure()), ["nothing-wrong", null, null]);
    assert.deepEqual(blamed(shopFailure({}, withoutSymptom)), ["nothing-wrong", null, null]);
  });

  it("says when too little is known", () => {
    const verdictOf = (data: FailureData) => analyzeServiceFailures(data).verdict;
    const short = shopSeries(slowDatabase).map((one) => ({
      ...one,
      timestamps: one.timestamps.slice(56),
      values: one.values.slice(56),
    }));
    assert.equal(verdictOf(shopFailure({}, { series: short })), "not-enough-evidence");
    assert.equal(first(shopFailure({}, { series: short }))?.service, "db");
    assert.equal(verdictOf(shopFailure({}, { series: [] })), "not-enough-evidence");
    const absent = { from, to, symptom: { service: "cart", metric: "latency" as const } };
    assert.equal(verdictOf(shopFailure({}, { failure: absent })), "not-enough-evidence");
    assert.equal(verdictOf(shopFailure({ front: { latency: 17 } })), "not-enough-evidence");
  });

  it("does not take one bad moment of a long time for a cause", () => {
    const long = Array.from({ length: 400 }, (_, minute) => start + minute * stepMs);
    const values = long.map((_, minute) => 100 + (minute % 7) + (minute === 300 || minute === 301 ? 5000 : 0));
    const failure = {
      from: new Date(start + 200 * stepMs).toISOString(),
      to: new Date(start + 399 * stepMs).toISOString(),
    };
    const series = [{ service: "front", metric: "latency" as const, timestamps: long, values }];
    assert.equal(analyzeServiceFailures({ failure, series }).verdict, "nothing-wrong");
  });
});

describe("an analysis", () => {
  it("is the same in any order of what it is given", () => {
    const data = shopFailure(slowDatabase);
    const turned = (data.series ?? []).map((one) => ({
      ...one,
      timestamps: [...one.timestamps].reverse(),
      values: [...one.values].reverse(),
    }));
    const other = { ...data, series: turned.reverse(), calls: [...calls].reverse() };
    assert.deepEqual(analyzeServiceFailures(other), analyzeServiceFailures(data));
  });

  it("does not depend on units, nor on when it was", () => {
    const data = shopFailure({ ...slowDatabase, mail: { cpu: 1 } });
    const scaled = (factor: number, later: number): FailureData => ({
      ...data,
      failure: {
        ...data.failure,
        from: new Date(Date.parse(from) + later).toISOString(),
        to: new Date(Date.parse(to) + later).toISOString(),
      },
      series: (data.series ?? []).map((one) => ({
        ...one,
        timestamps: one.timestamps.map((time) => time + later),
        values: one.values.map((value) =>
          value === null || one.metric === "requests" || one.metric === "errorRate" ? value : value * factor,
        ),
      })),
    });
    const scores = (of: FailureData) =>
      analyzeServiceFailures(of).suspects.map(({ service, score }) => [service, score]);
    // Powers of two: no rounding.
    for (const factor of [1 / 1024, 8, 4096]) assert.deepEqual(scores(scaled(factor, 86_400_000)), scores(data));
  });

  it("ignores what is no measurement and counts it", () => {
    const damaged = shopSeries(slowDatabase).map((one) => ({
      ...one,
      values: one.values.map((value, minute) =>
        minute % 20 === 7 ? ([Number.NaN, -1, Infinity][minute % 3] ?? null) : value,
      ),
    }));
    const analysis = analyzeServiceFailures(shopFailure({}, { series: damaged }));
    assert.deepEqual([analysis.verdict, analysis.suspects[0]?.service], ["fault", "db"]);
    assert.equal(analysis.measured.ignoredValues, 60);
  });

  it("takes hostile names and values for what they are", () => {
    const values = timestamps.map((_, minute) => (minute % 2 ? "7" : 5n) as unknown as number);
    const strange = ["__proto__", "constructor", "toString"].map((service) => ({
      service,
      metric: "cpu" as const,
      timestamps,
      values,
    }));
    const data = shopFailure(slowDatabase, { series: [...shopSeries(slowDatabase), ...strange] });
    const hostile = { ...data, calls: [...calls, { caller: "__proto__", callee: "db" }] };
    const analysis = analyzeServiceFailures(hostile);
    assert.deepEqual([analysis.suspects[0]?.service, analysis.measured.ignoredValues], ["db", 3 * timestamps.length]);
  });

  it("reads the rows of TuskDB", () => {
    const rows = timestamps.map((time, minute) => ({
      timestamp: new Date(time).toISOString(),
      serviceId: "users",
      responseTime: 20 + (minute % 3) + (isWorst(minute) ? 80 : 0),
      throughput: 10,
      errorRate: 0,
      cpuUsage: 0.2,
      memoryUsage: 1e8,
      intervalSeconds: 60,
      requests: null,
      errors: 0,
      p50: 15,
      p95: null,
      p99: null,
      instances: 1,
      ready: 1,
    }));
    assert.deepEqual(blamed({ failure: { from, to }, rows }), ["fault", "users", "slow"]);
  });

  it("refuses what cannot be read, with every problem", () => {
    const problemsOf = (data: unknown): string[] => {
      try {
        analyzeServiceFailures(data as FailureData);
        return [];
      } catch (error) {
        assert.ok(error instanceof TuskError && error.code === "REQUEST_INVALID", String(error));
        return error.problems.map(({ path }) => path);
      }
    };
    const [one] = shopSeries();
    assert.deepEqual(problemsOf({ series: [] }), ["failure"]);
    assert.deepEqual(problemsOf(shopFailure({}, { failure: { from: to, to: from } })), ["failure.to"]);
    const twice = { ...one, timestamps: [1, 2, 1], values: [1, 2, 3] };
    assert.deepEqual(problemsOf({ failure: { from, to }, series: [twice, { ...one, metric: "load" }, null] }), [
      "series[0].timestamps[2]",
      "series[1].metric",
      "series[2]",
    ]);
    assert.deepEqual(problemsOf({ failure: { from, to }, series: [one, one] }), ["series[1]"]);
    assert.deepEqual(problemsOf({ failure: { from, to }, series: [{ ...one, values: [] }] }), ["series[0]"]);
    const nameless = { rows: [{ timestamp: from }], edges: [{ caller: "a", timestamp: from }] };
    assert.deepEqual(problemsOf({ failure: { from, to }, ...nameless }), ["rows[0].serviceId", "edges[0]"]);
    assert.deepEqual(problemsOf(null), []);
    assert.deepEqual(problemsOf({ failure: { from, to }, calls: [{ caller: "a" }], changes: [{ service: "a" }] }), [
      "calls[0]",
      "changes[0].kind",
    ]);
  });

  it("never holds a number that is none, whatever was measured", () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(null, 0, 1), fc.double({ min: 0, max: 100 }));
    const series = fc.record({
      service: fc.constantFrom("a", "b", "c"),
      metric: fc.constantFrom("latency", "errorRate", "requests", "cpu", "memory"),
      values: fc.array(value, { maxLength: 40 }),
    });
    const call = fc.record({ caller: fc.constantFrom("a", "b", "c"), callee: fc.constantFrom("a", "b", "d") });
    fc.assert(
      fc.property(
        fc.uniqueArray(series, { selector: (one) => one.service + one.metric }),
        fc.array(call),
        (list, some) => {
          const measured = list.map((one) => ({
            ...one,
            timestamps: one.values.map((_, index) => start + index * stepMs),
          }));
          const failure = { from: new Date(start + 30 * stepMs).toISOString(), to };
          const symptom = { service: "a", metric: "latency" as const };
          for (const about of [failure, { ...failure, symptom }]) {
            const analysis = analyzeServiceFailures({
              failure: about,
              series: measured as FailureSeries[],
              calls: some,
            });
            assert.ok(!/NaN|Infinity|\$number/.test(JSON.stringify(analysis, nameNumbers)), JSON.stringify(analysis));
          }
        },
      ),
    );
  });

  it("is recorded in a small record, and replays identically", () => {
    const engine = new MicroservicesIntelligence();
    const many = Array.from({ length: 30 }, (_, index) =>
      shopSeries(index === 7 ? slowDatabase : {}).map((one) => ({ ...one, service: `${one.service}-${index}` })),
    );
    const data = shopFailure({}, { ...withoutSymptom, series: many.flat() });
    const analysis = engine.analyzeServiceFailures(data);
    assert.deepEqual(analysis, analyzeServiceFailures(data));
    engine.determineServiceRecoveryStrategies(analysis);
    const records = engine.decisions().map((record) => JSON.stringify(record));
    assert.equal(records.length, 2);
    for (const stored of records) {
      assert.ok(stored.length < 128 * 1024, `${stored.length} bytes`);
      assert.equal(engine.replay(JSON.parse(stored)).identical, true);
    }
  });

  // Another hash here means other answers: then `failuresVersion` or `recoveryVersion` must count up too.
  it("is the same to the last digit on every machine", () => {
    const analysis = analyzeServiceFailures(shopFailure(slowDatabase));
    assert.equal(contentHash(analysis), "6f4ad6986e1fc3b7");
    assert.equal(contentHash(determineServiceRecoveryStrategies(analysis)), "b628c3f823b7c9c0");
  });
});

// JSON would write null for them.
const nameNumbers = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
