import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LatencyRecorder } from "../base/latency-histogram.js";
import type { SqlRow } from "./database.js";
import { rollUp } from "./roll-up.js";

const sketchOf = (...values: number[]): SqlRow[string] => {
  const recorder = new LatencyRecorder();
  for (const value of values) recorder.record(value);
  return recorder.toJSON() as unknown as SqlRow[string];
};

const busy = {
  timestamp: "2026-03-10T12:00:01.000Z",
  service_id: "a",
  response_time: 10,
  throughput: 3,
  error_rate: 1 / 3,
  cpu_usage: 1,
  memory_usage: 100,
  interval_seconds: 1,
  requests: 3,
  errors: 1,
  sketch: sketchOf(5, 10, 15),
  instances: 2,
  ready: 2,
} satisfies SqlRow;
const idle = {
  ...busy,
  timestamp: "2026-03-10T12:00:04.000Z",
  response_time: null,
  throughput: 0,
  error_rate: null,
  cpu_usage: 0,
  memory_usage: null,
  interval_seconds: 3,
  requests: 0,
  errors: 0,
  sketch: null,
  ready: 0,
} satisfies SqlRow;

describe("rolling up", () => {
  it("sums counts, derives rates, weighs levels by time, and leaves the unknown out", () => {
    const [row] = rollUp("microservices_metrics", [busy, idle], 60);
    const { p50, p95, p99, sketch, ...rest } = row ?? {};
    assert.deepEqual(rest, {
      timestamp: "2026-03-10T12:01:00.000Z",
      service_id: "a",
      interval_seconds: 4,
      requests: 3,
      errors: 1,
      resolution_seconds: 60,
      response_time: 10,
      throughput: 0.75,
      error_rate: 1 / 3,
      cpu_usage: 0.25,
      memory_usage: 100,
      instances: 2,
      ready: 0.5,
    });
    assert.ok(Math.abs(Number(p50) - 10) < 0.2 && Number(p95) <= Number(p99));
    assert.deepEqual(sketch, busy.sketch);
  });

  it("knows nothing where no row did", () => {
    const [row] = rollUp("microservices_metrics", [idle], 60);
    for (const name of ["response_time", "error_rate", "memory_usage", "p50", "sketch"])
      assert.equal(row?.[name], null);
    assert.equal(row?.throughput, 0);
  });

  it("counts a row at a full minute to the minute that it ends", () => {
    const times = ["12:00:00.001", "12:01:00.000", "12:01:00.001"];
    const rows = times.map((time) => ({ ...idle, timestamp: `2026-03-10T${time}Z` }));
    assert.deepEqual(
      rollUp("microservices_metrics", rows, 60).map((row) => row.timestamp),
      ["2026-03-10T12:01:00.000Z", "2026-03-10T12:02:00.000Z"],
    );
  });

  it("gives the same whether by minutes first or at once", () => {
    const rows = Array.from({ length: 600 }, (_, second) => ({
      ...busy,
      timestamp: new Date(Date.parse("2026-03-10T12:00:01Z") + second * 1_000).toISOString(),
      sketch: sketchOf(second % 50, 3),
    }));
    const minutes = rollUp("microservices_metrics", rows, 60) as SqlRow[];
    const [twice] = rollUp("microservices_metrics", minutes, 3_600);
    const [once] = rollUp("microservices_metrics", rows, 3_600);
    assert.equal(minutes.length, 10);
    for (const name of ["requests", "errors", "p50", "p95", "p99", "interval_seconds"])
      assert.equal(twice?.[name], once?.[name]);
    assert.ok(Math.abs(Number(twice?.response_time) - Number(once?.response_time)) < 1e-9);
  });

  it("keeps edges apart", () => {
    const edge = { ...busy, caller: "a", callee: "b", retries: 2 };
    const rows = rollUp("edges", [edge, { ...edge, callee: "c" }, edge], 60);
    assert.deepEqual(
      rows.map(({ callee, retries }) => [callee, retries]),
      [
        ["b", 4],
        ["c", 2],
      ],
    );
  });
});
