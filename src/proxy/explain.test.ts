// `explain` on the matches and filters of the Gateway API.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GatewayListenerPlan, RouteEntry } from "../plan/proxy-plan.js";
import { systemClock } from "../system/clock.js";
import { DataPlane } from "./data-plane.js";
import { explainRequest } from "./explain.js";
import { actionTo, clusterPlan, endpointAt, planOf } from "./proxy-fixture.test.js";

const listener = "gateway/main";

function explainWith(routes: readonly RouteEntry[], overrides: Partial<GatewayListenerPlan> = {}) {
  const dataPlane = new DataPlane({ clock: systemClock, notify: () => {}, onForget: () => {} });
  const plan = planOf(
    [{ kind: "gateway", name: listener, protocols: ["http1"], port: 80, routes, ...overrides }],
    [clusterPlan("users"), clusterPlan("copy")],
  );
  assert.equal(dataPlane.applyPlan(plan).type, "acknowledged");
  dataPlane.applyEndpoints({ format: 1, version: 1, clusters: { users: [endpointAt(1)] } });
  return (method: string, target: string, headers: Record<string, string> = {}) =>
    explainRequest(dataPlane, { listener, method, target, headers });
}

function entry(route: string, overrides: Partial<RouteEntry> = {}): RouteEntry {
  return {
    route,
    hostnames: [],
    path: { type: "PathPrefix", value: "/" },
    headers: [],
    queryParams: [],
    action: actionTo("users"),
    ...overrides,
  };
}

describe("explaining a request", () => {
  it("says why a regular expression did not match, and of which listener a route is", () => {
    const explain = explainWith(
      [
        entry("number", { rule: "n", section: "any", path: { type: "RegularExpression", value: "/[0-9]+" } }),
        entry("version", {
          section: "any",
          headers: [{ type: "RegularExpression", name: "X-Version", value: "2.*" }],
        }),
        entry("other", { section: "other" }),
        entry("rest", { section: "any" }),
      ],
      { sections: [{ name: "any" }, { name: "other", hostname: "other.example" }] },
    );
    const { routes } = explain("GET", "/x", { "X-Version": "1.0" });
    assert.deepEqual(
      routes.map(({ route, match, result, reason }) => `${route} | ${match} | ${result}: ${reason}`),
      [
        "number (n) | RegularExpression /[0-9]+ | lost: path /x does not match /[0-9]+",
        'version | PathPrefix / [X-Version ~ 2.*] | lost: header x-version is "1.0" and does not match "2.*"',
        "other | PathPrefix / | lost: host localhost is not of its listener other",
        "rest | PathPrefix / | chosen: the first that matches, in order of precedence",
      ],
    );
  });

  it("says why a route goes before another that matches, too, and who gets which share", () => {
    const path = (value: string) => ({ path: { type: "PathPrefix", value } as const });
    const backends = [
      { cluster: "users", weight: 3 },
      { cluster: "copy", weight: 1 },
    ];
    const explain = explainWith([
      entry("long", { ...path("/a/b"), action: { ...actionTo("users"), backends } }),
      entry("short", path("/a")),
    ]);
    const { routes, filters } = explain("GET", "/a/b/c");
    assert.equal(routes[1]?.reason, "long matches too and goes first: its path /a/b is longer than /a");
    assert.deepEqual(filters, ["by weight: 75 % to users, 25 % to copy"]);
  });

  it("says what filters do, those of the route before those of the backend", () => {
    const set = (value: string) => ({ set: [{ name: "x-a", value }], add: [], remove: ["x-b"] });
    const action = {
      ...actionTo("users"),
      filters: {
        rewrite: { hostname: "inner.example", path: { type: "ReplacePrefixMatch", value: "/v1" } },
        requestHeaders: set("route"),
        mirrors: [{ cluster: "copy", share: 0.125 }],
      },
      backends: [{ cluster: "users", weight: 1, filters: { responseHeaders: set("backend") } }],
    } as const;
    const explained = explainWith([entry("users", { action })])("GET", "/x");
    assert.equal(explained.outcome.kind, "forward");
    assert.deepEqual(explained.filters, [
      "Host becomes inner.example",
      "path: the prefix becomes /v1",
      "request headers: set x-a: route, remove x-b",
      "mirror 12.5 % to copy",
      "response headers: set x-a: backend, remove x-b",
    ]);
  });

  it("shows where a redirect leads, and that a preflight is answered here", () => {
    const cors = {
      allowOrigins: ["https://a.example"],
      allowMethods: ["GET"],
      allowHeaders: [],
      exposeHeaders: [],
      allowCredentials: true,
      maxAgeSeconds: 5,
    };
    const redirect = { scheme: "https", status: 301 } as const;
    const explain = explainWith([
      entry("cors", { path: { type: "PathPrefix", value: "/cors" }, action: actionTo("users", { filters: { cors } }) }),
      entry("old", { action: { ...actionTo("users"), backends: [], filters: { redirect } } }),
    ]);
    assert.deepEqual(explain("GET", "http://shop.example/x?y=1").outcome, {
      kind: "answer",
      route: "old",
      status: 301,
      reason: "redirected to https://shop.example/x?y=1",
    });
    const preflight = { Origin: "https://a.example", "Access-Control-Request-Method": "GET" };
    const answered = explain("OPTIONS", "/cors", preflight);
    assert.deepEqual(
      [answered.outcome.kind, answered.filters],
      ["answer", ["CORS for https://a.example, with credentials"]],
    );
    assert.equal(explain("GET", "/cors").outcome.kind, "forward");
  });

  it("gives the reason of a backend that cannot be used", () => {
    const backends = [{ cluster: "gone", weight: 1, unresolved: "BackendNotFound: there is no Service default/gone" }];
    const { outcome } = explainWith([entry("users", { action: { ...actionTo("users"), backends } })])("GET", "/");
    assert.deepEqual(outcome, {
      kind: "refuse",
      status: 500,
      code: "NO_BACKEND",
      reason: "route users: BackendNotFound: there is no Service default/gone",
    });
  });
});
