import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../base/fake-clock.js";
import type { WorkerNotice } from "../keeper/protocol.js";
import { DataPlane } from "./data-plane.js";
import type { EndpointState } from "./endpoint-state.js";
import { explainRequest } from "./explain.js";
import { validateEndpoints, validatePlan } from "./plan-validation.js";
import { actionTo, clusterPlan, edgeListener, endpointAt, gatewayListener, planOf } from "./proxy-fixture.test.js";

const plan = planOf([gatewayListener("a"), edgeListener("a")], [clusterPlan("a")]);
const one = endpointAt(1001);
const two = endpointAt(1002);
const refused = { type: "failure", kind: "connect", refused: true } as const;
const failed = { type: "failure", kind: "status", refused: false } as const;

function create(endpoints = [one, two]) {
  const clock = new FakeClock();
  const notices: WorkerNotice[] = [];
  const forgotten: string[] = [];
  const dataPlane = new DataPlane({
    clock,
    notify: (notice) => notices.push(notice),
    onForget: (endpoint) => forgotten.push(endpoint.endpoint.id),
  });
  assert.equal(dataPlane.applyPlan(plan).type, "acknowledged");
  assert.equal(dataPlane.applyEndpoints({ format: 1, version: 1, clusters: { a: endpoints } }).type, "acknowledged");
  const cluster = dataPlane.cluster("a");
  assert.ok(cluster);
  const find = (id: string): EndpointState => {
    const state = cluster.find(id, "1");
    assert.ok(state);
    return state;
  };
  const usable = (): string[] => cluster.pickable.map((state) => state.endpoint.id);
  return { clock, notices, forgotten, dataPlane, cluster, find, usable };
}

it("a large table is taken over in one step, after many in which nothing has changed", () => {
  const { dataPlane, usable } = create();
  const many = Array.from({ length: 10_000 }, (_, index) => endpointAt(2_000 + index));
  const steps = dataPlane.stepsToApplyEndpoints({ format: 1, version: 2, clusters: { a: [one, ...many] } });
  let turns = 0;
  for (let step = steps.next(); !step.done; step = steps.next()) {
    turns++;
    assert.deepEqual(usable(), [one.id, two.id]);
    assert.equal(dataPlane.endpointsVersion, 1);
  }
  assert.ok(turns >= 8, `${turns} turns`);
  assert.equal(dataPlane.endpointsVersion, 2);
  assert.equal(usable().length, 10_001);
});

