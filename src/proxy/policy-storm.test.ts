import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, it } from "node:test";
import {
  clusterPlan,
  edgeListener,
  endpointAt,
  planOf,
  startProxy,
  startRawService,
  startService,
  until,
} from "./proxy-fixture.test.js";

const edge = "edge/caller/a";

function seededRng(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** One request whose client may leave in the middle; resolves whatever becomes of it. */
function askOrLeave(port: number, leaves: boolean, method: string): Promise<void> {
  return new Promise((resolve) => {
    const outgoing = request({ host: "127.0.0.1", port, method, agent: false }, (incoming) => {
      incoming.on("error", () => {}).on("close", resolve);
      incoming.resume();
    });
    // Left or refused: both are what this is about.
    outgoing.on("error", () => {}).on("close", resolve);
    outgoing.end(method === "POST" ? "x".repeat(2_000) : undefined);
    if (leaves) setImmediate(() => outgoing.destroy());
  });
}

describe("every policy at once", () => {
  it("leaves no count behind, whoever fails, waits or leaves", async (test) => {
    const rng = seededRng(11);
    const flaky = await startService(test, (incoming, response) => {
      incoming.resume();
      const chance = rng();
      if (chance < 0.2) response.destroy();
      else if (chance < 0.5) response.writeHead(503).end();
      else setImmediate(() => response.end("ok"));
    });
    const breaking = await startRawService(test, (socket) => socket.once("data", () => socket.destroy()));
    const plan = clusterPlan("a", {
      loadBalancer: "peak-ewma",
      slowStartMs: 50,
      limits: { connections: 2, pending: 4, requests: 30, retries: 5 },
      breaker: { failureRatio: 0.9, minimumRequests: 30, windowMs: 1_000, openMs: 5, maxOpenMs: 10, rampMs: 10 },
      outlier: { consecutiveFailures: 3, baseEjectionMs: 5, maxEjectionMs: 20 },
    });
    const action = {
      hedge: { afterMs: 1 },
      retry: { attempts: 2, statuses: [503], backoffMs: 1 },
      requestTimeoutMs: 1_000,
      fault: { delayMs: 2, delayShare: 0.2, abortStatus: 429, abortShare: 0.1, untilEpochMs: Date.now() + 60_000 },
    };
    const proxy = await startProxy(test, planOf([edgeListener("a", action)], [plan]), {
      a: [endpointAt(flaky), endpointAt(breaking)],
    });
    for (let round = 0; round < 15; round++) {
      const asked = Array.from({ length: 20 }, () =>
        askOrLeave(proxy.port(edge), rng() < 0.3, rng() < 0.3 ? "POST" : "GET"),
      );
      await Promise.all(asked);
    }
    const cluster = proxy.dataPlane.cluster("a");
    assert.ok(cluster);
    const left = (): number[] => [
      cluster.admission.requests,
      cluster.admission.retries,
      cluster.waiting,
      ...proxy.dataPlane.endpointStats().map(({ inFlight }) => inFlight),
    ];
    await until(() => left().every((count) => count === 0), "every count is zero again");
    assert.deepEqual(left(), [0, 0, 0, 0, 0]);
  });
});
