import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../base/fake-clock.js";
import type { ClusterPlan, Endpoint } from "../plan/proxy-plan.js";
import { Cluster, type Draw } from "./cluster.js";
import {
  ask,
  clusterPlan,
  edgeListener,
  endpointAt,
  planOf,
  type RunningProxy,
  startProxy,
  startService,
} from "./proxy-fixture.test.js";

const edge = "edge/caller/a";

/** Services that answer with their names. */
async function startFleet(
  test: TestContext,
  plan: Partial<ClusterPlan>,
  names = ["one", "two", "three"],
): Promise<RunningProxy> {
  const endpoints = await Promise.all(
    names.map(async (name) => {
      const port = await startService(test, (_request, response) => response.end(name));
      return endpointAt(port, { id: name });
    }),
  );
  return startProxy(test, planOf([edgeListener("a")], [clusterPlan("a", plan)]), { a: endpoints });
}

async function answersOf(proxy: RunningProxy, headers: Record<string, string>, times: number): Promise<Set<string>> {
  const answers = new Set<string>();
  for (let count = 0; count < times; count++) answers.add((await ask(proxy.port(edge), { headers })).body);
  return answers;
}

describe("balancing through a proxy", () => {
  for (const loadBalancer of ["ring-hash", "maglev"] as const) {
    it(`${loadBalancer} keeps a header's value at one instance, and spreads requests without it`, async (test) => {
      const proxy = await startFleet(test, { loadBalancer, hashOn: { kind: "header", name: "x-user" } });
      const all = new Set<string>();
      for (let user = 0; user < 12; user++) {
        const answers = await answersOf(proxy, { "x-user": `user ${user}` }, 3);
        assert.equal(answers.size, 1);
        for (const answer of answers) all.add(answer);
      }
      assert.equal(all.size, 3);
      assert.ok((await answersOf(proxy, {}, 30)).size > 1);
    });
  }

  it("keeps a cookie's value, or a client's address, at one instance", async (test) => {
    const byCookie = await startFleet(test, { loadBalancer: "ring-hash", hashOn: { kind: "cookie", name: "sid" } });
    assert.equal((await answersOf(byCookie, { cookie: "a=1; sid=x; b=2" }, 5)).size, 1);
    const bySource = await startFleet(test, { loadBalancer: "maglev" });
    assert.equal((await answersOf(bySource, {}, 10)).size, 1);
  });

  it("goes to the faster one by latency", async (test) => {
    const slow = await startService(test, (_request, response) => setTimeout(() => response.end("slow"), 60));
    const fast = await startService(test, (_request, response) => response.end("fast"));
    const plan = planOf([edgeListener("a")], [clusterPlan("a", { loadBalancer: "peak-ewma" })]);
    const proxy = await startProxy(test, plan, { a: [endpointAt(slow), endpointAt(fast)] });
    await answersOf(proxy, {}, 10);
    assert.deepEqual([...(await answersOf(proxy, {}, 20))], ["fast"]);
  });
});

describe("comparison of instances", () => {
  it("leaves out the one that fails in between, and brings it back", () => {
    const clock = new FakeClock();
    const kinds: string[] = [];
    const cluster = new Cluster("a", { clock, notify: ({ type }) => kinds.push(type), onForget: () => {} });
    const failurePercentage = { threshold: 0.5, minimumHosts: 2, minimumRequests: 10 };
    const outlier = { consecutiveFailures: 5, baseEjectionMs: 5_000, maxEjectionMs: 60_000, failurePercentage };
    cluster.setPlan(clusterPlan("a", { outlier }));
    cluster.setEndpoints(["one", "two"].map((id) => ({ ...endpointAt(1), id })));
    const [one, two] = cluster.endpoints;
    assert.ok(one && two);
    for (let count = 0; count < 20; count++) {
      cluster.report(one, { type: "success" });
      cluster.report(two, count % 2 === 0 ? { type: "failure", kind: "status", refused: false } : { type: "success" });
    }
    assert.equal(cluster.pickable.length, 2);
    clock.advance(10_000);
    assert.deepEqual(
      cluster.pickable.map(({ id }) => id),
      ["one"],
    );
    clock.advance(5_000);
    assert.equal(cluster.pickable.length, 2);
    clock.advance(20_000);
    assert.deepEqual(kinds, ["ejected", "returned"]);
    cluster.close();
    assert.equal(clock.pendingTimers, 0);
  });
});

describe("slow start", () => {
  const endpoint = (id: string): Endpoint => ({ id, epoch: "1", address: "127.0.0.1", port: 1, state: "ready" });
  const draw: Draw = { rng: () => 0, hash: 0, tried: [], now: () => 0 };

  function sharesOf(cluster: Cluster): Record<string, number> {
    const shares: Record<string, number> = {};
    for (let count = 0; count < 110; count++) {
      const id = cluster.pick(draw)?.id ?? "none";
      shares[id] = (shares[id] ?? 0) + 1;
    }
    return shares;
  }

  it("gives a new instance a share that grows, and none to those that a worker begins with", () => {
    const clock = new FakeClock();
    const cluster = new Cluster("a", { clock, notify: () => {}, onForget: () => {} });
    cluster.setPlan(clusterPlan("a", { slowStartMs: 10_000 }));
    cluster.setEndpoints([endpoint("old")]);
    assert.equal(cluster.endpoints[0]?.warmth, 1);
    cluster.setEndpoints([endpoint("old"), endpoint("new")]);
    assert.deepEqual(sharesOf(cluster), { old: 100, new: 10 });
    clock.advance(5_000);
    const half = sharesOf(cluster).new ?? 0;
    assert.ok(half > 30 && half < 40, `${half}`);
    clock.advance(5_500);
    assert.deepEqual(sharesOf(cluster), { old: 55, new: 55 });
    cluster.close();
  });
});
