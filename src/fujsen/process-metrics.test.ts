import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { mostRows, processMicroservicesMetrics } from "./process-metrics.js";

const base = { service_id: "users", timestamp: "2026-01-31T12:00:00Z" };

function rowOf(fields: object) {
  const processed = processMicroservicesMetrics({ ...base, ...fields });
  assert.ok(processed.ok, JSON.stringify(processed));
  return { row: processed.rows[0], notes: processed.notes };
}

function problemsOf(data: unknown) {
  const processed = processMicroservicesMetrics(data);
  assert.ok(!processed.ok);
  return processed.problems;
}

describe("metrics of programs", () => {
  it("are taken in both spellings, without a note when the units are ours", () => {
    const measures = { responseTime: 12, throughput: 3, errorRate: 0.1, cpuUsage: 0.5, memoryUsage: 1024 };
    const camel = processMicroservicesMetrics({ serviceId: "users", timestamp: base.timestamp, ...measures });
    const { row, notes } = rowOf({
      response_time: 12,
      throughput: 3,
      error_rate: 0.1,
      cpu_usage: 0.5,
      memory_usage: 1024,
    });
    assert.deepEqual(camel.ok && camel.rows[0], row);
    assert.deepEqual(notes, []);
    for (const [name, value] of Object.entries(measures)) assert.equal(row?.[name as keyof typeof row], value);
  });

  it("are null where missing, never 0", () => {
    const { row } = rowOf({ throughput: null });
    const { timestamp, serviceId, intervalSeconds, ...rest } = row ?? assert.fail();
    assert.deepEqual([timestamp, serviceId, intervalSeconds], ["2026-01-31T12:00:00.000Z", "users", 1]);
    for (const value of Object.values(rest)) assert.equal(value, null);
  });

  for (const [field, text, expected] of [
    ["response_time", "1.5s", 1500],
    ["response_time", "250 us", 0.25],
    ["throughput", "1200/min", 20],
    ["throughput", "20 rps", 20],
    ["error_rate", "5%", 0.05],
    ["error_rate", "7%", 0.07],
    ["cpu_usage", "250m", 0.25],
    ["cpu_usage", "2 cores", 2],
    ["memory_usage", "512MiB", 536_870_912],
    ["memory_usage", "1.5GB", 1.5e9],
    ["interval_seconds", "1min", 60],
  ] as const) {
    it(`reads ${field} '${text}' and says so`, () => {
      const { row, notes } = rowOf({ [field]: text });
      const camel = field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
      assert.equal(row?.[camel as keyof typeof row], expected);
      assert.deepEqual(notes, [`${field}: "${text}" read as ${expected}`]);
    });
  }

  for (const [name, fields, path] of [
    ["a percentage without its sign", { error_rate: 5 }, "error_rate"],
    ["CPU in percent, of what nobody says", { cpu_usage: "50%" }, "cpu_usage"],
    ["a negative latency", { response_time: -1 }, "response_time"],
    ["not a number", { throughput: Number.NaN }, "throughput"],
    ["infinity", { memory_usage: Number.POSITIVE_INFINITY }, "memory_usage"],
    ["a number beyond all numbers", { memory_usage: "9e999" }, "memory_usage"],
    ["a list", { throughput: [1] }, "throughput"],
    ["a slip of the keyboard", { respone_time: 1 }, "respone_time"],
    ["two spellings that differ", { response_time: 1, responseTime: 2 }, "response_time"],
    ["more errors than requests", { requests: 1, errors: 2 }, "errors"],
    ["half a request", { requests: 0.5 }, "requests"],
    ["no time", { timestamp: "soon" }, "timestamp"],
    ["31 February", { timestamp: "2026-02-31T00:00:00Z" }, "timestamp"],
    ["a number that may be any time", { timestamp: 12 }, "timestamp"],
    ["a name with a line break", { service_id: "a\nb" }, "service_id"],
    ["an empty interval", { interval_seconds: 0 }, "interval_seconds"],
  ] as const) {
    it(`refuses ${name}`, () => {
      const problems = problemsOf([base, { ...base, ...fields }]);
      assert.deepEqual(
        problems.map((problem) => problem.path),
        [`[1].${path}`],
      );
    });
  }

  for (const [given, expected, note] of [
    ["2026-01-31T12:00:00", "2026-01-31T12:00:00.000Z", /no zone given: UTC/],
    ["2026-01-31 12:00:00.123456+01:00", "2026-01-31T11:00:00.123Z", /read as/],
    [1_767_225_600, "2026-01-01T00:00:00.000Z", /: 1767225600 read as/],
    [1_767_225_600_500, "2026-01-01T00:00:00.500Z", /: 1767225600500 read as/],
  ] as const) {
    it(`reads the time ${given}`, () => {
      const { row, notes } = rowOf({ timestamp: given });
      assert.equal(row?.timestamp, expected);
      assert.match(notes[0] ?? "", note);
    });
  }

  it("leaves out what is no metric, with a note", () => {
    assert.deepEqual(rowOf({ customer_region: "eu" }).notes, ["customer_region: not a metric, left out"]);
  });

  it("are all or none, with every problem, of at most 10,000 rows", () => {
    assert.equal(problemsOf([base, { error_rate: 5 }, null]).length, 4);
    assert.equal(problemsOf(Array.from({ length: 500 }, () => 7)).length, 100);
    assert.equal(problemsOf(new Array(mostRows + 1).fill(base)).length, 1);
  });

  it("never throw", () => {
    fc.assert(
      fc.property(
        fc.anything({ withDate: true, withNullPrototype: true }),
        (data) => void processMicroservicesMetrics(data),
      ),
    );
    const fields = fc.constantFrom("service_id", "timestamp", "error_rate", "cpu_usage", "__proto__", "constructor");
    fc.assert(
      fc.property(
        fc.dictionary(fields, fc.anything()),
        (data) => void processMicroservicesMetrics({ ...base, ...data }),
      ),
    );
  });
});
