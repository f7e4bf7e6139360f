import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import type { ClusterPlan, LimitsPlan } from "../plan/proxy-plan.js";
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
const unlimited: LimitsPlan = { connections: 0, pending: 0, requests: 0, retries: 0 };
const noRetry = { retry: { attempts: 0, statuses: [], backoffMs: 0 } };

/** A service that answers when it is told to. */
async function startHeld(
  test: TestContext,
  plan: Partial<ClusterPlan>,
  timeoutMs = 5_000,
): Promise<{ proxy: RunningProxy; held: ServerResponse[] }> {
  const held: ServerResponse[] = [];
  const port = await startService(test, (_request, response) => held.push(response));
  const listener = edgeListener("a", { ...noRetry, requestTimeoutMs: timeoutMs });
  const proxy = await startProxy(test, planOf([listener], [clusterPlan("a", plan)]), { a: [endpointAt(port)] });
  return { proxy, held };
}

const codeOf = (body: string): string => JSON.parse(body).code;

describe("limits of a service", () => {
  it("keeps to its connections: the next waits, the one after that is refused, and the waiting one gets its turn", async (test) => {
    const { proxy, held } = await startHeld(test, { limits: { ...unlimited, connections: 1, pending: 1 } });
    const cluster = proxy.dataPlane.cluster("a");
    const first = ask(proxy.port(edge));
    await until(() => held.length === 1, "the first arrives");
    const second = ask(proxy.port(edge));
    await until(() => cluster?.waiting === 1, "the second waits");
    const third = await ask(proxy.port(edge));
    assert.equal(third.status, 503);
    assert.equal(codeOf(third.body), "PENDING_LIMIT");
    assert.equal(third.headers["retry-after"], "1");
    assert.equal(held.length, 1);
    held[0]?.end("one");
    assert.equal((await first).body, "one");
    await until(() => held.length === 2, "the second arrives");
    held[1]?.end("two");
    assert.equal((await second).body, "two");
    const kinds = proxy.notices.flatMap((notice) => (notice.type === "policy" ? [notice.kind] : []));
    assert.deepEqual(kinds, ["limit.reached"]);
    assert.equal(cluster?.admission.requests, 0);
  });

  it("fills every instance before anything waits", async (test) => {
    const held: ServerResponse[] = [];
    const ports = await Promise.all(
      [1, 2, 3].map(() => startService(test, (_request, response) => held.push(response))),
    );
    const plan = clusterPlan("a", { limits: { ...unlimited, connections: 1, pending: 1 } });
    const endpoints = { a: ports.map((port) => endpointAt(port)) };
    const proxy = await startProxy(test, planOf([edgeListener("a", noRetry)], [plan]), endpoints);
    const answers = [1, 2, 3].map(() => ask(proxy.port(edge)));
    await until(() => held.length === 3, "each instance has one");
    for (const response of held) response.end();
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [200, 200, 200],
    );
  });

  it("refuses above the requests in flight, and takes the next when one has ended", async (test) => {
    const { proxy, held } = await startHeld(test, { limits: { ...unlimited, requests: 1 } });
    const first = ask(proxy.port(edge));
    await until(() => held.length === 1, "the first arrives");
    const refused = await ask(proxy.port(edge));
    assert.equal(codeOf(refused.body), "REQUEST_LIMIT");
    held[0]?.end();
    await first;
    const next = ask(proxy.port(edge));
    await until(() => held.length === 2, "the next arrives");
    held[1]?.end();
    assert.equal((await next).status, 200);
  });

  it("forgets a waiting request whose client left, and one whose time is over", async (test) => {
    const { proxy, held } = await startHeld(test, { limits: { ...unlimited, connections: 1, pending: 5 } }, 100);
    const cluster = proxy.dataPlane.cluster("a");
    const first = ask(proxy.port(edge));
    await until(() => held.length === 1, "the first arrives");
    const second = await ask(proxy.port(edge));
    assert.equal(codeOf(second.body), "UPSTREAM_TIMEOUT");
    assert.match(second.body, /(had room|did not answer) within 100 ms/);
    await first;
    await until(() => cluster?.waiting === 0 && cluster.admission.requests === 0, "nothing is counted any more");
  });

  it("answers the waiting ones when the last instance goes", async (test) => {
    const { proxy, held } = await startHeld(test, { limits: { ...unlimited, connections: 1, pending: 5 } });
    void ask(proxy.port(edge)).catch(() => {});
    await until(() => held.length === 1, "the first arrives");
    const second = ask(proxy.port(edge));
    await until(() => proxy.dataPlane.cluster("a")?.waiting === 1, "the second waits");
    proxy.dataPlane.applyEndpoints({ format: 1, version: 2, clusters: {} });
    assert.equal(codeOf((await second).body), "NO_ENDPOINT");
    held[0]?.end();
  });

  it("lets as many requests into a further attempt as the limit says", async (test) => {
    const port = await startService(test, (_request, response) => response.writeHead(503).end());
    const held: ServerResponse[] = [];
    const slow = await startService(test, (_request, response) => held.push(response));
    const retry = { attempts: 1, statuses: [503], backoffMs: 0 };
    const plan = clusterPlan("a", { limits: { ...unlimited, retries: 1 }, loadBalancer: "first" });
    const endpoints = { a: [endpointAt(port), endpointAt(slow)] };
    const proxy = await startProxy(test, planOf([edgeListener("a", { retry })], [plan]), endpoints);
    const first = ask(proxy.port(edge));
    await until(() => held.length === 1, "the first is tried again");
    assert.equal((await ask(proxy.port(edge))).status, 503);
    held[0]?.end();
    assert.equal((await first).status, 200);
    assert.equal(proxy.dataPlane.cluster("a")?.admission.retries, 0);
    assert.equal(proxy.dataPlane.edges.toJSON()[0]?.retriesDenied, 1);
  });
});

