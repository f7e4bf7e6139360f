import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LatencyRecorder } from "../../base/latency-histogram.js";
import type { EdgeStats, WorkerStats } from "../../keeper/protocol.js";
import { stepDeltas, sumOf } from "./deltas.js";

function latencies(...ms: number[]): EdgeStats["latency"] {
  const recorder = new LatencyRecorder();
  for (const value of ms) recorder.record(value);
  return recorder.toJSON();
}

function edge(overrides: Partial<EdgeStats> = {}): EdgeStats {
  return {
    caller: "gateway",
    callee: "users",
    requests: 0,
    statusClasses: {},
    errors: 0,
    retries: 0,
    retriesDenied: 0,
    tunnels: 0,
    tunnelsOpen: 0,
    refused: {},
    requestBytes: 0,
    responseBytes: 0,
    latency: latencies(),
    ...overrides,
  };
}

const worker = (pid: number, ...edges: EdgeStats[]): WorkerStats => ({
  pid,
  startTicks: pid * 10,
  edges,
  endpoints: [],
});

describe("counts between two looks", () => {
  it("are the difference of what one worker counted", () => {
    const first = stepDeltas({}, [worker(1, edge({ requests: 2, errors: 1, latency: latencies(1, 2) }))]);
    const later = worker(1, edge({ requests: 5, errors: 1, retries: 2, latency: latencies(1, 2, 10, 10, 10) }));
    const [sample] = stepDeltas(first.base, [later]).samples;
    assert.deepEqual([sample?.requests, sample?.errors, sample?.retries, sample?.latency.count], [3, 0, 2, 3]);
  });

  it("begin at zero for a worker that took another's place, and never fall below it", () => {
    const first = stepDeltas({}, [worker(1, edge({ requests: 1000 }))]);
    const [sample] = stepDeltas(first.base, [worker(2, edge({ requests: 3 }))]).samples;
    assert.equal(sample?.requests, 3);
  });

  it("are those of all workers together", () => {
    const { samples } = stepDeltas({}, [
      worker(1, edge({ requests: 2, latency: latencies(1, 1) })),
      worker(2, edge({ requests: 3, latency: latencies(9, 9, 9) })),
    ]);
    assert.equal(samples.length, 1);
    assert.deepEqual([samples[0]?.requests, samples[0]?.latency.count], [5, 5]);
  });

  it("leave out an edge on which nothing happened, and forget a worker that is gone", () => {
    const first = stepDeltas({}, [worker(1, edge({ requests: 2 }))]);
    const second = stepDeltas(first.base, [worker(1, edge({ requests: 2 }))]);
    assert.deepEqual(second.samples, []);
    assert.deepEqual(stepDeltas(second.base, []).base, {});
  });

  it("survive a controller: the base is plain JSON", () => {
    const { base } = stepDeltas({}, [worker(1, edge({ requests: 2, latency: latencies(1, 2) }))]);
    const restored = JSON.parse(JSON.stringify(base));
    const [sample] = stepDeltas(restored, [worker(1, edge({ requests: 7, latency: latencies(1, 2, 3) }))]).samples;
    assert.deepEqual([sample?.requests, sample?.latency.count], [5, 1]);
  });

  it("of several callers sum up to the traffic into a service", () => {
    const { samples } = stepDeltas({}, [
      worker(1, edge({ requests: 2, errors: 1 }), edge({ caller: "orders", requests: 3, retries: 4 })),
    ]);
    const { requests, errors, retries } = sumOf(samples);
    assert.deepEqual([requests, errors, retries], [5, 1, 4]);
  });
});
