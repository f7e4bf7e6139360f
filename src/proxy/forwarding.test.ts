import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import {
  actionTo,
  ask,
  clusterPlan,
  edgeListener,
  endpointAt,
  gatewayListener,
  planOf,
  refusingPort,
  sendRaw,
  startProxy,
  startRawService,
  startService,
  until,
} from "./proxy-fixture.test.js";

const gateway = "gateway/main";

function requestText(lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

describe("forwarding through the gateway", () => {
  it("passes method, target, headers, body, status and answer", async (test) => {
    const port = await startService(test, (request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        response.writeHead(201, ["X-One", "1", "Set-Cookie", "a=1", "Set-Cookie", "b=2"]);
        response.end(`${request.method} ${request.url} ${request.headers["x-mine"]} ${body}`);
      });
    });
    const proxy = await startProxy(test, planOf([gatewayListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    const answer = await ask(proxy.port(gateway), {
      method: "POST",
      path: "/x?y=1",
      headers: { "x-mine": "m" },
      body: "hello",
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.body, "POST /x?y=1 m hello");
    assert.equal(answer.headers["x-one"], "1");
    assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
  });

  it("replaces what the client says of its own forwarding, and marks trace and request", async (test) => {
    const seen: Record<string, string | string[] | undefined>[] = [];
    const port = await startService(test, (request, response) => {
      seen.push(request.headers);
      response.end();
    });
    const proxy = await startProxy(test, planOf([gatewayListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    const headers = {
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-host": "evil",
      "x-forwarded-prefix": "/evil",
      forwarded: "for=6.6.6.6",
      connection: "close, x-hop",
      "x-hop": "1",
      te: "trailers",
    };
    const answer = await ask(proxy.port(gateway), { headers });
    const [got = {}] = seen;
    assert.equal(got["x-forwarded-for"], "127.0.0.1");
    assert.equal(got["x-forwarded-proto"], "http");
    assert.equal(got["x-forwarded-host"], `127.0.0.1:${proxy.port(gateway)}`);
    for (const name of ["forwarded", "x-forwarded-prefix", "x-hop", "te"]) assert.equal(got[name], undefined, name);
    assert.match(String(got.traceparent), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.equal(got["x-request-id"], "id-1");
    assert.equal(answer.headers["x-request-id"], "id-1");
  });

  it("answers HEAD, 204 and 304 without a body and keeps the connection usable", async (test) => {
    const port = await startService(test, (request, response) => {
      const status = Number(request.url?.slice(1));
      response.writeHead(status, status === 200 ? { "content-length": "5" } : {});
      response.end(request.method === "HEAD" ? undefined : status === 200 ? "hello" : undefined);
    });
    const proxy = await startProxy(test, planOf([gatewayListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    const text = await sendRaw(
      proxy.port(gateway),
      [
        "HEAD /200 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /204 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /304 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /200 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      ].join(""),
    );
    assert.deepEqual(
      [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => found[1]),
      ["200", "204", "304", "200"],
    );
    assert.equal(text.match(/hello/g)?.length, 1);
    assert.match(text, /hello$/);
    assert.equal(text.match(/content-length: 5/gi)?.length, 2);
  });

  it("passes a stream on as it comes, and trailers at its end", async (test) => {
    let finish: () => void = () => {};
    const port = await startService(test, (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      finish = () => {
        response.addTrailers({ "x-sum": "9" });
        response.end("data: 2\n\n");
      };
    });
    const proxy = await startProxy(test, planOf([gatewayListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    const socket = connect({ host: "127.0.0.1", port: proxy.port(gateway) });
    test.after(() => socket.destroy());
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
    });
    socket.write(requestText(["GET / HTTP/1.1", "Host: a"]));
    await until(() => text.includes("data: 1"), "the first event before the stream ends");
    finish();
    await until(() => text.includes("x-sum: 9"), "the trailer");
    assert.match(text, /data: 2/);
  });

  it("invites a body only when it is wanted", async (test) => {
    const port = await startService(test, (request, response) => {
      request.pipe(response);
    });
    const plan = planOf([gatewayListener("a"), edgeListener("b")], [clusterPlan("a"), clusterPlan("b")]);
    const proxy = await startProxy(test, plan, { a: [endpointAt(port)] });
    const head = ["POST / HTTP/1.1", "Host: a", "Expect: 100-continue", "Content-Length: 2", "Connection: close"];
    const invited = connect({ host: "127.0.0.1", port: proxy.port(gateway) });
    test.after(() => invited.destroy());
    let text = "";
    invited.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
    });
    invited.write(requestText(head));
    await until(() => text.includes("100 Continue"), "the invitation");
    invited.write("ok");
    await until(() => text.endsWith("ok\r\n0\r\n\r\n"), "the echo");
    const refused = connect({ host: "127.0.0.1", port: proxy.port("edge/caller/b") });
    test.after(() => refused.destroy());
    let other = "";
    refused.setEncoding("latin1").on("data", (chunk) => {
      other += chunk;
    });
    refused.write(requestText(head));
    await until(() => other.includes("NO_ENDPOINT"), "the refusal");
    assert.doesNotMatch(other, /100 Continue/);
  });

  it("ends the upstream's request when the client leaves", async (test) => {
    let left = false;
    let arrived = false;
    const port = await startService(test, (request) => {
      arrived = true;
      request.socket.on("close", () => {
        left = true;
      });
    });
    const proxy = await startProxy(test, planOf([gatewayListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    const socket = connect({ host: "127.0.0.1", port: proxy.port(gateway) });
    socket.write(requestText(["GET / HTTP/1.1", "Host: a"]));
    await until(() => arrived, "the request upstream");
    socket.destroy();
    await until(() => left, "the end of the upstream connection");
    const [edge] = proxy.dataPlane.edges.toJSON();
    assert.deepEqual(edge?.statusClasses, { none: 1 });
    assert.equal(edge?.errors, 0);
  });

  it("cuts the client's answer where the upstream breaks off, so that it is not taken for whole", async (test) => {
    const port = await startRawService(test, (socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\npart");
        setImmediate(() => socket.destroy());
      });
    });
    const proxy = await startProxy(test, planOf([gatewayListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    await assert.rejects(ask(proxy.port(gateway)), /aborted|ECONNRESET|socket hang up/);
    assert.equal(proxy.dataPlane.edges.toJSON()[0]?.errors, 1);
  });

  it("reads no faster than the client, and delivers all of it", async (test) => {
    const size = 64 * 1024 * 1024;
    let written = 0;
    let blocked = false;
    const chunk = Buffer.alloc(64 * 1024);
    const port = await startService(test, (_request, response) => {
      response.writeHead(200, { "content-length": String(size) });
      const pump = (): void => {
        blocked = false;
        while (written < size) {
          written += chunk.length;
          if (!response.write(chunk)) {
            blocked = true;
            response.once("drain", pump);
            return;
          }
        }
        response.end();
      };
      pump();
    });
    const proxy = await startProxy(test, planOf([gatewayListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    const socket = connect({ host: "127.0.0.1", port: proxy.port(gateway) });
    test.after(() => socket.destroy());
    socket.pause();
    socket.write(requestText(["GET / HTTP/1.1", "Host: a", "Connection: close"]));
    let last = -1;
    await until(() => {
      const steady = blocked && written === last;
      last = written;
      return steady && written > 0;
    }, "the service is held back");
    assert.ok(written < size, `${written} bytes were taken from the service`);
    let received = 0;
    socket.on("data", (part: Buffer) => {
      received += part.length;
    });
    socket.resume();
    await new Promise((resolve) => socket.on("close", resolve));
    assert.ok(received > size, `${received} of ${size} bytes`);
  });

  it("counts each edge", async (test) => {
    const port = await startService(test, (request, response) => {
      response.statusCode = request.url === "/bad" ? 500 : 200;
      response.end("12345");
    });
    const proxy = await startProxy(test, planOf([edgeListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    await ask(proxy.port("edge/caller/a"), { method: "POST", body: "abc" });
    await ask(proxy.port("edge/caller/a"), { path: "/bad" });
    const [edge] = proxy.dataPlane.edges.toJSON();
    assert.equal(`${edge?.caller} ${edge?.callee}`, "caller a");
    assert.deepEqual(edge?.statusClasses, { "2xx": 1, "5xx": 1 });
    assert.equal(edge?.requests, 2);
    assert.equal(edge?.errors, 1);
    assert.equal(edge?.requestBytes, 3);
    assert.equal(edge?.responseBytes, 10);
    assert.equal(edge?.latency.count, 2);
    const [endpoint] = proxy.dataPlane.endpointStats();
    assert.equal(endpoint?.requests, 2);
    assert.equal(endpoint?.failures, 1);
    assert.equal(endpoint?.inFlight, 0);
  });
});

describe("egress", () => {
  it("routes by absolute-form or Host, and says what it refuses", async (test) => {
    const port = await startService(test, (request, response) => {
      response.end(`${request.headers.host} ${request.url}`);
    });
    const listener = {
      kind: "egress" as const,
      name: "egress/orders",
      caller: "orders",
      protocols: ["http1"] as const,
      allowed: { users: actionTo("users") },
      known: ["users", "payments"],
    };
    const plan = planOf([listener], [clusterPlan("users"), clusterPlan("payments")]);
    const proxy = await startProxy(test, plan, { users: [endpointAt(port)] });
    const to = proxy.port("egress/orders");
    assert.equal((await ask(to, { headers: { host: "users" }, path: "/1" })).body, "users /1");
    assert.equal((await ask(to, { headers: { host: "users:80" }, path: "http://users/2" })).body, "users:80 /2");
    const forbidden = await ask(to, { headers: { host: "payments" } });
    assert.equal(forbidden.status, 403);
    assert.equal(forbidden.headers["content-type"], "application/problem+json");
    const problem = JSON.parse(forbidden.body) as Record<string, string>;
    assert.equal(problem.code, "CALL_NOT_DECLARED");
    assert.match(problem.detail ?? "", /orders called "payments" without listing it in its calls/);
    assert.match(problem.traceId ?? "", /^[0-9a-f]{32}$/);
    assert.equal((await ask(to, { headers: { host: "nobody" } })).status, 404);
    assert.match(await sendRaw(to, requestText(["CONNECT users:443 HTTP/1.1", "Host: users:443"])), /^HTTP\/1\.1 501 /);
    const refused = proxy.dataPlane.edges.toJSON().map((edge) => [edge.callee, edge.refused]);
    assert.deepEqual(refused, [
      ["users", {}],
      ["payments", { CALL_NOT_DECLARED: 1 }],
      ["", { UNKNOWN_SERVICE: 1 }],
    ]);
  });
});

describe("when an instance fails", () => {
  it("sends the request to another one, and leaves the dead one out", async (test) => {
    const dead = endpointAt(await refusingPort());
    const alive = endpointAt(await startService(test, (_request, response) => response.end("ok")));
    const proxy = await startProxy(test, planOf([edgeListener("a")], [clusterPlan("a")]), { a: [dead, alive] });
    for (let count = 0; count < 6; count++) {
      const answer = await ask(proxy.port("edge/caller/a"), { method: "POST", body: "x" });
      assert.equal(answer.body, "ok");
    }
    assert.equal(proxy.notices.filter((notice) => notice.type === "ejected").length, 1);
    assert.equal(proxy.dataPlane.edges.toJSON()[0]?.retries, 1);
  });

  for (const [name, bytes] of [
    ["before its answer", ""],
    ["within a short answer", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhal"],
  ] as const) {
    it(`repeats a GET whose instance dies ${name}`, async (test) => {
      const dying = await startRawService(test, (socket) => {
        socket.once("data", () => socket.end(bytes));
      });
      const alive = await startService(test, (_request, response) => response.end("ok"));
      const proxy = await startProxy(test, planOf([edgeListener("a")], [clusterPlan("a")]), {
        a: [endpointAt(dying), endpointAt(alive)],
      });
      for (let count = 0; count < 4; count++) assert.equal((await ask(proxy.port("edge/caller/a"))).body, "ok");
    });
  }

  it("never repeats a POST that was sent, unless it has an Idempotency-Key", async (test) => {
    let received = 0;
    const dying = await startRawService(test, (socket) => {
      socket.once("data", () => {
        received++;
        socket.destroy();
      });
    });
    const proxy = await startProxy(test, planOf([edgeListener("a")], [clusterPlan("a")]), { a: [endpointAt(dying)] });
    const answer = await ask(proxy.port("edge/caller/a"), { method: "POST", body: "pay" });
    assert.equal(answer.status, 502);
    assert.equal(JSON.parse(answer.body).code, "UPSTREAM_RESET");
    assert.equal(received, 1);
    await ask(proxy.port("edge/caller/a"), { method: "POST", body: "pay", headers: { "idempotency-key": "k" } });
    assert.equal(received, 4);
  });

  it("fails at once with retries off", async (test) => {
    const dead = endpointAt(await refusingPort());
    const alive = endpointAt(await startService(test, (_request, response) => response.end("ok")));
    const off = { retry: { attempts: 0, statuses: [], backoffMs: 0 } };
    const proxy = await startProxy(test, planOf([edgeListener("a", off)], [clusterPlan("a")]), { a: [dead, alive] });
    const answer = await ask(proxy.port("edge/caller/a"));
    assert.equal(answer.status, 502);
    assert.equal(JSON.parse(answer.body).code, "UPSTREAM_UNREACHABLE");
  });

  it("sends the same body again, and refuses to where it is too large to keep", async (test) => {
    const dying = await startRawService(test, (socket) => {
      socket.on("data", (chunk: Buffer) => {
        if (chunk.includes("END")) socket.destroy();
      });
    });
    const port = await startService(test, (request, response) => {
      let length = 0;
      request.on("data", (chunk: Buffer) => {
        length += chunk.length;
      });
      request.on("end", () => response.end(String(length)));
    });
    const one = clusterPlan("a", { loadBalancer: "first" });
    const proxy = await startProxy(test, planOf([edgeListener("a")], [one]), {
      a: [endpointAt(dying), endpointAt(port)],
    });
    const to = proxy.port("edge/caller/a");
    const kept = await ask(to, { method: "PUT", body: `${"x".repeat(60_000)}END` });
    assert.equal(kept.body, "60003");
    const large = await ask(to, { method: "PUT", body: `${"x".repeat(200_000)}END` });
    assert.equal(large.status, 502);
  });

  it("repeats a listed status for an idempotent method only", async (test) => {
    let calls = 0;
    const port = await startService(test, (_request, response) => {
      calls++;
      response.statusCode = calls === 1 ? 503 : 200;
      response.end(String(calls));
    });
    const retry = { retry: { attempts: 2, statuses: [503], backoffMs: 1 } };
    const proxy = await startProxy(test, planOf([edgeListener("a", retry)], [clusterPlan("a")]), {
      a: [endpointAt(port)],
    });
    assert.equal((await ask(proxy.port("edge/caller/a"))).body, "2");
    calls = 0;
    assert.equal((await ask(proxy.port("edge/caller/a"), { method: "POST" })).status, 503);
  });

  it("gives up at the time limits, of an attempt and of the whole", async (test) => {
    const silent = await startRawService(test, () => {});
    const alive = await startService(test, (_request, response) => response.end("ok"));
    const first = clusterPlan("a", { loadBalancer: "first" });
    const timed = edgeListener("a", { attemptTimeoutMs: 40 });
    const attempt = await startProxy(test, planOf([timed], [first]), { a: [endpointAt(silent), endpointAt(alive)] });
    assert.equal((await ask(attempt.port("edge/caller/a"))).body, "ok");
    const whole = edgeListener("a", { requestTimeoutMs: 40 });
    const total = await startProxy(test, planOf([whole], [first]), { a: [endpointAt(silent)] });
    const answer = await ask(total.port("edge/caller/a"));
    assert.equal(answer.status, 504);
    assert.equal(JSON.parse(answer.body).code, "UPSTREAM_TIMEOUT");
    assert.equal(total.dataPlane.endpointStats()[0]?.inFlight, 0);
  });

  it("asks the budget before it repeats", async (test) => {
    const dead = endpointAt(await refusingPort());
    const other = endpointAt(await refusingPort());
    const none = clusterPlan("a", { retryBudget: { ratio: 0, minimum: 0 } });
    const proxy = await startProxy(test, planOf([edgeListener("a")], [none]), { a: [dead, other] });
    assert.equal((await ask(proxy.port("edge/caller/a"))).status, 502);
    const [edge] = proxy.dataPlane.edges.toJSON();
    assert.deepEqual([edge?.retries, edge?.retriesDenied], [0, 1]);
  });

  it("answers 503 without a ready instance, and sends nothing to a draining one", async (test) => {
    const port = await startService(test, (_request, response) => response.end("ok"));
    const proxy = await startProxy(test, planOf([edgeListener("a")], [clusterPlan("a")]), {
      a: [endpointAt(port, { state: "draining" })],
    });
    const answer = await ask(proxy.port("edge/caller/a"));
    assert.equal(answer.status, 503);
    assert.equal(JSON.parse(answer.body).code, "NO_ENDPOINT");
  });
});

describe("a change while requests are under way", () => {
  it("leaves them alone, and tells when an endpoint is drained", async (test) => {
    let finish: () => void = () => {};
    const slow = await startService(test, (_request, response) => {
      finish = () => response.end("old");
    });
    const fresh = await startService(test, (_request, response) => response.end("new"));
    const plan = planOf([edgeListener("a")], [clusterPlan("a")]);
    const old = endpointAt(slow);
    const proxy = await startProxy(test, plan, { a: [old] });
    const pending = ask(proxy.port("edge/caller/a"));
    await until(() => proxy.dataPlane.endpointStats()[0]?.inFlight === 1, "the request is under way");
    const clusters = { a: [{ ...old, state: "draining" as const }, endpointAt(fresh)] };
    assert.equal(proxy.dataPlane.applyEndpoints({ format: 1, version: 2, clusters }).type, "acknowledged");
    assert.equal(proxy.dataPlane.applyPlan({ ...plan, version: 2 }).type, "acknowledged");
    assert.equal((await ask(proxy.port("edge/caller/a"))).body, "new");
    assert.equal(await proxy.dataPlane.awaitDrained(old.id, old.epoch, 1), 1);
    const gone = { format: 1, version: 3, clusters: { a: [endpointAt(fresh)] } };
    proxy.dataPlane.applyEndpoints(gone);
    const drained = proxy.dataPlane.awaitDrained(old.id, old.epoch, 5_000);
    finish();
    assert.equal((await pending).body, "old");
    assert.equal(await drained, 0);
  });

  it("closes idle connections, and lets each answer be the last of its connection, when it drains", async (test) => {
    let finish: () => void = () => {};
    const port = await startService(test, (_request, response) => {
      finish = () => response.end("done");
    });
    const proxy = await startProxy(test, planOf([edgeListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    const idle = connect({ host: "127.0.0.1", port: proxy.port("edge/caller/a") });
    const idleClosed = new Promise((resolve) => idle.on("close", resolve));
    await new Promise<void>((resolve) => idle.on("connect", () => resolve()));
    const busy: Socket = connect({ host: "127.0.0.1", port: proxy.port("edge/caller/a") });
    let text = "";
    busy.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
    });
    const busyClosed = new Promise((resolve) => busy.on("close", resolve));
    busy.write(requestText(["GET / HTTP/1.1", "Host: a"]));
    await until(() => proxy.servers[0]?.inFlight === 1, "the request is under way");
    const drained = proxy.servers[0]?.drain();
    await idleClosed;
    finish();
    await busyClosed;
    await drained;
    assert.match(text, /connection: close/i);
    assert.match(text, /done/);
  });
});
