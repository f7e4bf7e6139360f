import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { specOf } from "../../../test/support/specs.js";
import { temporaryFolder } from "../../../test/support/temporary-folder.js";
import { FakeClock } from "../../base/fake-clock.js";
import { replay } from "../../fujsen/decision.js";
import { decisionFunctions } from "../../fujsen/decision-functions.js";
import { MicroservicesIntelligence } from "../../fujsen/engine.js";
import type { Insights } from "../../fujsen/insights.js";
import type { ServicePerformance } from "../../fujsen/performance.js";
import { shopFailure } from "../../fujsen/root-cause/failure-fixture.test.js";
import type { Machine } from "../../system/machine.js";
import { openDatabase } from "../../tuskdb/open-database.js";
import type { DecisionRecord, PerformanceReport } from "../data-access.js";
import { Analyst } from "./analyst.js";
import { TuskData } from "./tusk-data.js";

const spec = specOf(`name: shop
services:
  - { name: orders, run: a, language: python, calls: [payments], traffic: { timeout: 1s } }
  - { name: payments, run: b, language: go, traffic: { timeout: 0s } }
`);

async function setUp(t: TestContext, machine: Machine = { cores: 4, memoryBytes: 1e9 }) {
  const clock = new FakeClock();
  const database = await openDatabase({ file: join(temporaryFolder(t), "tusk.duckdb") });
  const data = new TuskData({
    open: async () => database,
    clock,
    emit: () => {},
    live: () => [],
    prometheus: async () => "",
    analyst: async () =>
      new Analyst({ database, clock, spec: () => spec, machine: () => machine, monitoringOff: () => false }),
    pastEvents: () => [],
  });
  data.begin();
  t.after(() => data.close());
  const secondsAgo = (seconds: number): string => new Date(clock.now() - seconds * 1000).toISOString();
  const insertRows = (service_id: string, change: object = {}) =>
    data.insert(
      "microservices_metrics",
      Array.from({ length: 60 }, (_, second) => ({
        ...{ timestamp: secondsAgo(second), service_id, cpu_usage: 0.1, memory_usage: 1e8, interval_seconds: 1 },
        ...{ requests: 50, errors: 0, p50: 10, p95: 20, p99: 30, instances: 1, ready: 1 },
        ...change,
      })),
    );
  const insertEdge = (caller: string, callee: string, change: object = {}) =>
    data.insert("edges", [
      { timestamp: secondsAgo(5), caller, callee, requests: 100, errors: 0, p50: 5, p95: 9, p99: 10, ...change },
    ]);
  return { data, clock, insertRows, insertEdge };
}

const serviceOf = (report: PerformanceReport, name: string): ServicePerformance => {
  const found = report.services.find(({ service }) => service === name);
  assert.ok(found, name);
  return found;
};

const insightsOf = ({ insights }: PerformanceReport): Insights["insights"] => insights.insights;

describe("the analyst", () => {
  it("judges CPU by what a service's programs can use on this machine", async (t) => {
    const { data, insertRows } = await setUp(t);
    for (const service of ["orders", "payments"]) await insertRows(service, { cpu_usage: 0.95 });
    const report = await data.analyze("1h");
    const [orders, payments] = [serviceOf(report, "orders"), serviceOf(report, "payments")];
    assert.deepEqual([orders.saturation.cpuUse, orders.saturation.cpuCores], [0.95, 1]);
    assert.deepEqual([payments.saturation.cpuUse, payments.saturation.cpuCores], [0.2375, 4]);
    assert.deepEqual(
      insightsOf(report).map(({ kind, service }) => [kind, service]),
      [["saturated", "orders"]],
    );
    assert.match(report.recommendations[0]?.how ?? "", /tusk scale orders=2/);
  });

  it("never takes more cores than the machine has", async (t) => {
    const { data, insertRows } = await setUp(t, { cores: 0.5, memoryBytes: 1e9 });
    await insertRows("orders", { cpu_usage: 0.45 });
    const { saturation } = serviceOf(await data.analyze("1h"), "orders");
    assert.deepEqual([saturation.cpuUse, saturation.cpuCores], [0.9, 0.5]);
  });

  it("judges memory by the machine's, and the slowest by the timeout", async (t) => {
    const { data, insertRows } = await setUp(t, { cores: 4, memoryBytes: 1.25e8 });
    await insertRows("orders", { p99: 900 });
    await insertRows("payments", { p99: 900 });
    const report = await data.analyze("1h");
    const [orders, payments] = [serviceOf(report, "orders").saturation, serviceOf(report, "payments").saturation];
    assert.deepEqual([orders.memoryUse, orders.timeoutUse], [0.8, 0.9]);
    assert.deepEqual([payments.memoryUse, payments.timeoutUse], [0.8, null]);
  });

  it("names the callee that makes its caller slow, and not the one that does not", async (t) => {
    const { data, insertRows, insertEdge } = await setUp(t);
    await insertRows("orders", { p50: 600, p95: 700, p99: 750 });
    await insertRows("payments");
    await insertEdge("orders", "payments", { p50: 500, p95: 650, p99: 700 });
    await insertEdge("orders", "mail");
    await insertEdge("gateway", "orders", { requests: 200, p95: 700 });
    const report = await data.analyze("1h");
    const slow = insightsOf(report).find(({ kind }) => kind === "slow");
    assert.deepEqual(slow?.evidence.edge, { caller: "orders", callee: "payments" });
    const whats = report.recommendations.map(({ what }) => what);
    assert.ok(whats.includes("look at payments, which orders calls"), whats.join("; "));
    assert.deepEqual(
      report.edges.map(({ caller }) => caller),
      ["gateway", "orders", "orders"],
    );
  });

  it("looks at the rows and calls of the services that were asked for, of the period", async (t) => {
    const { data, insertRows, insertEdge, clock } = await setUp(t);
    await insertRows("orders");
    await insertRows("payments");
    await insertRows("orders", { timestamp: new Date(clock.now() - 7_200_000).toISOString() });
    await insertEdge("a", "b");
    await insertEdge("orders", "payments");
    const report = await data.analyze("1h", ["orders"]);
    assert.deepEqual([report.metricsAnalyzed, report.services.length, report.edges.length], [60, 1, 1]);
    assert.equal((await data.analyze("1h", [])).noData, "no row falls into this period");
    assert.equal((await data.analyze("1h", ["' OR 1=1 --"])).metricsAnalyzed, 0);
  });
});