describe("a plan", () => {
  it("is acknowledged, acknowledged again, and refused when it is older", () => {
    const { dataPlane } = create();
    assert.equal(dataPlane.applyPlan({ ...plan, version: 7 }).type, "acknowledged");
    assert.equal(dataPlane.applyPlan({ ...plan, version: 7 }).type, "acknowledged");
    const answer = dataPlane.applyPlan({ ...plan, version: 6 });
    assert.deepEqual(answer, {
      type: "refused",
      planVersion: 7,
      endpointsVersion: 1,
      problems: ["version: 6 is older than 7, which runs"],
    });
  });

  it("that is wrong changes nothing, and every problem is named", () => {
    const { dataPlane } = create();
    const gateway = gatewayListener("a");
    assert.ok(gateway.kind === "gateway");
    const broken = {
      ...plan,
      version: 2,
      listeners: [
        edgeListener("nobody"),
        edgeListener("nobody"),
        { ...gateway, routes: gateway.routes.map((route) => ({ ...route, path: { type: "Regex", value: "x" } })) },
        { name: "", kind: "tcp", protocols: ["quic"] },
      ],
    };
    const answer = dataPlane.applyPlan(broken);
    assert.equal(answer.type, "refused");
    assert.deepEqual(answer.type === "refused" ? answer.problems : [], [
      'listeners[0].action.backends[0].cluster: "nobody" is no cluster of this plan',
      'listeners[1].name: "edge/caller/nobody" is used twice',
      'listeners[1].action.backends[0].cluster: "nobody" is no cluster of this plan',
      "listeners[2].routes[0].path.type: must be one of Exact, PathPrefix, RegularExpression",
      "listeners[2].routes[0].path.value: must begin with /",
      "listeners[3].name: must be a string that is not empty",
      "listeners[3].protocols[0]: must be one of http1",
      "listeners[3].kind: must be gateway, edge or egress",
    ]);
    assert.equal(dataPlane.planVersion, 1);
    assert.deepEqual(dataPlane.listenerNames, ["gateway/main", "edge/caller/a"]);
  });

  it("and an endpoint table are refused, never thrown at, whatever they are", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(validatePlan(value).ok, false);
        assert.equal(validateEndpoints(value).ok, false);
      }),
    );
    const nearly = {
      format: 1,
      version: 1,
      clusters: { a: [null, { ...one, port: 0 }, one, one, { ...one, weight: -1 }] },
    };
    const checked = validateEndpoints(nearly);
    assert.deepEqual(checked.ok ? [] : checked.problems, [
      "clusters.a[0]: must be an object",
      "clusters.a[1].port: must be a port",
      "clusters.a[3]: one-1001@1 is listed twice",
      "clusters.a[4].weight: must be a number, 0 or more",
    ]);
  });

  it("with ten thousand endpoints is taken whole", () => {
    const { dataPlane, cluster } = create();
    const many = Array.from({ length: 10_000 }, (_, index) => endpointAt(1, { id: `i-${index}` }));
    dataPlane.applyEndpoints({ format: 1, version: 2, clusters: { a: many } });
    assert.ok(many.every(({ id, epoch }) => cluster.find(id, epoch) !== undefined));
  });
});

describe("what is known of an endpoint", () => {
  it("outlives changes of table and plan, but not its own life", () => {
    const { dataPlane, find, cluster } = create();
    find(one.id).begin();
    dataPlane.applyPlan({ ...plan, version: 2 });
    dataPlane.applyEndpoints({ format: 1, version: 2, clusters: { a: [two, { ...one, weight: 3 }] } });
    assert.equal(find(one.id).inFlight, 1);
    assert.equal(find(one.id).weight, 3);
    dataPlane.applyEndpoints({ format: 1, version: 3, clusters: { a: [{ ...one, epoch: "2" }] } });
    assert.equal(cluster.find(one.id, "2")?.inFlight, 0);
    assert.equal(find(one.id).inFlight, 1, "the earlier life ends with its last request");
    find(one.id).end();
    assert.equal(cluster.find(one.id, "1"), undefined);
  });

  it("is told to whoever waits for its last request, or at the limit", async () => {
    const { dataPlane, clock, find } = create();
    find(one.id).begin();
    const late = dataPlane.awaitDrained(one.id, one.epoch, 100);
    const inTime = dataPlane.awaitDrained(one.id, one.epoch, 1_000);
    clock.advance(100);
    assert.equal(await late, 1);
    find(one.id).end();
    assert.equal(await inTime, 0);
    assert.equal(await dataPlane.awaitDrained("unknown", "1", 100), 0);
  });

  it("is forgotten with its connections when it leaves the table", () => {
    const { dataPlane, forgotten } = create();
    dataPlane.applyEndpoints({ format: 1, version: 2, clusters: { a: [two] } });
    assert.deepEqual(forgotten, [one.id]);
  });
});

