import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../base/fake-clock.js";
import type { WorkerNotice } from "../keeper/protocol.js";
import type { FaultPlan } from "../plan/proxy-plan.js";
import { DataPlane } from "./data-plane.js";
import {
  ask,
  clusterPlan,
  edgeListener,
  endpointAt,
  gatewayListener,
  planOf,
  startProxy,
  startService,
} from "./proxy-fixture.test.js";

const edge = "edge/caller/a";
const gateway = "gateway/main";
const later = (): number => Date.now() + 60_000;
const fault = (part: Partial<FaultPlan>): { readonly fault: FaultPlan } => ({
  fault: { delayMs: 0, delayShare: 1, abortStatus: 0, abortShare: 1, untilEpochMs: later(), ...part },
});

describe("injected faults", () => {
  it("answer instead of the service, on the edge that has them alone", async (test) => {
    let asked = 0;
    const port = await startService(test, (_request, response) => {
      asked++;
      response.end("ok");
    });
    const listeners = [edgeListener("a", fault({ abortStatus: 429 })), gatewayListener("a")];
    const proxy = await startProxy(test, planOf(listeners, [clusterPlan("a")]), { a: [endpointAt(port)] });
    const answer = await ask(proxy.port(edge), { method: "POST", body: "x" });
    assert.equal(answer.status, 429);
    assert.equal(JSON.parse(answer.body).code, "FAULT_INJECTED");
    assert.equal(JSON.parse(answer.body).status, 429);
    assert.equal((await ask(proxy.port(gateway))).body, "ok");
    assert.equal(asked, 1);
    assert.deepEqual(proxy.dataPlane.edges.toJSON().find(({ caller }) => caller === "caller")?.refused, {
      FAULT_INJECTED: 1,
    });
  });

  it("hold a request before it is sent, body and all", async (test) => {
    const port = await startService(test, (request, response) => request.pipe(response));
    const listeners = [edgeListener("a", fault({ delayMs: 80 }))];
    const proxy = await startProxy(test, planOf(listeners, [clusterPlan("a")]), { a: [endpointAt(port)] });
    const began = performance.now();
    const answer = await ask(proxy.port(edge), { method: "POST", body: "hello" });
    assert.equal(answer.body, "hello");
    assert.ok(performance.now() - began >= 80);
  });

  it("count against the time of the whole request", async (test) => {
    const port = await startService(test, (_request, response) => response.end("ok"));
    const listeners = [edgeListener("a", { ...fault({ delayMs: 10_000 }), requestTimeoutMs: 50 })];
    const proxy = await startProxy(test, planOf(listeners, [clusterPlan("a")]), { a: [endpointAt(port)] });
    const answer = await ask(proxy.port(edge));
    assert.equal(JSON.parse(answer.body).code, "UPSTREAM_TIMEOUT");
    assert.equal(proxy.dataPlane.cluster("a")?.admission.requests, 0);
  });

  it("are over at their time, whoever forgot them", async (test) => {
    const port = await startService(test, (_request, response) => response.end("ok"));
    const listeners = [edgeListener("a", fault({ abortStatus: 503, untilEpochMs: Date.now() - 1 }))];
    const proxy = await startProxy(test, planOf(listeners, [clusterPlan("a")]), { a: [endpointAt(port)] });
    assert.equal((await ask(proxy.port(edge))).status, 200);
    assert.deepEqual(proxy.notices, []);
  });

  it("are announced once, and so is their end, by time or by plan", () => {
    const clock = new FakeClock();
    const notices: WorkerNotice[] = [];
    const notify = (notice: WorkerNotice): void => void notices.push(notice);
    const dataPlane = new DataPlane({ clock, notify, onForget: () => {} });
    const injected = fault({ abortStatus: 503, untilEpochMs: clock.now() + 90_000_000 });
    const withFault = [edgeListener("a", injected)];
    dataPlane.applyPlan(planOf(withFault, [clusterPlan("a")], 1));
    dataPlane.applyPlan(planOf(withFault, [clusterPlan("a")], 2));
    clock.advance(90_000_000);
    dataPlane.applyPlan(
      planOf([edgeListener("a", fault({ delayMs: 5, untilEpochMs: clock.now() + 1_000 }))], [clusterPlan("a")], 3),
    );
    dataPlane.applyPlan(planOf([edgeListener("a")], [clusterPlan("a")], 4));
    dataPlane.close();
    assert.deepEqual(
      notices.map((notice) => (notice.type === "policy" ? `${notice.kind} ${notice.reason}` : "")),
      [
        "fault.injected calls of caller to a: 100 % are answered 503, until 2026-01-02T01:00:00.000Z",
        "fault.ended calls of caller to a: the injected fault ended: its time is over",
        "fault.injected calls of caller to a: 100 % of the requests wait 5 ms, until 2026-01-02T01:00:01.000Z",
        "fault.ended calls of caller to a: the injected fault ended: taken back",
      ],
    );
  });
});
