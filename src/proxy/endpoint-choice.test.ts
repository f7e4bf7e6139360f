// Subset, zone, the adaptive limit and the early return of an ejected endpoint, in a whole proxy.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import type { ClusterPlan, Endpoint, RouteAction } from "../plan/proxy-plan.js";
import { explainRequest } from "./explain.js";
import {
  ask,
  clusterPlan,
  edgeListener,
  endpointAt,
  planOf,
  type RunningProxy,
  startProxy,
  startService,
  until,
} from "./proxy-fixture.test.js";

const edge = "edge/caller/a";

interface Choice {
  readonly plan?: Partial<ClusterPlan>;
  readonly action?: Partial<RouteAction>;
  readonly labels: Readonly<Record<string, Partial<Endpoint>>>;
}

/** Instances that answer with their names. */
async function serve(t: TestContext, { plan = {}, action = {}, labels }: Choice) {
  const endpoints = await Promise.all(
    Object.entries(labels).map(async ([id, more]) => {
      const port = await startService(t, (request, response) => {
        response.statusCode = request.url === "/fail" ? 500 : 200;
        response.end(id);
      });
      return endpointAt(port, { id, ...more });
    }),
  );
  const cluster = clusterPlan("a", { loadBalancer: "round-robin", ...plan });
  const proxy = await startProxy(t, planOf([edgeListener("a", action)], [cluster]), { a: endpoints });
  const answers = async (count: number, path = "/"): Promise<string[]> => {
    const bodies: string[] = [];
    for (let number = 0; number < count; number++) bodies.push((await ask(proxy.port(edge), { path })).body);
    return bodies;
  };
  return { proxy, endpoints, answers };
}

const outlier = { consecutiveFailures: 1, baseEjectionMs: 60_000, maxEjectionMs: 60_000 };
const subset = { tags: ["v2"], metadata: {}, fallback: "none" } as const;

function reasons(proxy: RunningProxy): string[] {
  const question = { listener: edge, method: "GET", target: "/", headers: {} };
  return explainRequest(proxy.dataPlane, question).endpoints.map(({ id, reason }) => `${id}: ${reason}`);
}

describe("a subset", () => {
  const labels = { one: {}, two: { tags: ["v2"] }, three: { tags: ["v2", "x"] } };

  it("of the service: only instances with its tags, in turn", async (t) => {
    const { proxy, answers } = await serve(t, { plan: { subset }, labels });
    assert.deepEqual((await answers(4)).sort(), ["three", "three", "two", "two"]);
    assert.match(reasons(proxy)[0] ?? "", /not in the subset/);
  });

  it("of an edge goes before that of the service", async (t) => {
    const own = { ...subset, tags: ["x"] };
    const { answers } = await serve(t, { plan: { subset }, action: { subset: own }, labels });
    assert.deepEqual(await answers(2), ["three", "three"]);
  });

  it("that is empty: none, or any", async (t) => {
    const nobody = { tags: [], metadata: { disk: "ssd" } };
    const { proxy } = await serve(t, { plan: { subset: { ...nobody, fallback: "none" } }, labels });
    const refused = await ask(proxy.port(edge));
    assert.equal(refused.status, 503);
    assert.match(refused.body, /NO_ENDPOINT.*in the subset/);
    const { answers } = await serve(t, { plan: { subset: { ...nobody, fallback: "any" } }, labels });
    assert.equal(new Set(await answers(6)).size, 3);
  });

  it("follows a change of the table", async (t) => {
    const { proxy, endpoints, answers } = await serve(t, { plan: { subset }, labels });
    const swapped = endpoints.map((endpoint) => ({ ...endpoint, tags: endpoint.id === "one" ? ["v2"] : [] }));
    proxy.dataPlane.applyEndpoints({ format: 1, version: 2, clusters: { a: swapped } });
    assert.deepEqual(await answers(2), ["one", "one"]);
  });
});

describe("a zone", () => {
  const labels = { one: {}, two: { metadata: { zone: "here" } }, far: { metadata: { zone: "there" } } };
  const zone = { zone: "here", minimumHealthy: 0.7 };

  it("goes first; when too much of it is out, all are used", async (t) => {
    const retry = { attempts: 0, statuses: [], backoffMs: 0 };
    const { proxy, answers } = await serve(t, { plan: { zone, outlier }, action: { retry }, labels });
    assert.deepEqual([...new Set(await answers(6))].sort(), ["one", "two"]);
    assert.match(reasons(proxy)[2] ?? "", /another zone/);
    await ask(proxy.port(edge), { path: "/fail" });
    const after = new Set(await answers(6));
    assert.ok(after.has("far"), [...after].join());
    assert.equal(after.size, 2);
  });
});

describe("an ejected endpoint", () => {
  it("comes back by a probe that began after its ejection, not by an earlier one", async (t) => {
    const { proxy, answers } = await serve(t, { plan: { outlier }, labels: { one: {}, two: {} } });
    const before = Date.now() - 1_000;
    const [failed = ""] = await answers(1, "/fail");
    await until(() => proxy.notices.some(({ type }) => type === "ejected"), "it is ejected");
    const passed = { cluster: "a", endpoint: failed, epoch: "1" };
    proxy.dataPlane.probePassed({ ...passed, begunAtEpochMs: before });
    assert.equal(new Set(await answers(4)).size, 1);
    proxy.dataPlane.probePassed({ ...passed, endpoint: "nobody", begunAtEpochMs: Date.now() + 1 });
    proxy.dataPlane.probePassed({ ...passed, begunAtEpochMs: Date.now() + 1 });
    assert.equal(new Set(await answers(4)).size, 2);
    const returned = proxy.notices.find(({ type }) => type === "returned");
    assert.match(returned && "reason" in returned ? returned.reason : "", /probe passed/);
  });
});

describe("the adaptive limit", () => {
  it("refuses beyond what it stands at, and says how it stands", async (t) => {
    const held: ServerResponse[] = [];
    const port = await startService(t, (_request, response) => held.push(response));
    const limits = { connections: 0, pending: 0, requests: 0, retries: 0, adaptive: { min: 1, max: 2, tolerance: 2 } };
    const plan = planOf([edgeListener("a", {})], [clusterPlan("a", { limits })]);
    const proxy = await startProxy(t, plan, { a: [endpointAt(port)] });
    const under = [ask(proxy.port(edge)), ask(proxy.port(edge))];
    await until(() => held.length === 2, "two are under way");
    const refused = await ask(proxy.port(edge));
    assert.equal(refused.status, 503);
    assert.match(refused.body, /ADAPTIVE_LIMIT/);
    assert.equal(refused.headers["retry-after"], "1");
    for (const response of held) response.end();
    await Promise.all(under);
    const question = { listener: edge, method: "GET", target: "/", headers: {} };
    const parts = explainRequest(proxy.dataPlane, question).policy?.parts ?? [];
    assert.match(parts.find(({ name }) => name === "limits")?.standing ?? "", /adapted to 2/);
    assert.ok(proxy.notices.some((notice) => notice.type === "policy" && notice.kind === "limit.reached"));
  });
});
