import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GatewayListenerPlan, RouteEntry } from "../plan/proxy-plan.js";
import { actionTo } from "./proxy-fixture.test.js";
import { readRequestHead } from "./request-head.js";
import { describeMatch, firstMismatch, matchesHostname, prepareEntry } from "./route-match.js";
import { createRouter, routeRequest } from "./routing.js";

function headOf(method: string, target: string, headers: readonly string[] = ["Host", "shop.example"]) {
  const read = readRequestHead(method, target, headers);
  if (!read.ok) throw new Error(read.refusal.detail);
  return read.head;
}

function entry(route: string, overrides: Partial<RouteEntry> = {}): RouteEntry {
  return {
    route,
    hostnames: [],
    path: { type: "PathPrefix", value: "/" },
    headers: [],
    queryParams: [],
    action: actionTo(route),
    ...overrides,
  };
}

describe("matching a route", () => {
  const cases: { name: string; match: Partial<RouteEntry>; target: string; mismatch: string | null }[] = [
    { name: "a prefix itself", match: prefix("/users"), target: "/users", mismatch: null },
    { name: "a prefix with a query", match: prefix("/users"), target: "/users?x", mismatch: null },
    { name: "below a prefix", match: prefix("/users"), target: "/users/7/x", mismatch: null },
    { name: "below a prefix that ends with a slash", match: prefix("/users/"), target: "/users", mismatch: null },
    { name: "not a prefix by letters alone", match: prefix("/users"), target: "/userstore", mismatch: "path" },
    { name: "the root prefix matches all", match: prefix("/"), target: "/x/y", mismatch: null },
    { name: "exact", match: exact("/users"), target: "/users", mismatch: null },
    { name: "exact is not below", match: exact("/users"), target: "/users/", mismatch: "path" },
    { name: "method", match: { method: "POST" }, target: "/", mismatch: "method" },
    { name: "host", match: { hostnames: ["other.example"] }, target: "/", mismatch: "hostname" },
    { name: "wildcard host", match: { hostnames: ["no.example", "*.example"] }, target: "/", mismatch: null },
    { name: "header", match: { headers: [{ name: "X-Canary", value: "1" }] }, target: "/", mismatch: null },
    { name: "header value", match: { headers: [{ name: "x-canary", value: "2" }] }, target: "/", mismatch: "header" },
    { name: "query", match: { queryParams: [{ name: "v", value: "2" }] }, target: "/?v=2&w", mismatch: null },
    { name: "query value", match: { queryParams: [{ name: "v", value: "2" }] }, target: "/?v=3", mismatch: "query" },
    {
      name: "encoded query",
      match: { queryParams: [{ name: "v", value: "a b" }] },
      target: "/?v=a%20b",
      mismatch: null,
    },
  ];
  for (const { name, match, target, mismatch } of cases) {
    it(`${name}: ${mismatch ?? "matches"}`, () => {
      const head = headOf("GET", target, ["Host", "shop.example", "x-canary", "1"]);
      assert.equal(firstMismatch(prepareEntry(entry("a", match)), head), mismatch);
    });
  }

  it("takes a wildcard for every name below, not for the name itself", () => {
    assert.equal(matchesHostname("*.example.com", "a.example.com"), true);
    assert.equal(matchesHostname("*.example.com", "a.b.example.com"), true);
    assert.equal(matchesHostname("*.example.com", "example.com"), false);
    assert.equal(matchesHostname("*.example.com", ".example.com"), false);
    assert.equal(matchesHostname("*.example.com", "badexample.com"), false);
    assert.equal(matchesHostname("Shop.Example", "shop.example"), true);
  });

  it("is described for people", () => {
    const shown = describeMatch(
      entry("a", {
        method: "GET",
        path: { type: "Exact", value: "/x" },
        hostnames: ["h"],
        headers: [{ name: "x", value: "1" }],
        queryParams: [{ name: "q", value: "2" }],
      }),
    );
    assert.equal(shown, "GET Exact /x on h [x: 1] [?q=2]");
  });
});

describe("routing at the gateway", () => {
  const listener: GatewayListenerPlan = {
    kind: "gateway",
    name: "gateway/main",
    hostname: "*.example",
    protocols: ["http1"],
    routes: [
      entry("first", prefix("/a")),
      entry("second", prefix("/a")),
      entry("split", {
        ...prefix("/split"),
        action: { ...actionTo("x"), backends: [weighted("x", 1), weighted("y", 3), weighted("z", 0)] },
      }),
      entry("none", { ...prefix("/none"), action: { ...actionTo("x"), backends: [weighted("x", 0)] } }),
    ],
  };
  const route = (target: string, random = 0, host = "shop.example"): string => {
    const result = routeRequest(createRouter(listener), headOf("GET", target, ["Host", host]), () => random);
    return result.ok ? `${result.decision.route}>${result.decision.cluster}` : result.refusal.code;
  };

  it("takes the first that matches", () => assert.equal(route("/a/b"), "first>first"));

  it("splits by weight", () => {
    assert.deepEqual(
      [0, 0.24, 0.26, 0.99].map((random) => route("/split", random)),
      ["split>x", "split>x", "split>y", "split>y"],
    );
  });

  it("refuses what no route matches, a host that it does not serve, and a route without a weight", () => {
    assert.equal(route("/nowhere"), "ROUTE_NOT_FOUND");
    assert.equal(route("/a", 0, "shop.other"), "ROUTE_NOT_FOUND");
    assert.equal(route("/none"), "NO_BACKEND");
  });

  it("refuses everything when its protocol is switched off", () => {
    const off = routeRequest(createRouter({ ...listener, protocols: [] }), headOf("GET", "/a"), () => 0);
    assert.equal(off.ok ? "ok" : off.refusal.code, "PROTOCOL_DISABLED");
  });
});

describe("routing at an egress", () => {
  it("is not fooled by a service called constructor", () => {
    const listener = {
      kind: "egress" as const,
      name: "egress/a",
      caller: "a",
      protocols: ["http1"] as const,
      allowed: {},
      known: [],
    };
    const result = routeRequest(createRouter(listener), headOf("GET", "/", ["Host", "constructor"]), () => 0);
    assert.equal(result.ok ? "ok" : result.refusal.code, "UNKNOWN_SERVICE");
  });
});

function prefix(value: string): Partial<RouteEntry> {
  return { path: { type: "PathPrefix", value } };
}

function exact(value: string): Partial<RouteEntry> {
  return { path: { type: "Exact", value } };
}

function weighted(cluster: string, weight: number): { readonly cluster: string; readonly weight: number } {
  return { cluster, weight };
}
