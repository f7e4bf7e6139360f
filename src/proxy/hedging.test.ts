import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import type { Endpoint, RouteAction } from "../plan/proxy-plan.js";
import {
  ask,
  clusterPlan,
  edgeListener,
  endpointAt,
  planOf,
  type RunningProxy,
  startProxy,
  startRawService,
  startService,
  until,
} from "./proxy-fixture.test.js";

const edge = "edge/caller/a";
const hedge = { afterMs: 20 };

function start(
  test: TestContext,
  endpoints: readonly Endpoint[],
  action: Partial<RouteAction> = {},
): Promise<RunningProxy> {
  const plan = planOf([edgeListener("a", { hedge, ...action })], [clusterPlan("a", { loadBalancer: "first" })]);
  return startProxy(test, plan, { a: endpoints });
}

const inFlight = (proxy: RunningProxy): number =>
  proxy.dataPlane.endpointStats().reduce((sum, endpoint) => sum + endpoint.inFlight, 0);

describe("hedging", () => {
  it("takes the answer of the second when the first is slow, and lets go of the first", async (test) => {
    const held: ServerResponse[] = [];
    let left = 0;
    const slow = await startService(test, (request, response) => {
      held.push(response);
      request.on("close", () => left++);
    });
    const fast = await startService(test, (_request, response) => response.end("fast"));
    const proxy = await start(test, [endpointAt(slow), endpointAt(fast)]);
    assert.equal((await ask(proxy.port(edge))).body, "fast");
    await until(() => left === 1, "the slow one is let go");
    assert.equal(held.length, 1);
    assert.equal(inFlight(proxy), 0);
    assert.equal(proxy.dataPlane.cluster("a")?.admission.retries, 0);
    assert.equal(proxy.dataPlane.edges.toJSON()[0]?.retries, 1);
  });

  it("asks one alone when that answers in time", async (test) => {
    let asked = 0;
    const first = await startService(test, (_request, response) => response.end("first"));
    const second = await startService(test, (_request, response) => {
      asked++;
      response.end();
    });
    const proxy = await start(test, [endpointAt(first), endpointAt(second)], { hedge: { afterMs: 5_000 } });
    assert.equal((await ask(proxy.port(edge))).body, "first");
    assert.equal(asked, 0);
    assert.equal(inFlight(proxy), 0);
  });

  it("never sends a POST twice", async (test) => {
    let asked = 0;
    const held: ServerResponse[] = [];
    const slow = await startService(test, (_request, response) => held.push(response));
    const other = await startService(test, (_request, response) => {
      asked++;
      response.end();
    });
    const proxy = await start(test, [endpointAt(slow), endpointAt(other)], { requestTimeoutMs: 150 });
    assert.equal((await ask(proxy.port(edge), { method: "POST", body: "pay" })).status, 504);
    assert.equal(asked, 0);
  });

  it("waits for the first when the second fails, and fails when both do", async (test) => {
    const held: ServerResponse[] = [];
    const slow = await startService(test, (_request, response) => held.push(response));
    let broken = 0;
    const breaking = await startRawService(test, (socket) => {
      socket.once("data", () => {
        broken++;
        socket.destroy();
      });
    });
    const off = { retry: { attempts: 0, statuses: [], backoffMs: 0 } };
    const proxy = await start(test, [endpointAt(slow), endpointAt(breaking)], off);
    const answer = ask(proxy.port(edge));
    await until(() => broken === 1, "the second breaks");
    held[0]?.end("first");
    assert.equal((await answer).body, "first");
    const failing = ask(proxy.port(edge));
    await until(() => broken === 2 && held.length === 2, "the second breaks again");
    held[1]?.destroy();
    assert.equal((await failing).status, 502);
    assert.equal(inFlight(proxy), 0);
  });

  it("ends both when the client leaves or the time is over", async (test) => {
    const held: ServerResponse[] = [];
    const ports = await Promise.all([1, 2].map(() => startService(test, (_request, response) => held.push(response))));
    const proxy = await start(
      test,
      ports.map((port) => endpointAt(port)),
      { requestTimeoutMs: 150 },
    );
    assert.equal((await ask(proxy.port(edge))).status, 504);
    assert.equal(held.length, 2);
    await until(() => inFlight(proxy) === 0, "nothing is in flight");
  });
});
