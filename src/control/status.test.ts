import assert from "node:assert/strict";
import { test } from "node:test";
import { appSpec, serviceSpec } from "../../test/doubles/control-plane.js";
import { instanceView, startingView } from "../../test/doubles/orchestrator.js";
import type { ListenerPlan, ProxyPlan, RouteAction, RouteEntry } from "../plan/proxy-plan.js";
import {
  type BoundListener,
  describeMatch,
  toGatewayUrls,
  toRouteStatuses,
  toServiceStatuses,
  toUrl,
} from "./status.js";

const bound = (name: string, port: number, host = "127.0.0.1"): [string, BoundListener] => [
  name,
  { host, result: { name, ok: true, port } },
];

const failed = (name: string): [string, BoundListener] => [
  name,
  { host: "127.0.0.1", result: { name, ok: false, code: "EADDRINUSE", message: "taken" } },
];

const to = (...clusters: readonly string[]): RouteAction => ({
  backends: clusters.map((cluster) => ({ cluster, weight: 1 })),
  requestTimeoutMs: 0,
  attemptTimeoutMs: 0,
  retry: { attempts: 0, statuses: [], backoffMs: 0 },
});

const route: RouteEntry = {
  route: "users",
  hostnames: ["shop.local"],
  path: { type: "PathPrefix", value: "/users" },
  method: "GET",
  headers: [{ name: "x-canary", value: "1" }],
  queryParams: [{ name: "beta", value: "on" }],
  action: to("users"),
  origin: { path: "gateway.routes.users", file: "tusk.yaml", line: 3 },
};

function plan(...listeners: readonly ListenerPlan[]): ProxyPlan {
  return { format: 1, version: 1, app: "shop", listeners, clusters: {} };
}

test("services are in the spec's order, instances in that of their slots, leftovers last", () => {
  const views = [instanceView("users-10"), instanceView("users-2"), instanceView("gone-1"), startingView("users-1")];
  const [users, orders, gone] = toServiceStatuses(
    appSpec([serviceSpec("users", { replicas: 3 }), serviceSpec("orders")]),
    views,
  );
  assert.deepEqual(
    users?.instances.map(({ id }) => id),
    ["users-1", "users-2", "users-10"],
  );
  assert.deepEqual([users?.replicas, users?.ready, users?.revision], [3, 2, 1]);
  assert.deepEqual([orders?.name, orders?.instances, orders?.revision], ["orders", [], 0]);
  assert.deepEqual([gone?.name, gone?.replicas, gone?.ready], ["gone", 0, 1]);
});

test("an instance without a process has no pid", () => {
  const [users] = toServiceStatuses(appSpec([serviceSpec("users")]), [instanceView("users-1", { process: null })]);
  assert.equal(users?.instances[0]?.pid, null);
});

test("an address that stands for all is shown as one that can be opened", () => {
  assert.equal(toUrl("127.0.0.1", 80), "http://127.0.0.1:80");
  assert.equal(toUrl("0.0.0.0", 80), "http://127.0.0.1:80");
  assert.equal(toUrl("::", 80), "http://[::1]:80");
  assert.equal(toUrl("fe80::1", 80), "http://[fe80::1]:80");
});

test("gateway URLs are those of listeners that listen, with the port that was taken", () => {
  const listeners = [
    { name: "any", host: "0.0.0.0", port: 0 },
    { name: "taken", host: "127.0.0.1", port: 80 },
  ];
  const urls = toGatewayUrls(
    listeners,
    new Map([bound("gateway/any", 41_000, "0.0.0.0"), failed("gateway/127.0.0.1:80")]),
  );
  assert.deepEqual(urls, [{ url: "http://127.0.0.1:41000", listener: "any" }]);
});

test("a route of the gateway: match, place, backends with how many are ready", () => {
  const listener: ListenerPlan = { kind: "gateway", name: "gateway/a", protocols: ["http1"], routes: [route] };
  const [status] = toRouteStatuses(plan(listener), new Map([bound("gateway/a", 8080)]), () => 2);
  assert.deepEqual(status, {
    listener: "gateway/a",
    url: "http://127.0.0.1:8080",
    name: "users",
    kind: "gateway",
    hostnames: ["shop.local"],
    match: "GET PathPrefix /users [x-canary: 1] [?beta=on]",
    backends: [{ service: "users", weight: 1, ready: 2 }],
    origin: route.origin,
  });
});

test("edges and forward proxies are routes too; one that does not listen says so", () => {
  const edge: ListenerPlan = {
    kind: "edge",
    name: "edge/orders/users",
    protocols: ["http1"],
    caller: "orders",
    callee: "users",
    action: to("users"),
  };
  const egress: ListenerPlan = {
    kind: "egress",
    name: "egress/orders",
    protocols: ["http1"],
    caller: "orders",
    allowed: { users: to("users"), mail: to("mail") },
    known: ["users", "mail"],
  };
  const statuses = toRouteStatuses(plan(edge, egress), new Map([failed("edge/orders/users")]), () => 0);
  assert.deepEqual(
    statuses.map(({ kind, name, url, match, backends }) => [kind, name, url, match, backends.length]),
    [
      ["edge", "orders -> users", "not listening", "any", 1],
      ["egress", "orders -> *", "not listening", "by host", 2],
    ],
  );
});

test("a match without a method is any method", () => {
  const { method: _, ...any } = route;
  assert.equal(describeMatch({ ...any, headers: [], queryParams: [] }), "* PathPrefix /users");
});
