import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hostnameRank, sortByPrecedence } from "../compile/route-precedence.js";
import type { GatewayListenerPlan, ListenerSection, RouteEntry } from "../plan/proxy-plan.js";
import { actionTo } from "./proxy-fixture.test.js";
import { type RequestHead, readRequestHead } from "./request-head.js";
import { RouteIndex } from "./route-index.js";
import { firstMismatch, prepareEntry, queryValue } from "./route-match.js";

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

function listenerOf(routes: readonly RouteEntry[], sections?: readonly ListenerSection[]): GatewayListenerPlan {
  return {
    kind: "gateway",
    name: "gateway/main",
    protocols: ["http1"],
    routes: sortByPrecedence(routes),
    ...(sections ? { sections } : {}),
  };
}

function headOf(target: string, host = "shop.example", headers: readonly string[] = []): RequestHead {
  const read = readRequestHead("GET", target, ["Host", host, ...headers]);
  if (!read.ok) throw new Error(read.refusal.detail);
  return read.head;
}

function found(index: RouteIndex, head: RequestHead): string {
  const search = index.find(head);
  return search.kind === "found" ? search.prepared.entry.route : search.kind;
}

describe("route index", () => {
  it("takes exact before expression before the longest prefix whose conditions are met", () => {
    const index = new RouteIndex(
      listenerOf([
        entry("root"),
        entry("users", { path: { type: "PathPrefix", value: "/users/" } }),
        entry("canary", {
          path: { type: "PathPrefix", value: "/users/beta" },
          headers: [{ type: "RegularExpression", name: "X-Version", value: "2\\.[0-9]+" }],
        }),
        entry("number", { path: { type: "RegularExpression", value: "/users/[0-9]+" } }),
        entry("seven", { path: { type: "Exact", value: "/users/7" } }),
      ]),
    );
    const route = (target: string, headers: readonly string[] = []): string =>
      found(index, headOf(target, "h", headers));
    assert.equal(route("/users/7"), "seven");
    assert.equal(route("/users/8"), "number");
    assert.equal(route("/users/8/x"), "users");
    assert.equal(route("/users"), "users");
    assert.equal(route("/userstore"), "root");
    assert.equal(route("/users/beta/x"), "users");
    assert.equal(route("/users/beta/x", ["x-version", "2.10"]), "canary");
    assert.equal(route("/users/beta/x", ["x-version", "2.10x"]), "users");
    assert.equal(route("/users/betamax", ["x-version", "2.10"]), "users");
  });

  it("takes the most specific host, and a less specific one where that has no route", () => {
    const index = new RouteIndex(
      listenerOf([
        entry("any", { path: { type: "Exact", value: "/any" } }),
        entry("wild", { hostnames: ["*.shop.example"] }),
        entry("wilder", { hostnames: ["*.example"] }),
        entry("exact", { hostnames: ["A.shop.example"], path: { type: "Exact", value: "/only" } }),
      ]),
    );
    const route = (target: string, host: string): string => found(index, headOf(target, host));
    assert.equal(route("/only", "a.shop.example"), "exact");
    assert.equal(route("/other", "a.shop.example"), "wild");
    assert.equal(route("/", "x.y.shop.example"), "wild");
    assert.equal(route("/", "shop.example"), "wilder");
    assert.equal(route("/any", "example"), "any");
    assert.equal(route("/", "example"), "none");
  });

  it("keeps to the listener whose hostname is the most specific", () => {
    const sections = [{ name: "all" }, { name: "wild", hostname: "*.org" }, { name: "one", hostname: "one.org" }];
    const index = new RouteIndex(
      listenerOf(
        [
          entry("all", { section: "all" }),
          entry("wild", { section: "wild", path: { type: "Exact", value: "/wild" } }),
          entry("one", { section: "one", path: { type: "Exact", value: "/one" } }),
        ],
        sections,
      ),
    );
    assert.equal(found(index, headOf("/one", "one.org")), "one");
    assert.equal(found(index, headOf("/wild", "one.org")), "none");
    assert.equal(found(index, headOf("/wild", "two.org")), "wild");
    assert.equal(found(index, headOf("/", "two.com")), "all");
    assert.equal(index.sectionOf("one.org"), "one");
    const closed = new RouteIndex(listenerOf([], [{ name: "one", hostname: "one.org" }]));
    assert.equal(found(closed, headOf("/", "two.org")), "foreign");
  });

  it("finds the same entry as a look at each in order of precedence", () => {
    const segment = fc.constantFrom("a", "ab", "b", "a%20b", "");
    const path = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
    const hostname = fc.constantFrom("a.example", "b.a.example", "*.example", "*.a.example");
    const field = fc.record({ name: fc.constantFrom("x", "y"), value: fc.constantFrom("1", "2") });
    const route = fc.record({
      hostnames: fc.array(hostname, { maxLength: 1 }),
      path: fc.record({ type: fc.constantFrom("Exact" as const, "PathPrefix" as const), value: path }),
      headers: fc.array(field, { maxLength: 2 }),
      queryParams: fc.array(field, { maxLength: 1 }),
    });
    const request = fc.record({
      path,
      host: fc.constantFrom("a.example", "b.a.example", "c.b.a.example", "example", "other"),
      query: fc.constantFrom("", "?x=1", "?y=2&x=1", "?x=%31"),
      headers: fc.array(field, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(
        fc.array(route, { maxLength: 30 }),
        fc.array(request, { minLength: 1, maxLength: 10 }),
        (all, asked) => {
          const routes = sortByPrecedence(all.map((parts, index) => entry(`r${index}`, parts)));
          const index = new RouteIndex(listenerOf(routes));
          for (const { path: target, host, query, headers } of asked) {
            const head = headOf(
              target + query,
              host,
              headers.flatMap(({ name, value }) => [name, value]),
            );
            const expected = routes.find((candidate) => firstMismatch(prepareEntry(candidate), head) === null);
            assert.equal(found(index, head), expected?.route ?? "none");
          }
        },
      ),
      { numRuns: 300 },
    );
    assert.deepEqual(hostnameRank("a"), [1, 0]);
  });

  it("looks at as much of a request with a thousand routes as with one", () => {
    const routes = (count: number): RouteEntry[] =>
      Array.from({ length: count }, (_, at) =>
        entry(`r${at}`, {
          hostnames: [`h${at % 100}.example`],
          path: { type: "PathPrefix", value: `/service-${at}/v1` },
          headers: [{ name: "x-tenant", value: "t" }],
        }),
      );
    /** How often anything of the request is looked at until its route is found. */
    const looks = (count: number): number => {
      const index = new RouteIndex(listenerOf(routes(count)));
      const head = headOf(`/service-${count - 1}/v1/x`, `h${(count - 1) % 100}.example`, ["x-tenant", "t"]);
      let reads = 0;
      const counted = new Proxy(head, {
        get: (target, name) => {
          reads++;
          return Reflect.get(target, name, target);
        },
      });
      const found = index.find(counted);
      assert.equal(found.kind === "found" ? found.prepared.entry.route : "none", `r${count - 1}`);
      return reads;
    };
    assert.equal(looks(1000), looks(1));
  });
});

describe("query parameters", () => {
  const cases: [query: string, name: string, value: string | undefined][] = [
    ["a=1&b=2", "b", "2"],
    ["a=1&a=2", "a", "1"],
    ["ab=1", "a", undefined],
    ["a", "a", ""],
    ["a&b=1", "b", "1"],
    ["=x&a=1", "a", "1"],
    ["a=x%20y", "a", "x y"],
    ["a=x+y", "a", "x y"],
    ["%61=1", "a", "1"],
    ["a=1=2", "a", "1=2"],
    ["a=%zz", "a", "%zz"],
    ["", "a", undefined],
    ["&&a=1", "a", "1"],
  ];
  for (const [query, name, value] of cases) {
    it(`${name} of ?${query}`, () => {
      assert.equal(queryValue(query, name), value);
      assert.equal(new URLSearchParams(query).get(name) ?? undefined, value);
    });
  }
});
