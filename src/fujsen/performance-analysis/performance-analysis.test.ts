// Planted causes are found first, nothing is found where nothing is wrong, and what is not known is not said.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { meanLatency } from "../capacity/service-estimate.js";
import { cleanRow } from "../clean-row.js";
import { MicroservicesIntelligence } from "../engine.js";
import type { EdgeRow, MetricsRow } from "../metrics-row.js";
import { minuteOf, row } from "../rows-fixture.test.js";
import { analyzeMicroservicesPerformanceMetrics, analyzeServicePerformance } from "./analysis.js";
import { identifyMicroservicesPerformanceBottlenecks } from "./bottlenecks.js";
import { countWindows, judgeBudget } from "./error-budget.js";
import { generateMicroservicesPerformanceOptimizations, identifyServiceOptimizations } from "./optimizations.js";

const call = (caller: string, callee: string, change: Partial<EdgeRow> = {}): EdgeRow => ({
  timestamp: "2026-01-01T10:01:00.000Z",
  caller,
  callee,
  requests: 3000,
  errors: 0,
  p50: 10,
  p95: 30,
  p99: 60,
  ...change,
});

function findAll(rows: readonly MetricsRow[], edges: readonly EdgeRow[] = []) {
  const found = identifyMicroservicesPerformanceBottlenecks(analyzeMicroservicesPerformanceMetrics(rows, edges));
  return { ...found, ...generateMicroservicesPerformanceOptimizations(found) };
}

const slow = { p50: 700, p95: 900, p99: 1200, responseTime: 720 };

describe("bottlenecks and optimizations", () => {
  it("are none in a healthy system, and none without data", () => {
    const healthy = findAll([...minuteOf("shop"), ...minuteOf("users")], [call("shop", "users")]);
    assert.deepEqual([healthy.bottlenecks, healthy.optimizations], [[], []]);
    assert.deepEqual(findAll([]).bottlenecks, []);
    assert.equal(analyzeServicePerformance([]).service, null);
    assert.deepEqual(identifyServiceOptimizations(analyzeServicePerformance([])).optimizations, []);
    assert.deepEqual(identifyServiceOptimizations(analyzeServicePerformance(minuteOf("users"))).optimizations, []);
  });

  it("put a saturated callee first", () => {
    const rows = [...minuteOf("shop", slow), ...minuteOf("users", { ...slow, p50: 500, cpuUsage: 1.96 })];
    const { bottlenecks, optimizations } = findAll(rows, [call("shop", "users", { p50: 500 })]);
    assert.deepEqual([bottlenecks[0]?.service, bottlenecks[0]?.kind], ["users", "saturated"]);
    const more = optimizations.find(({ kind }) => kind === "replicas");
    assert.deepEqual(more?.proposal, { replicas: 3 });
    assert.match(more?.rejected[0]?.why ?? "", /model|latency|observations/);
    assert.deepEqual(more?.predicted, { what: "share of the CPU in use", before: 0.98, after: 0.6533 });
  });

  it("put repeated calls first, and batch them", () => {
    const edges = [call("shop", "users", { requests: 60_000, p50: 30 })];
    const { bottlenecks, optimizations } = findAll(
      [...minuteOf("shop", slow), ...minuteOf("users", { p50: 30 })],
      edges,
    );
    assert.deepEqual([bottlenecks[0]?.service, bottlenecks[0]?.kind], ["shop", "n-plus-one"]);
    assert.equal(bottlenecks[0]?.evidence.calls, 20);
    assert.deepEqual(optimizations[0]?.kind, "batching");
    const { before, after } = optimizations[0]?.predicted ?? {};
    assert.ok(before && after && Math.abs(before / after - 20) < 0.01, `${before} ${after}`);
  });

  it("put the slow callee on the critical path first, not the slow one beside it", () => {
    const rows = ["shop", "users", "disk"].flatMap((name) =>
      minuteOf(name, { ...slow, p50: name === "disk" ? 600 : 700 }),
    );
    rows.push(...minuteOf("mail", { p50: 90 }));
    const edges = [call("shop", "users", { p50: 650 }), call("users", "disk", { p50: 600 }), call("shop", "mail")];
    const { bottlenecks, optimizations } = findAll(rows, edges);
    assert.deepEqual([bottlenecks[0]?.service, bottlenecks[0]?.kind], ["disk", "critical-path"]);
    assert.deepEqual(bottlenecks[0]?.evidence.path, ["shop", "users", "disk"]);
    const cache = optimizations.find(({ kind }) => kind === "cache");
    assert.deepEqual([cache?.proposal, cache?.predicted], [{ expectedHitRatio: null }, null]);
    const timeoutMs = optimizations.find(({ kind }) => kind === "timeout")?.proposal.timeoutMs ?? 0;
    assert.ok(timeoutMs >= 1700 && timeoutMs <= 1802, String(timeoutMs));
  });

  it("end on a cycle of calls", () => {
    const rows = [...minuteOf("a", slow), ...minuteOf("b", slow), ...minuteOf("c", slow)];
    const edges = [call("a", "b", { p50: 600 }), call("b", "c", { p50: 500 }), call("c", "b", { p50: 400 })];
    assert.ok(findAll(rows, edges).bottlenecks.length > 0);
  });

  it("find waiting from load and latency, and the replicas that end it by Erlang C", () => {
    const rows = Array.from({ length: 60 }, (_, second) => {
      const rate = 10 + second * 1.4;
      const ms = 1000 * meanLatency(rate, 0.01, 1);
      return row(second, {
        requests: rate,
        throughput: rate,
        responseTime: ms,
        p50: ms,
        p95: ms,
        p99: ms,
        instances: 1,
        ready: 1,
      });
    });
    const analysis = analyzeServicePerformance(rows, { objective: { latencyMs: 40 } });
    const queue = analysis.service?.load.queue;
    assert.ok(
      queue && Math.abs(queue.serviceSeconds - 0.01) < 0.001 && queue.waitingShare > 0.8,
      JSON.stringify(queue),
    );
    const { optimizations } = identifyServiceOptimizations(analysis);
    const more = optimizations.find(({ kind }) => kind === "replicas");
    assert.match(more?.model ?? "", /Erlang C/);
    assert.equal(more?.proposal.replicas, 2);
    const { before, after } = more?.predicted ?? {};
    assert.ok(before && after && after < before / 3, `${before} ${after}`);
    assert.ok((optimizations.find(({ kind }) => kind === "concurrency-limit")?.proposal.perInstance ?? 0) >= 1);
  });

  it("give errors a retry budget, but not where nearly all fails", () => {
    const kinds = (errors: number) =>
      identifyServiceOptimizations(analyzeServicePerformance(minuteOf("users", { errors }))).optimizations.map(
        ({ kind }) => kind,
      );
    assert.deepEqual(kinds(2), ["retry-budget"]);
    assert.deepEqual(kinds(40), []);
  });
});

