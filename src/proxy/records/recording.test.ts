// What is recorded of requests that go through a whole proxy.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ask,
  clusterPlan,
  endpointAt,
  gatewayListener,
  planOf,
  startProxy,
  startRawService,
  startService,
} from "../proxy-fixture.test.js";

describe("recorded requests", () => {
  it("an answered request: route, endpoint, times, bytes", async (t) => {
    const service = await startService(t, (_request, response) => response.end("hello"));
    const plan = planOf([gatewayListener("users")], [clusterPlan("users")]);
    const proxy = await startProxy(t, plan, { users: [endpointAt(service, { id: "users-1" })] });
    const headers = { "x-request-id": "mine" };
    const answer = await ask(proxy.port("gateway/main"), { path: "/a?secret=1", headers, method: "POST", body: "abc" });
    assert.equal(answer.status, 200);
    const id = String(answer.headers["x-request-id"]);
    const [record, ...others] = proxy.recorder.find(id);
    assert.deepEqual(others, []);
    assert.ok(record);
    assert.deepEqual(
      [record.method, record.path, record.status, record.caller, record.callee, record.refusal],
      ["POST", "/a", 200, "gateway", "users", null],
    );
    assert.deepEqual(record.attempts, [{ endpoint: "users-1", outcome: "answered 200" }]);
    assert.deepEqual([record.requestBytes, record.responseBytes], [3, 5]);
    assert.ok(record.firstByteMs !== null && record.firstByteMs > 0 && record.firstByteMs <= record.durationMs);
    assert.deepEqual(
      proxy.recorder.find(record.traceId).map(({ requestId }) => requestId),
      [id],
    );
  });

  it("a retry: both attempts, and the one that failed says why", async (t) => {
    const service = await startService(t, (_request, response) => response.end("hello"));
    const breaking = await startRawService(t, (socket) => socket.once("data", () => socket.resetAndDestroy()));
    const listener = gatewayListener("users", { retry: { attempts: 1, statuses: [], backoffMs: 1 } });
    const plan = planOf([listener], [{ ...clusterPlan("users"), loadBalancer: "first" }]);
    const endpoints = [endpointAt(breaking, { id: "users-1" }), endpointAt(service, { id: "users-2" })];
    const proxy = await startProxy(t, plan, { users: endpoints });
    const answer = await ask(proxy.port("gateway/main"));
    const [record] = proxy.recorder.find(String(answer.headers["x-request-id"]));
    assert.deepEqual(
      record?.attempts.map(({ endpoint }) => endpoint),
      ["users-1", "users-2"],
    );
    assert.match(record?.attempts[0]?.outcome ?? "", /connection|reset/i);
  });

  it("a refusal: its code and reason, found by the id in its body", async (t) => {
    const plan = planOf([gatewayListener("users")], [clusterPlan("users")]);
    const proxy = await startProxy(t, plan, { users: [] });
    const answer = await ask(proxy.port("gateway/main"));
    assert.equal(answer.status, 503);
    const { requestId } = JSON.parse(answer.body) as { requestId: string };
    const [record] = proxy.recorder.find(requestId);
    assert.equal(record?.refusal?.code, "NO_ENDPOINT");
    assert.equal(record?.status, 503);
    assert.deepEqual(record?.attempts, []);
  });

  it("what is no request for a service: an id of our own", async (t) => {
    const plan = planOf([gatewayListener("users")], [clusterPlan("users")]);
    const proxy = await startProxy(t, plan, { users: [] });
    const answer = await ask(proxy.port("gateway/main"), { headers: { host: "not a host" } });
    const { requestId } = JSON.parse(answer.body) as { requestId: string };
    assert.equal(proxy.recorder.find(requestId)[0]?.refusal?.code, "HOST_INVALID");
  });
});