/** One call of each function of FUJSEN. */
function decideEverything(): DecisionRecord[] {
  const fujsen = new MicroservicesIntelligence();
  const metric = { service_id: "orders", timestamp: "2026-01-01T00:00:00Z", response_time: "1.5s", error_rate: "7%" };
  const processed = fujsen.processMicroservicesMetrics([metric, { ...metric, cpu_usage: Number.NaN }]);
  assert.equal(processed.ok, false);
  const rows = fujsen.processMicroservicesMetrics(metric);
  fujsen.generateMicroservicesInsights(fujsen.analyzeMicroservicesPerformance(rows.ok ? rows.rows : []));
  const needs = { name: "orders", language: "pyton", dependencies: ["sqlalchemy", "kafka", "x"], calls: ["payments"] };
  fujsen.generateServiceArchitecture(fujsen.analyzeServiceRequirements({ ...needs, collectionPath: "/orders" }));
  const services = [
    { name: "orders", paths: ["/a"] },
    { name: "made", collectionPath: "/mades", latencyMs: 0.1 },
  ];
  fujsen.generateOptimalRouting(fujsen.analyzeRouteRequirements({ services }));
  fujsen.generateServiceMetadata({ name: "orders", port: 80, tags: ["a"], revision: 3, framework: "fastapi" });
  fujsen.determineServiceRecoveryStrategies(fujsen.analyzeServiceFailures(shopFailure({ api: { latency: 500 } })));
  const hours = Array.from({ length: 72 }, (_, hour) => ({
    serviceId: "orders",
    timestamp: new Date(hour * 3_600_000).toISOString(),
    throughput: 10 + (hour % 24),
    intervalSeconds: 3600,
  }));
  fujsen.detectMicroservicesAnomalies(hours);
  const own = rows.ok ? rows.rows : [];
  const call = { timestamp: "2026-01-01T00:00:00Z", caller: "orders", callee: "db", requests: 9, errors: 0 };
  const edges = [{ ...call, p50: 1.1, p95: 2.2, p99: 3.3 }];
  const metrics = fujsen.analyzeMicroservicesPerformanceMetrics(own, edges);
  const bottlenecks = fujsen.identifyMicroservicesPerformanceBottlenecks(metrics);
  fujsen.generateMicroservicesPerformanceOptimizations(bottlenecks);
  fujsen.identifyServiceOptimizations(fujsen.analyzeServicePerformance(own, { edges }));
  const built = { services: [{ name: "orders", replicas: 1 }], edges: [{ ...call, latencyMs: 1.1 }] };
  const improvements = fujsen.identifyMicroservicesOptimizations(fujsen.analyzeMicroservicesArchitecture(built));
  fujsen.prioritizeMicroservicesOptimizations(fujsen.generateMicroservicesOptimizationStrategies(improvements));
  const demands = fujsen.predictMicroservicesDemands(fujsen.analyzeMicroservicesUsagePatterns(hours));
  fujsen.generateMicroservicesScalingRecommendations(demands, { defaults: { serviceRate: 2 } });
  const at = "2026-01-01T00:00:00.000Z";
  return fujsen
    .decisions()
    .map((record, index) => ({ ...record, at, id: `01900000-0000-7000-8000-${`${index}`.padStart(12, "0")}` }));
}

describe("a stored decision", () => {
  it("of every function that there is replays identically", async (t) => {
    const { data } = await setUp(t);
    const records = decideEverything();
    const named = new Set(records.map((record) => record.function));
    assert.deepEqual([...named].sort(), Object.keys(decisionFunctions).sort());
    await data.recordDecisions(records);
    const stored = await data.decisions();
    assert.equal(stored.length, records.length);
    for (const record of stored) assert.deepEqual([record.function, replay(record).reason], [record.function, null]);
  });

  it("of an analysis is kept once a minute, small, and replays identically", async (t) => {
    const { data, insertRows, insertEdge, clock } = await setUp(t);
    await insertRows("orders", { p95: 1234.567, errors: 3 });
    await insertEdge("orders", "payments", { p95: 0.1 + 0.2 });
    const report = await data.analyze("24h");
    await data.analyze("24h");
    const stored = await data.decisions();
    assert.deepEqual(stored.map((record) => record.function).sort(), [
      "analyzeMicroservicesPerformance",
      "generateMicroservicesInsights",
    ]);
    for (const record of stored) assert.equal(replay(record).reason, null);
    const analysis = stored.find((record) => record.function === "analyzeMicroservicesPerformance");
    assert.equal(analysis?.evidence.score, report.performanceScore);
    clock.advance(60_000);
    await data.analyze("24h");
    assert.equal((await data.decisions()).length, 4);
  });
});
