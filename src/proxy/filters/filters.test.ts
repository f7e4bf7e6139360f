// Filters on real traffic: a gateway listener in front of services in this process.
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import type { FilterPlan, RouteAction, RouteEntry } from "../../plan/proxy-plan.js";
import {
  actionTo,
  ask,
  clusterPlan,
  endpointAt,
  planOf,
  type RunningProxy,
  startProxy,
  startService,
  until,
} from "../proxy-fixture.test.js";

function echo(request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request;
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    response.setHeader("x-from-service", ["one", "two"]);
    response.setHeader("access-control-allow-origin", "https://service.example");
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
}

const seen = (body: string): { method: string; url: string; headers: Record<string, string>; body: string } =>
  JSON.parse(body);

async function serve(
  t: TestContext,
  filters: FilterPlan,
  more: { path?: string; action?: Partial<RouteAction>; onMirror?: (request: IncomingMessage) => void } = {},
): Promise<{ port: number; proxy: RunningProxy }> {
  const port = await startService(t, echo);
  const mirrorPort = await startService(t, (request, response) => {
    more.onMirror?.(request);
    response.end();
  });
  const routes: RouteEntry[] = [
    {
      route: "shop",
      hostnames: [],
      path: { type: "PathPrefix", value: more.path ?? "/" },
      headers: [],
      queryParams: [],
      action: actionTo("shop", { filters, ...more.action }),
    },
  ];
  const plan = planOf(
    [{ kind: "gateway", name: "gateway/main", protocols: ["http1"], routes }],
    [clusterPlan("shop"), clusterPlan("mirror"), clusterPlan("absent")],
  );
  const proxy = await startProxy(t, plan, { shop: [endpointAt(port)], mirror: [endpointAt(mirrorPort)] });
  return { port: proxy.port("gateway/main"), proxy };
}

describe("header filters", () => {
  it("set, add and remove request headers, whatever their spelling", async (t) => {
    const requestHeaders = {
      set: [{ name: "X-Set", value: "new" }],
      add: [{ name: "X-Add", value: "more" }],
      remove: ["X-Gone"],
    };
    const { port } = await serve(t, { requestHeaders });
    const headers = { "x-set": "old", "x-add": "some", "x-gone": "1", "x-kept": "1" };
    const { headers: got } = seen((await ask(port, { headers })).body);
    assert.deepEqual([got["x-set"], got["x-add"], got["x-gone"], got["x-kept"]], ["new", "some, more", undefined, "1"]);
  });

  it("change the answer's headers, those of the backend after those of the route", async (t) => {
    const set = (value: string) => ({ set: [{ name: "x-from-service", value }], add: [], remove: [] });
    const backends = [{ cluster: "shop", weight: 1, filters: { responseHeaders: set("backend") } }];
    const { port } = await serve(t, { responseHeaders: set("route") }, { action: { backends } });
    assert.equal((await ask(port)).headers["x-from-service"], "backend");
  });
});

describe("rewrites", () => {
  const cases: [prefix: string, edit: string, target: string, expected: string][] = [
    ["/foo", "/xyz", "/foo/bar?q=1", "/xyz/bar?q=1"],
    ["/foo", "/xyz/", "/foo/bar", "/xyz/bar"],
    ["/foo/", "/xyz", "/foo/bar", "/xyz/bar"],
    ["/foo", "/xyz", "/foo", "/xyz"],
    ["/foo", "/xyz", "/foo/", "/xyz/"],
    ["/foo", "/", "/foo/bar", "/bar"],
    ["/foo", "/", "/foo", "/"],
    ["/", "/all", "/a", "/all/a"],
  ];
  for (const [prefix, value, target, expected] of cases) {
    it(`${prefix} to ${value}: ${target} becomes ${expected}`, async (t) => {
      const rewrite = { path: { type: "ReplacePrefixMatch", value }, hostname: "inner.example" } as const;
      const { port } = await serve(t, { rewrite }, { path: prefix });
      const { url, headers } = seen((await ask(port, { path: target, headers: { host: "outer.example" } })).body);
      assert.deepEqual([url, headers.host, headers["x-forwarded-host"]], [expected, "inner.example", "outer.example"]);
    });
  }
});

describe("redirects", () => {
  const cases: [redirect: Partial<NonNullable<FilterPlan["redirect"]>>, location: string][] = [
    [{ scheme: "https" }, "https://shop.example/a/b?c=d"],
    [{ hostname: "new.example", port: 8443, scheme: "https" }, "https://new.example:8443/a/b?c=d"],
    [{ port: 80 }, "http://shop.example/a/b?c=d"],
    [{ hostname: "new.example" }, "http://new.example:8080/a/b?c=d"],
    [{ path: { type: "ReplaceFullPath", value: "/z" } }, "http://shop.example:8080/z?c=d"],
    [{ path: { type: "ReplacePrefixMatch", value: "/z" } }, "http://shop.example:8080/z/b?c=d"],
  ];
  for (const [redirect, location] of cases) {
    it(`to ${location}`, async (t) => {
      const { port } = await serve(t, { redirect: { status: 308, ...redirect } }, { path: "/a" });
      const { status, headers } = await ask(port, { path: "/a/b?c=d", headers: { host: "shop.example:8080" } });
      assert.deepEqual([status, headers.location], [308, location]);
    });
  }

  it("never sends to a host of the path's choosing", async (t) => {
    const { port } = await serve(t, { redirect: { scheme: "https", status: 302 } });
    const { headers } = await ask(port, { path: "//evil.example/x", headers: { host: "shop.example" } });
    assert.equal(headers.location, "https://shop.example//evil.example/x");
  });
});

