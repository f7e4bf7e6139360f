import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, type TestContext, test } from "node:test";
import { type ServedControlPlane, serveControlPlane } from "../../test/doubles/admin-server.js";
import { appSpec, serviceSpec } from "../../test/doubles/control-plane.js";
import { createAdminClient } from "./client.js";
import type { ProblemDocument } from "./types.js";

interface Raw {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

interface RawAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Unlike fetch, this can send any Host header. */
function call({ server, token }: ServedControlPlane, path: string, raw: Raw = {}): Promise<RawAnswer> {
  const headers = { authorization: `Bearer ${token}`, ...raw.headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, server.url), { method: raw.method ?? "GET", headers, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, type: answer.headers["content-type"] ?? "", text }),
      );
    });
    outgoing.end(raw.body);
  });
}

const json = { "content-type": "application/json" };

async function refused(served: ServedControlPlane, path: string, raw: Raw): Promise<ProblemDocument> {
  const answer = await call(served, path, raw);
  assert.equal(answer.type, "application/problem+json", answer.text);
  const problem = JSON.parse(answer.text) as ProblemDocument;
  assert.equal(answer.status, problem.status);
  assert.equal(problem.type, `urn:tusk:error:${problem.code}`);
  return problem;
}

async function put(served: ServedControlPlane, spec: unknown): Promise<ProblemDocument> {
  const body = JSON.stringify({ from: "test", spec });
  return refused(served, "/v1/spec", { method: "PUT", headers: json, body });
}

async function serve(t: TestContext): Promise<ServedControlPlane> {
  return serveControlPlane(t);
}

describe("who may call", () => {
  test("alive needs no token, everything else does", async (t) => {
    const served = await serve(t);
    const anonymous = { headers: { authorization: "" } };
    const alive = await call(served, "/v1/alive", anonymous);
    assert.deepEqual(JSON.parse(alive.text), { alive: true, app: "shop", pid: process.pid, version: "1.2.3" });
    for (const path of ["/v1/status", "/v1/openapi.json", "/v1/nothing", "/", "/v1/alive/../status"]) {
      assert.equal((await refused(served, path, anonymous)).code, "UNAUTHORIZED", path);
    }
  });

  test("a wrong token, or one in the wrong scheme, is refused", async (t) => {
    const served = await serve(t);
    for (const authorization of ["Bearer wrong", `Basic ${served.token}`, served.token, `Bearer ${served.token}x`]) {
      assert.equal((await refused(served, "/v1/status", { headers: { authorization } })).code, "UNAUTHORIZED");
    }
  });

  test("a name that is not loopback is refused even with the token", async (t) => {
    const served = await serve(t);
    for (const host of ["evil.example", "127.0.0.1.evil.example"]) {
      assert.equal((await refused(served, "/v1/status", { headers: { host } })).code, "FORBIDDEN");
      assert.equal((await refused(served, "/v1/alive", { headers: { host } })).code, "FORBIDDEN");
    }
  });
});