describe("the error budget", () => {
  const hours = (count: number, errors: number) =>
    Array.from({ length: count * 60 }, (_, minute) =>
      cleanRow(row(minute * 60, { intervalSeconds: 60, requests: 1000, errors })),
    );

  it("fires by the workbook's windows, and does not judge a window that the period does not cover", () => {
    const budget = judgeBudget(countWindows(hours(2, 20)), 0.999);
    assert.equal(budget.firing, "page");
    assert.deepEqual(
      budget.alerts.map(({ firing, longBurn }) => [firing, longBurn]),
      [
        [true, 20],
        [null, 20],
        [null, 20],
      ],
    );
    assert.equal(budget.used, 20);
    assert.equal(judgeBudget(countWindows(hours(80, 2)), 0.999).firing, "ticket");
    assert.equal(judgeBudget(countWindows(hours(2, 10)), 0.999).firing, null);
  });

  it("is unknown without errors measured", () => {
    const unknown = countWindows([cleanRow(row(0, { errors: null, errorRate: null }))]);
    const { used, alerts } = judgeBudget(unknown, 0.99);
    assert.equal(used, null);
    assert.deepEqual(
      alerts.map(({ longBurn }) => longBurn),
      [null, null, null],
    );
  });
});

describe("the analysis", () => {
  const invalid = { code: "REQUEST_INVALID" };

  it("refuses what cannot be read", () => {
    assert.throws(() => analyzeServicePerformance("rows" as never), invalid);
    assert.throws(() => analyzeServicePerformance([null as never]), invalid);
    assert.throws(() => analyzeServicePerformance([row(0, { timestamp: "soon" })]), invalid);
    assert.throws(() => analyzeServicePerformance([row(0), row(0, { serviceId: "other" })]), invalid);
    assert.throws(() => analyzeServicePerformance([row(0)], { objective: { latencyMs: 0 } }), invalid);
    assert.throws(() => analyzeServicePerformance([row(0)], { objective: { availability: Number.NaN } }), invalid);
    assert.throws(() => analyzeMicroservicesPerformanceMetrics([row(0)], [{} as never]), invalid);
  });

  it("has no NaN for any numbers", () => {
    const number = fc.oneof(
      fc.constant(null),
      fc.double(),
      fc.constantFrom(Number.NaN, -1, 0, Number.POSITIVE_INFINITY),
    );
    const given = fc.record({
      requests: number,
      errors: number,
      p50: number,
      p95: number,
      cpuUsage: number,
      responseTime: number,
    });
    fc.assert(
      fc.property(fc.array(given, { maxLength: 20 }), (changes) => {
        const rows = changes.map((change, second) => row(second, { ...change, throughput: change.requests }));
        const analysis = analyzeMicroservicesPerformanceMetrics(
          rows,
          changes.map((change) => call("users", "db", change)),
        );
        const found = identifyMicroservicesPerformanceBottlenecks(analysis);
        const all = [analysis, found, generateMicroservicesPerformanceOptimizations(found)];
        const visit = (value: unknown): void => {
          assert.ok(!Number.isNaN(value));
          if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
        };
        visit(all);
      }),
      { numRuns: 60 },
    );
  });

  it("does not depend on the order of rows and edges, and replays", () => {
    const engine = new MicroservicesIntelligence();
    const rows = [...minuteOf("shop", slow), ...minuteOf("users", { cpuUsage: 1.9, errors: 1 })];
    const edges = [call("shop", "users", { p50: 500 }), call("shop", "mail"), call("users", "mail", { requests: 7 })];
    const run = (given: MetricsRow[], calls: EdgeRow[]) =>
      engine.generateMicroservicesPerformanceOptimizations(
        engine.identifyMicroservicesPerformanceBottlenecks(engine.analyzeMicroservicesPerformanceMetrics(given, calls)),
      );
    assert.deepEqual(run([...rows].reverse(), [...edges].reverse()), run(rows, edges));
    engine.identifyServiceOptimizations(engine.analyzeServicePerformance(minuteOf("users", slow), { edges }));
    for (const record of engine.decisions()) {
      assert.equal(engine.replay(JSON.parse(JSON.stringify(record))).identical, true, record.function);
    }
    assert.equal(engine.decisions().length, 8);
  });

  it("never scores better with more errors or more load", () => {
    const scoreOf = (errors: number, cpuUsage: number) =>
      analyzeServicePerformance(minuteOf("users", { errors, cpuUsage })).service?.score ?? Number.NaN;
    const errors = fc.integer({ min: 0, max: 25 });
    const cpu = fc.double({ min: 0, max: 3, noNaN: true });
    fc.assert(
      fc.property(errors, errors, cpu, cpu, (few, more, idle, work) => {
        assert.ok(scoreOf(few + more, idle + work) <= scoreOf(few, idle));
      }),
      { numRuns: 60 },
    );
  });

  it("judges times a thousand times as long the same, against an objective as much longer", () => {
    const judgedAt = (factor: number) => {
      const times = { p50: 60 * factor, p95: 90 * factor, p99: 120 * factor, responseTime: 70 * factor };
      const objective = { latencyMs: 50 * factor };
      const edges = [call("users", "db", { requests: 60, p50: 40 * factor }), call("users", "log", { requests: 29 })];
      const analysis = analyzeServicePerformance(minuteOf("users", times).slice(0, 2), { objective, edges });
      return [
        Math.round(analysis.service?.score ?? Number.NaN),
        identifyServiceOptimizations(analysis).optimizations.length,
      ];
    };
    assert.deepEqual(judgedAt(1000), judgedAt(1));
  });

  it("sees repeated calls of one service, but not in a handful of calls", () => {
    const kinds = (requests: number) => {
      const edges = [call("users", "db", { requests, p50: 1 })];
      const rows = [row(0, { requests: 4 })];
      return identifyServiceOptimizations(analyzeServicePerformance(rows, { edges })).optimizations.map(
        ({ kind }) => kind,
      );
    };
    assert.deepEqual([kinds(40), kinds(28)], [["batching"], []]);
  });

  it("gives the same burn when every count is so many times higher", () => {
    const burn = (factor: number) =>
      analyzeServicePerformance(minuteOf("users", { requests: 50 * factor, errors: 2 * factor })).service?.budget.used;
    assert.equal(burn(1), 4);
    assert.equal(burn(7), burn(1));
  });
});