describe("circuit breaker of a service", () => {
  const breaker = {
    failureRatio: 0.5,
    minimumRequests: 4,
    windowMs: 10_000,
    openMs: 50,
    maxOpenMs: 1_000,
    rampMs: 0,
  };

  it("opens, answers for the service, and closes when that has recovered", async (test) => {
    let status = 500;
    let asked = 0;
    const port = await startService(test, (_request, response) => {
      asked++;
      response.writeHead(status).end();
    });
    const plan = planOf([edgeListener("a", noRetry)], [clusterPlan("a", { breaker })]);
    const proxy = await startProxy(test, plan, { a: [endpointAt(port)] });
    for (let count = 0; count < 4; count++) assert.equal((await ask(proxy.port(edge))).status, 500);
    const refused = await ask(proxy.port(edge));
    assert.equal(codeOf(refused.body), "BREAKER_OPEN");
    assert.equal(refused.headers["retry-after"], "1");
    assert.equal(asked, 4);
    status = 200;
    let last = refused.status;
    const deadline = performance.now() + 2_000;
    while (last === 503 && performance.now() < deadline) last = (await ask(proxy.port(edge))).status;
    assert.equal(last, 200);
    const kinds = proxy.notices.flatMap((notice) => (notice.type === "policy" ? [notice.kind] : []));
    assert.deepEqual(kinds, ["breaker.opened", "breaker.recovering", "breaker.closed"]);
  });

  it("closes when a plan switches it off", async (test) => {
    const port = await startService(test, (_request, response) => response.writeHead(500).end());
    const listeners = [edgeListener("a", noRetry)];
    const proxy = await startProxy(
      test,
      planOf(listeners, [clusterPlan("a", { breaker: { ...breaker, openMs: 60_000 } })]),
      {
        a: [endpointAt(port)],
      },
    );
    for (let count = 0; count < 4; count++) await ask(proxy.port(edge));
    assert.equal((await ask(proxy.port(edge))).status, 503);
    proxy.dataPlane.applyPlan(planOf(listeners, [clusterPlan("a")], 2));
    assert.equal((await ask(proxy.port(edge))).status, 500);
  });
});