describe("what is sent", () => {
  test("a body above the limit is refused, with or without a length", async (t) => {
    const served = await serve(t);
    const body = Buffer.alloc(2 * 1024 * 1024 + 1, 0x20);
    const chunked = { ...json, "transfer-encoding": "chunked" };
    for (const headers of [json, chunked]) {
      assert.equal((await refused(served, "/v1/spec", { method: "PUT", headers, body })).code, "REQUEST_TOO_LARGE");
    }
  });

  test("a body in chunks is taken like any other", async (t) => {
    const served = await serve(t);
    const headers = { ...json, "transfer-encoding": "chunked" };
    const body = JSON.stringify({ replicas: 2 });
    const answer = await call(served, "/v1/services/users", { method: "PATCH", headers, body });
    assert.equal(answer.status, 200, answer.text);
    const deletion = { method: "DELETE", headers: { "transfer-encoding": "chunked" } };
    assert.equal((await refused(served, "/v1/registry/instances/x", deletion)).code, "NOT_FOUND");
    assert.deepEqual(served.control.calls, ["scale users 2"]);
  });

  test("a body that is no JSON, or not said to be, is refused", async (t) => {
    const served = await serve(t);
    const bodies: [Record<string, string>, string][] = [
      [json, "{"],
      [json, ""],
      [{}, "{}"],
      [{ "content-type": "text/plain" }, "{}"],
    ];
    for (const [headers, body] of bodies) {
      assert.equal((await refused(served, "/v1/spec", { method: "PUT", headers, body })).code, "REQUEST_INVALID");
    }
    assert.deepEqual(served.defects, []);
  });

  test("every problem of a spec is listed with its place; nothing is applied", async (t) => {
    const served = await serve(t);
    const users = serviceSpec("users", { replicas: -1, calls: [""] });
    const { problems } = await put(served, { ...appSpec([users]), extra: 1 });
    const paths = problems.map(({ path }) => path).sort();
    assert.deepEqual(paths, ["spec", "spec.services[0].calls[0]", "spec.services[0].replicas"]);
    assert.deepEqual(served.control.calls, []);
  });

  test("hostile specs are refused and change nothing", async (t) => {
    const served = await serve(t);
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    for (const body of [deep, '{"__proto__":{"from":"x"}}', "null", "[]", '"x"', `{"from":"x","spec":${deep}}`]) {
      const problem = await refused(served, "/v1/spec", { method: "PUT", headers: json, body });
      assert.equal(problem.code, "REQUEST_INVALID", body.slice(0, 40));
    }
    assert.deepEqual(served.control.calls, []);
    assert.equal(({} as { from?: string }).from, undefined);
  });

  test("a query that is not valid is refused", async (t) => {
    const served = await serve(t);
    for (const query of ["wait?timeoutMs=soon", "wait?timeoutMs=-1", "events?limit=1e99", "events/stream?limit=x"]) {
      assert.equal((await refused(served, `/v1/${query}`, {})).code, "REQUEST_INVALID", query);
    }
  });

  test("an unknown path and an unknown service are NOT_FOUND and UNKNOWN_SERVICE", async (t) => {
    const served = await serve(t);
    assert.equal((await refused(served, "/v1/nothing", {})).code, "NOT_FOUND");
    const problem = await refused(served, "/v1/services/nobody/health", {});
    assert.deepEqual([problem.code, problem.hint], ["UNKNOWN_SERVICE", "known: users, orders"]);
  });

  test("a defect is reported to the log and shows nothing to the caller", async (t) => {
    const served = await serve(t);
    served.control.routes = () => {
      throw new Error("secret: /home/me");
    };
    const problem = await refused(served, "/v1/routes", {});
    assert.equal(problem.code, "INTERNAL");
    assert.doesNotMatch(JSON.stringify(problem), /secret/);
    assert.equal(served.defects.length, 1);
  });
});

test("the OpenAPI document lists every route that docs/formats/admin-api.md lists, and no other", async (t) => {
  const served = await serve(t);
  const document = JSON.parse((await call(served, "/v1/openapi.json")).text) as {
    paths: Record<string, Record<string, { summary?: string; responses: Record<string, unknown> }>>;
  };
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(listed.sort(), [...(await documentedRoutes())].sort());
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const { summary, responses } of Object.values(methods)) {
      assert.ok(summary, path);
      assert.ok(responses.default, path);
    }
  }
});

async function documentedRoutes(): Promise<Set<string>> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(new URL("../../../docs/formats/admin-api.md", import.meta.url), "utf8");
  const rows = text.matchAll(/^\| `(GET|PUT|POST|PATCH|DELETE) (\/v1[^`\s]*)` \|/gm);
  return new Set(
    [...rows].map(([, method, path]) => `${method} ${path}`).filter((row) => !row.endsWith("openapi.json")),
  );
}

test("closing ends open streams with a last line and waits for nobody", async (t) => {
  const served = await serve(t);
  const lines = createAdminClient({ url: served.server.url, token: served.token }).watchEvents();
  const reading = (async () => {
    for await (const _ of lines) assert.fail("no event was emitted");
  })();
  const ended = assert.rejects(reading, { code: "NOT_RUNNING" });
  await waitFor(() => served.control.watchers === 1);
  await served.server.close();
  await ended;
  assert.equal(served.control.watchers, 0);
});

/** Turns of the event loop until it holds; the test's own time limit bounds it. */
async function waitFor(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
