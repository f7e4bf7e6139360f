import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../base/fake-clock.js";
import type { ClusterPlan, RouteAction } from "../plan/proxy-plan.js";
import { DataPlane } from "./data-plane.js";
import { describePolicy } from "./describe-policy.js";
import { actionTo, clusterPlan, edgeListener, endpointAt, planOf } from "./proxy-fixture.test.js";

const breaker = {
  failureRatio: 0.5,
  minimumRequests: 2,
  windowMs: 10_000,
  openMs: 5_000,
  maxOpenMs: 60_000,
  rampMs: 10_000,
};

function create(plan: Partial<ClusterPlan>): DataPlane {
  const dataPlane = new DataPlane({ clock: new FakeClock(), notify: () => {}, onForget: () => {} });
  dataPlane.applyPlan(planOf([edgeListener("a")], [clusterPlan("a", plan)]));
  dataPlane.applyEndpoints({ format: 1, version: 1, clusters: { a: [endpointAt(1), endpointAt(2)] } });
  return dataPlane;
}

function describeOf(plan: Partial<ClusterPlan>, action: Partial<RouteAction> = {}): Record<string, string> {
  const cluster = create(plan).cluster("a");
  assert.ok(cluster);
  const parts = describePolicy(cluster, actionTo("a", action));
  return Object.fromEntries(
    parts.map(({ name, value, standing }) => [name, standing ? `${value} | ${standing}` : value]),
  );
}

describe("policies in words", () => {
  it("says what is on, with its figures and how it stands", () => {
    const described = describeOf(
      {
        loadBalancer: "ring-hash",
        hashOn: { kind: "header", name: "x-user" },
        limits: { connections: 8, pending: 100, requests: 200, retries: 5 },
        breaker,
      },
      { attemptTimeoutMs: 1_500, retry: { attempts: 2, statuses: [502, 503], backoffMs: 25 } },
    );
    assert.deepEqual(described, {
      timeout: "5 s",
      "attempt timeout": "1.5 s",
      retry: "at most 2 more, also after 502, 503, first wait up to 25 ms",
      hedge: "off",
      balancer: "ring-hash by header x-user",
      "slow start": "off",
      "retry budget": "20 % of the requests of 10 s, or 3 a second",
      ejection: "after 5 failures in a row; for 5 s doubling to 1 min | 0 ejected",
      limits:
        "8 requests to one instance, 100 more wait; 200 requests in all; 5 in a further attempt | 0 in flight, 0 waiting, 0 in a further attempt",
      breaker:
        "opens at 50 % failures of at least 2 answers in 10 s, for 5 s, then lets a growing share through for 10 s | closed",
    });
  });

  it("says what is off, and the fault that is injected", () => {
    const fault = { delayMs: 0, delayShare: 0, abortStatus: 503, abortShare: 0.2, untilEpochMs: 0 };
    const described = describeOf(
      {},
      { fault, requestTimeoutMs: 0, retry: { attempts: 0, statuses: [], backoffMs: 0 } },
    );
    assert.equal(described.timeout, "none");
    assert.equal(described.retry, "never");
    assert.equal(described.breaker, "off");
    assert.equal(described["injected fault"], "20 % are answered 503, until 1970-01-01T00:00:00.000Z");
  });

  it("names the place in the spec, and an open breaker", () => {
    const origin = { path: "services.a.traffic.breaker", file: "tusk.yaml", line: 7 };
    const cluster = create({ breaker, origins: { breaker: origin } }).cluster("a");
    const [endpoint] = cluster?.endpoints ?? [];
    assert.ok(cluster && endpoint);
    for (let count = 0; count < 2; count++)
      cluster.report(endpoint, { type: "failure", kind: "status", refused: false });
    const part = describePolicy(cluster, actionTo("a")).find(({ name }) => name === "breaker");
    assert.deepEqual([part?.standing, part?.origin], ["open", origin]);
  });
});

describe("policies of a plan that is wrong", () => {
  it("are refused, each problem with its place", () => {
    const dataPlane = create({});
    const wrong = {
      loadBalancer: "best",
      hashOn: { kind: "header", name: "" },
      slowStartMs: -1,
      limits: { connections: 1.5, pending: 1, requests: 0 },
      breaker: { ...breaker, failureRatio: 0 },
      outlier: { consecutiveFailures: 0, baseEjectionMs: 1, maxEjectionMs: 1, successRate: { deviations: 2 } },
    };
    const fault = { delayMs: 1, delayShare: 1, abortStatus: 200, abortShare: 1, untilEpochMs: "soon" };
    const listener = edgeListener("a", { fault: fault as never });
    const answer = dataPlane.applyPlan(planOf([listener], [clusterPlan("a", wrong as never)], 2));
    assert.deepEqual(answer.type === "refused" ? answer.problems.map((problem) => problem.split(":")[0]) : [], [
      "clusters.a.loadBalancer",
      "clusters.a.hashOn.name",
      "clusters.a.slowStartMs",
      "clusters.a.limits.connections",
      "clusters.a.limits.retries",
      "clusters.a.breaker.failureRatio",
      "clusters.a.outlier.consecutiveFailures",
      "clusters.a.outlier.successRate.minimumHosts",
      "clusters.a.outlier.successRate.minimumRequests",
      "listeners[0].action.fault.untilEpochMs",
      "listeners[0].action.fault.abortStatus",
    ]);
    assert.equal(dataPlane.planVersion, 1);
  });
});
