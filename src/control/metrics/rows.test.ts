import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyHistogram, LatencyRecorder } from "../../base/latency-histogram.js";
import type { InstanceView } from "../../orchestrator/orchestrator.js";
import { parsePeriod } from "./period.js";
import { renderPrometheus } from "./prometheus.js";
import { toEdgeRows, toServiceRows } from "./rows.js";

const time = { timestamp: "2026-01-01T00:00:01.000Z", intervalSeconds: 2 };

const view = (overrides: Partial<InstanceView>): InstanceView =>
  ({
    id: "users-1",
    service: "users",
    ready: true,
    restarts: 0,
    cpuPercent: null,
    memoryBytes: null,
    ...overrides,
  }) as InstanceView;

function histogram(...ms: number[]) {
  const recorder = new LatencyRecorder();
  for (const value of ms) recorder.record(value);
  return recorder.toJSON();
}

describe("rows of TuskDB", () => {
  it("have the documented units", () => {
    const sample = {
      caller: "gateway",
      callee: "users",
      requests: 4,
      errors: 1,
      retries: 0,
      latency: histogram(10, 10, 10, 10),
    };
    const views = [
      view({ cpuPercent: 50, memoryBytes: 100 }),
      view({ id: "users-2", cpuPercent: 25, memoryBytes: 50 }),
    ];
    const [row] = toServiceRows(["users"], [sample], views, time);
    assert.equal(row?.throughput, 2);
    assert.equal(row?.error_rate, 0.25);
    assert.equal(row?.cpu_usage, 0.75);
    assert.equal(row?.memory_usage, 150);
    assert.ok(Math.abs(Number(row?.response_time) - 10) < 0.2);
    assert.ok(Math.abs(Number(row?.p99) - 10) < 0.2);
  });

  it("say null, not 0, where nothing is known", () => {
    const [row] = toServiceRows(["users"], [], [view({})], time);
    for (const column of ["response_time", "error_rate", "cpu_usage", "memory_usage", "p50", "p95", "p99"]) {
      assert.equal(row?.[column], null, column);
    }
    assert.equal(row?.requests, 0);
  });

  it("leave out what was refused before a callee was known", () => {
    const sample = { caller: "gateway", callee: "", requests: 1, errors: 0, retries: 0, latency: emptyHistogram };
    assert.deepEqual(toEdgeRows([sample], time), []);
  });
});

describe("Prometheus text", () => {
  const edge = { caller: "gateway", callee: 'us"ers\\', requests: 3, errors: 1, retries: 0 };
  const text = renderPrometheus(
    [{ pid: 1, startTicks: 1, endpoints: [], edges: [{ ...edge, latency: histogram(0.4, 4, 400) } as never] }],
    [view({ cpuPercent: 12.5 })],
  );

  it("counts cumulatively into buckets that end with all", () => {
    const counts = [...text.matchAll(/_bucket\{.*\} (\d+)/g)].map((match) => Number(match[1]));
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    );
    assert.equal(counts.at(-1), 3);
    assert.match(text, /le="0\.001"\} 1\n/);
    assert.match(text, /le="0\.005"\} 2\n/);
  });

  it("escapes labels and leaves out what is not known", () => {
    assert.match(text, /callee="us\\"ers\\\\"/);
    assert.match(text, /tusk_instance_cpu_cores\{service="users",instance="users-1"\} 0\.125/);
    assert.doesNotMatch(text, /memory_bytes\{/);
  });
});

describe("a period", () => {
  it("is a number with a unit", () => {
    assert.deepEqual(["90s", "15m", "24h", "7d"].map(parsePeriod), [90_000, 900_000, 86_400_000, 604_800_000]);
  });

  for (const bad of ["", "24", "0h", "-1h", "1y", "24 h", "9999999h", "400d", "1h; DROP TABLE edges"]) {
    it(`is not "${bad}"`, () => assert.throws(() => parsePeriod(bad), { code: "REQUEST_INVALID" }));
  }
});