describe("CORS", () => {
  const cors = {
    allowOrigins: ["https://www.foo.com", "https://*.bar.com"],
    allowMethods: ["GET", "OPTIONS"],
    allowHeaders: ["x-one"],
    exposeHeaders: ["x-two"],
    allowCredentials: true,
    maxAgeSeconds: 60,
  };
  const preflight = (origin: string) => ({
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "GET", "access-control-request-headers": "x-one" },
  });

  it("answers a preflight, also where there is no backend", async (t) => {
    const { port } = await serve(t, { cors }, { action: { backends: [] } });
    const { status, headers } = await ask(port, preflight("https://a.b.bar.com"));
    assert.equal(status, 204);
    assert.equal(headers["access-control-allow-origin"], "https://a.b.bar.com");
    assert.equal(headers["access-control-allow-methods"], "GET, OPTIONS");
    assert.equal(headers["access-control-allow-headers"], "x-one");
    assert.equal(headers["access-control-allow-credentials"], "true");
    assert.equal(headers["access-control-max-age"], "60");
    assert.equal((await ask(port)).status, 500);
  });

  for (const origin of ["https://bar.com", "https://evil.com/.bar.com", "http://www.foo.com", "null"]) {
    it(`allows nothing to ${origin}`, async (t) => {
      const { port } = await serve(t, { cors });
      for (const request of [preflight(origin), { headers: { origin } }]) {
        const { headers } = await ask(port, request);
        assert.equal(headers["access-control-allow-origin"], undefined);
        assert.equal(headers["access-control-allow-credentials"], undefined);
      }
    });
  }

  it("replaces what the service says", async (t) => {
    const { port } = await serve(t, { cors });
    const { headers } = await ask(port, { headers: { origin: "https://www.foo.com" } });
    assert.equal(headers["access-control-allow-origin"], "https://www.foo.com");
    assert.equal(headers["access-control-expose-headers"], "x-two");
    assert.match(headers.vary ?? "", /origin/i);
  });

  it("with a star: everything that is asked for, and a star only without credentials", async (t) => {
    const open = { ...cors, allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"], exposeHeaders: [] };
    const { port } = await serve(t, { cors: open });
    const withCredentials = await ask(port, preflight("https://any.example"));
    assert.equal(withCredentials.headers["access-control-allow-origin"], "https://any.example");
    assert.equal(withCredentials.headers["access-control-allow-methods"], "GET");
    const { port: plain } = await serve(t, { cors: { ...open, allowCredentials: false } });
    assert.equal((await ask(plain, preflight("https://any.example"))).headers["access-control-allow-origin"], "*");
  });
});

describe("mirrors", () => {
  it("send a copy with its body, after the route's own changes, and never affect the client", async (t) => {
    const copies: string[] = [];
    const onMirror = (request: IncomingMessage): void => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => copies.push(`${request.method} ${request.url} ${request.headers["x-set"]} ${body}`));
    };
    const filters: FilterPlan = {
      requestHeaders: { set: [{ name: "x-set", value: "1" }], add: [], remove: [] },
      mirrors: [
        { cluster: "mirror", share: 1 },
        { cluster: "absent", share: 1 },
        { cluster: "mirror", share: 0 },
      ],
    };
    const { port } = await serve(t, filters, { onMirror });
    assert.equal((await ask(port, { path: "/get" })).status, 200);
    const { status, body } = await ask(port, { method: "POST", path: "/post", body: "hello" });
    assert.deepEqual([status, seen(body).body], [200, "hello"]);
    await until(() => copies.length === 2, "both copies arrive");
    assert.deepEqual(copies.sort(), ["GET /get 1 ", "POST /post 1 hello"]);
  });

  it("leave out a request whose body is long", async (t) => {
    let copies = 0;
    const { port } = await serve(t, { mirrors: [{ cluster: "mirror", share: 1 }] }, { onMirror: () => copies++ });
    const body = "x".repeat(100_000);
    const sent = await ask(port, { method: "POST", body });
    assert.equal(seen(sent.body).body.length, body.length);
    const chunked = await ask(port, { method: "POST", body, headers: { "transfer-encoding": "chunked" } });
    assert.equal(seen(chunked.body).body.length, body.length);
    assert.equal(copies, 0);
  });
});