describe("an ejected endpoint", () => {
  it("is left out, comes back by itself, and both is said with the reason", () => {
    const { clock, cluster, find, usable, notices } = create();
    cluster.report(find(one.id), refused);
    assert.deepEqual(usable(), [two.id]);
    clock.advance(999);
    assert.deepEqual(usable(), [two.id]);
    clock.advance(1);
    assert.deepEqual(usable(), [one.id, two.id]);
    assert.deepEqual(
      notices.map((notice) => `${notice.type} ${notice.type === "policy" ? "" : notice.endpoint} ${notice.reason}`),
      [
        `ejected ${one.id} connection refused: nothing listens on its port`,
        `returned ${one.id} its ejection of 1000 ms is over`,
      ],
    );
  });

  it("is used all the same when no other is left", () => {
    const { dataPlane, cluster, find, usable } = create();
    cluster.report(find(one.id), refused);
    cluster.report(find(two.id), refused);
    assert.deepEqual(usable(), [two.id], "the last is never ejected");
    dataPlane.applyEndpoints({ format: 1, version: 2, clusters: { a: [one, { ...two, state: "draining" }] } });
    assert.deepEqual(usable(), [one.id]);
  });

  it("returns at once when ejection is switched off", () => {
    const { dataPlane, cluster, find, usable, clock } = create();
    for (let count = 0; count < 5; count++) cluster.report(find(one.id), failed);
    assert.deepEqual(usable(), [two.id]);
    const { outlier: _without, ...mild } = clusterPlan("a");
    dataPlane.applyPlan({ ...planOf(plan.listeners, [mild]), version: 2 });
    assert.deepEqual(usable(), [one.id, two.id]);
    assert.equal(clock.pendingTimers, 0);
  });

  it("keeps its ejection through a new plan and table", () => {
    const { dataPlane, cluster, find, usable } = create();
    cluster.report(find(one.id), refused);
    dataPlane.applyPlan({ ...plan, version: 2 });
    dataPlane.applyEndpoints({ format: 1, version: 2, clusters: { a: [one, two] } });
    assert.deepEqual(usable(), [two.id]);
  });
});

describe("explaining a request", () => {
  const question = { listener: "gateway/main", method: "GET", target: "/users/7", headers: {} };

  it("shows the route, those that lost, and the standing of each endpoint", () => {
    const { dataPlane, cluster, find } = create();
    const base = gatewayListener("a");
    assert.ok(base.kind === "gateway");
    const [route] = base.routes;
    assert.ok(route);
    const routes = [
      { ...route, route: "admin", path: { type: "PathPrefix" as const, value: "/admin" } },
      {
        ...route,
        route: "users",
        path: { type: "PathPrefix" as const, value: "/users" },
        origin: { path: "services.users", line: 4 },
      },
      { ...route, route: "rest" },
    ];
    dataPlane.applyPlan({ ...plan, version: 2, listeners: [{ ...base, routes }] });
    cluster.report(find(two.id), refused);
    const explained = explainRequest(dataPlane, question);
    assert.deepEqual(explained.outcome, { kind: "forward", route: "users", cluster: "a" });
    assert.deepEqual(
      explained.routes.map(({ route: name, result, reason }) => `${name} ${result}: ${reason}`),
      [
        "admin lost: path /users/7 is not under /admin",
        "users chosen: the first that matches, in order of precedence",
        "rest shadowed: users matches too and goes first: its path /users is longer than /",
      ],
    );
    assert.deepEqual(explained.routes[1]?.origin, { path: "services.users", line: 4 });
    assert.deepEqual(
      explained.endpoints.map(({ usable, reason }) => `${usable} ${reason.slice(0, 14)}`),
      ["true ready", "false ejected until "],
    );
    assert.equal(explained.policy?.retryAttempts, actionTo("a").retry.attempts);
  });

  it("shows the refusal in the same words as the answer", () => {
    const { dataPlane } = create([]);
    const outcomes = [
      explainRequest(dataPlane, { ...question, listener: "edge/caller/a" }),
      explainRequest(dataPlane, { ...question, listener: "nowhere" }),
      explainRequest(dataPlane, { ...question, target: "nonsense" }),
    ].map(({ outcome }) => (outcome.kind === "refuse" ? outcome.code : outcome.kind));
    assert.deepEqual(outcomes, ["NO_ENDPOINT", "NOT_CONFIGURED", "TARGET_INVALID"]);
  });
});
