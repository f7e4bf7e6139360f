import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import {
  ask,
  clusterPlan,
  edgeListener,
  endpointAt,
  gatewayListener,
  planOf,
  sendRaw,
  startProxy,
  startRawService,
  startService,
  until,
} from "./proxy-fixture.test.js";

const gateway = "gateway/main";
const plan = planOf([gatewayListener("a")], [clusterPlan("a")]);

function codeOf(text: string): string {
  return /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? text;
}

describe("hostile clients", () => {
  const cases: { name: string; bytes: string; status: number; code: string }[] = [
    {
      name: "headers of more than 16 KiB",
      bytes: `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(17_000)}\r\n\r\n`,
      status: 431,
      code: "HEADERS_TOO_LARGE",
    },
    { name: "what is no HTTP", bytes: "\x16\x03\x01\x02\x00\x01\r\n\r\n", status: 400, code: "REQUEST_INVALID" },
    {
      name: "two Host headers",
      bytes: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      status: 400,
      code: "HOST_INVALID",
    },
    { name: "no Host header", bytes: "GET / HTTP/1.1\r\nX: 1\r\n\r\n", status: 400, code: "HOST_INVALID" },
    { name: "a Host that is no name", bytes: "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", status: 400, code: "HOST_INVALID" },
    {
      name: "a target that differs from Host",
      bytes: "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
      status: 400,
      code: "HOST_INVALID",
    },
    {
      name: "a target of another scheme",
      bytes: "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
      status: 400,
      code: "TARGET_INVALID",
    },
    {
      name: "Content-Length and Transfer-Encoding together",
      bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      status: 400,
      code: "REQUEST_INVALID",
    },
    {
      name: "two Content-Lengths",
      bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      status: 400,
      code: "REQUEST_INVALID",
    },
    {
      name: "a chunk size that is no number",
      bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      status: 400,
      code: "REQUEST_INVALID",
    },
    {
      name: "an unknown expectation",
      bytes: "POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n",
      status: 417,
      code: "EXPECTATION_FAILED",
    },
  ];
  for (const { name, bytes, status, code } of cases) {
    it(`are refused with ${status} for ${name}`, async (test) => {
      const port = await startService(test, (request, response) =>
        request.on("end", () => response.end("ok")).resume(),
      );
      const proxy = await startProxy(test, plan, { a: [endpointAt(port)] });

      const text = await sendUntilAnswer(proxy.port(gateway), bytes);
      assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
      assert.equal(codeOf(text), code);
      assert.equal((await ask(proxy.port(gateway))).body, "ok", "and others are served on");
    });
  }

  it("cuts a client that sends its headers too slowly", async (test) => {
    const proxy = await startProxy(test, plan, {}, { headerMs: 50 });
    const text = await sendRaw(proxy.port(gateway), "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.deepEqual(proxy.refused, ["REQUEST_TIMEOUT"]);
  });

  it("cuts a client that stalls within its body, and frees the upstream", async (test) => {
    let freed = false;
    const port = await startService(test, (request) => {
      request.on("error", () => {});
      request.socket.on("close", () => {
        freed = true;
      });
    });
    const proxy = await startProxy(test, plan, { a: [endpointAt(port)] }, { stallMs: 40 });
    await sendRaw(proxy.port(gateway), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await until(() => freed, "the upstream's connection is closed");
    assert.equal(proxy.dataPlane.endpointStats()[0]?.inFlight, 0);
  });

  it("cuts a client that stops reading", async (test) => {
    const chunk = Buffer.alloc(256 * 1024);
    const port = await startService(test, (_request, response) => {
      const pump = (): void => {
        while (response.write(chunk)) if (response.destroyed) return;
      };
      response.on("drain", pump);
      pump();
    });
    const proxy = await startProxy(test, plan, { a: [endpointAt(port)] }, { stallMs: 60 });
    const socket = connect({ host: "127.0.0.1", port: proxy.port(gateway) });
    test.after(() => socket.destroy());
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => proxy.dataPlane.endpointStats()[0]?.requests === 1, "the request is under way");
    await until(() => proxy.dataPlane.endpointStats()[0]?.inFlight === 0, "the request is given up");
  });

  it("finds the next request after one whose body was not wanted", async (test) => {
    const proxy = await startProxy(test, planOf([edgeListener("a")], [clusterPlan("a")]), {});
    const text = await sendRaw(
      proxy.port("edge/caller/a"),
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" +
        "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    assert.equal(text.match(/HTTP\/1\.1 503/g)?.length, 2);
  });

  it("is not fooled by a bad chunk in the middle of a body", async (test) => {
    let whole = false;
    const port = await startService(test, (request, response) => {
      request.on("error", () => {});
      request.on("end", () => {
        whole = true;
        response.end();
      });
      request.resume();
    });
    const proxy = await startProxy(test, plan, { a: [endpointAt(port)] });
    const text = await sendRaw(
      proxy.port(gateway),
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    );
    assert.match(text, /^HTTP\/1\.1 400 /);
    assert.equal(whole, false);
  });
});

describe("hostile upstreams", () => {
  const answers: { name: string; bytes: string }[] = [
    { name: "no HTTP", bytes: "hello\r\n\r\n" },
    { name: "a bad status line", bytes: "HTTP/1.1 abc OK\r\n\r\n" },
    { name: "a header without a colon", bytes: "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n" },
    {
      name: "two different lengths",
      bytes: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    },
    {
      name: "Content-Length and Transfer-Encoding",
      bytes: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    },
  ];
  for (const { name, bytes } of answers) {
    it(`get ${name} answered as 502, and the next client gets nothing of it`, async (test) => {
      let first = true;
      const port = await startRawService(test, (socket) => {
        socket.on("data", () => {
          socket.write(first ? bytes : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
          first = false;
        });
      });
      const none = { retry: { attempts: 0, statuses: [], backoffMs: 0 } };
      const proxy = await startProxy(test, planOf([edgeListener("a", none)], [clusterPlan("a")]), {
        a: [endpointAt(port)],
      });
      const answer = await ask(proxy.port("edge/caller/a"));
      assert.equal(answer.status, 502);
      assert.equal(JSON.parse(answer.body).code, "UPSTREAM_INVALID");
      assert.equal((await ask(proxy.port("edge/caller/a"))).body, "ok");
    });
  }

  it("cannot slip a second answer to another client", async (test) => {
    const port = await startRawService(test, (socket) => {
      socket.on("data", () => {
        const evil = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok${evil}`);
      });
    });
    const proxy = await startProxy(test, planOf([edgeListener("a")], [clusterPlan("a")]), { a: [endpointAt(port)] });
    for (let count = 0; count < 3; count++) assert.equal((await ask(proxy.port("edge/caller/a"))).body, "ok");
  });

  it("cannot answer at length before the request is complete and keep the client waiting", async (test) => {
    const port = await startRawService(test, (socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"));
    });
    const proxy = await startProxy(test, plan, { a: [endpointAt(port)] });
    const text = await sendUntilAnswer(
      proxy.port(gateway),
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc",
    );
    assert.match(text, /^HTTP\/1\.1 413 /);
  });
});

/** Resolves with the answer's head and what of its body came with it; the connection may stay open. */
function sendUntilAnswer(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let text = "";
    const done = (): void => {
      resolve(text);
      socket.destroy();
    };
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
      const [head = "", body = ""] = text.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (text.includes("\r\n\r\n") && body.length >= length) done();
    });
    socket.on("close", done);
    socket.on("error", reject);
    socket.write(bytes, "latin1");
  });
}
