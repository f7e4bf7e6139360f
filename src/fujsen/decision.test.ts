import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TuskError } from "../base/errors.js";
import { type DecisionRecord, decide, replay } from "./decision.js";
import { MicroservicesIntelligence } from "./engine.js";
import { insightsVersion } from "./insights.js";
import { analyzeMicroservicesPerformance, performanceVersion } from "./performance.js";
import { decodeRecorded, encodeRecorded } from "./recorded-value.js";
import { minuteOf, row } from "./rows-fixture.test.js";

const throughJson = (record: DecisionRecord): DecisionRecord => JSON.parse(JSON.stringify(record));

describe("a decision record", () => {
  it("replays identically after it was stored as JSON", () => {
    const engine = new MicroservicesIntelligence();
    engine.processMicroservicesMetrics([{ service_id: "users", timestamp: new Date(0), response_time: Number.NaN }]);
    engine.processMicroservicesMetrics({ service_id: "users", timestamp: 1_767_225_600, error_rate: "7%" });
    const rows = [...minuteOf("users"), ...minuteOf("orders", { errors: 20 }), row(3, { cpuUsage: Number.NaN })];
    engine.generateMicroservicesInsights(engine.analyzeMicroservicesPerformance(rows, {}));
    const records = engine.decisions().map(throughJson);
    assert.equal(records.length, 4);
    for (const record of records) assert.equal(engine.replay(record).identical, true);
    assert.deepEqual(
      records.map(({ version }) => version),
      ["2", "2", performanceVersion, insightsVersion],
    );
    assert.equal(engine.decisions().length, 4);
  });

  it("says when output, version or function is another", () => {
    const record = decide("analyzeMicroservicesPerformance", [minuteOf("users"), {}]).record;
    const reasonOf = (change: Partial<DecisionRecord>) => replay({ ...record, ...change }).reason ?? "";
    assert.match(reasonOf({ output: { score: 100 } }), /output differs/);
    assert.match(reasonOf({ version: "0" }), /it was version 0/);
    assert.match(reasonOf({ function: "constructor" }), /no function/);
    assert.match(reasonOf({ inputs: [[null]] }), /fails on the recorded inputs/);
    assert.match(reasonOf({ inputs: "all" as unknown as unknown[] }), /not a list/);
  });

  it("does not change when the caller changes what it gave", () => {
    const rows = minuteOf("users");
    const { record } = decide("analyzeMicroservicesPerformance", [rows, {}]);
    rows.length = 0;
    assert.equal(replay(record).identical, true);
  });

  it("of a day's analysis is small, tells which rows they were, and replays identically", () => {
    const services = Array.from({ length: 10 }, (_, index) => `service-${index}`);
    const rows = Array.from({ length: 100_000 }, (_, index) =>
      row(Math.floor(index * 0.864), { serviceId: services[index % 10], p95: 40 + (index % 700), errors: index % 2 }),
    );
    const edges = services.map((callee) => ({ ...row(0), caller: "gateway", callee }));
    const { output, record } = decide("analyzeMicroservicesPerformance", [rows, { edges }]);
    assert.deepEqual(output, analyzeMicroservicesPerformance(rows, { edges }));
    const stored = JSON.stringify(record);
    assert.ok(stored.length < 256 * 1024, `${stored.length} bytes`);
    assert.equal(replay(JSON.parse(stored)).identical, true);
    const digestOf = (given: readonly unknown[]): unknown =>
      (decide("analyzeMicroservicesPerformance", given).record.inputs[0] as { digest: string }).digest;
    assert.equal(digestOf([rows.slice(0, 100)]), digestOf([rows.slice(0, 100)]));
    assert.notEqual(digestOf([rows.slice(0, 100)]), digestOf([rows.slice(1, 101)]));
    assert.notEqual(digestOf([rows.slice(0, 100), { edges }]), digestOf([rows.slice(0, 100)]));
  });

  it("hints at the name that was meant", () => {
    const refused = (error: unknown) => error instanceof TuskError && /processMicro/.test(error.hint ?? "");
    assert.throws(() => decide("processMicroserviceMetrics", []), refused);
  });

  it("is refused for what refers to itself", () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    assert.throws(() => decide("processMicroservicesMetrics", [loop]), { code: "REQUEST_INVALID" });
  });
});

describe("a recorded value", () => {
  it("comes back as what it was, through JSON", () => {
    const numbers = { not: Number.NaN, most: Number.POSITIVE_INFINITY, least: Number.NEGATIVE_INFINITY, zero: -0 };
    const value = { ...numbers, $number: "NaN", $: [{ $number: "x" }], ["__proto__"]: 1 };
    assert.deepEqual(decodeRecorded(JSON.parse(JSON.stringify(encodeRecorded(value)))), value);
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (any) => {
        assert.deepEqual(decodeRecorded(JSON.parse(JSON.stringify(encodeRecorded(any)))), any);
      }),
    );
  });
});
