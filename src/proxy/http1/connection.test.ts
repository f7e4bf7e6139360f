// Both codecs over real sockets: what a parser alone does not show.
import assert from "node:assert/strict";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import {
  ask,
  clusterPlan,
  edgeListener,
  endpointAt,
  planOf,
  sendRaw,
  startProxy,
  startRawService,
  startService,
  until,
} from "../proxy-fixture.test.js";
import type { HttpLimits } from "./limits.js";

const listener = "edge/caller/a";
const plan = planOf([edgeListener("a")], [clusterPlan("a")]);

async function proxyTo(test: TestContext, service: number, limits: Partial<HttpLimits> = {}) {
  const proxy = await startProxy(test, plan, { a: [endpointAt(service)] }, limits);
  return { ...proxy, to: proxy.port(listener) };
}

/** A client that the test drives byte by byte. */
function client(test: TestContext, port: number): { readonly socket: Socket; text: string; closed: boolean } {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  const state = { socket, text: "", closed: false };
  test.after(() => socket.destroy());
  socket.setEncoding("latin1").on("data", (chunk) => {
    state.text += chunk;
  });
  socket.on("error", () => {});
  socket.on("end", () => {
    state.closed = true;
  });
  socket.on("close", () => {
    state.closed = true;
  });
  return state;
}

/** Answers each request by a function of its head, whenever its head is there. */
function rawService(test: TestContext, answer: (head: string, socket: Socket) => void): Promise<number> {
  return startRawService(test, (socket) => {
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
      for (let end = text.indexOf("\r\n\r\n"); end !== -1; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        answer(head, socket);
      }
    });
  });
}

const statuses = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => found[1] ?? "");

describe("requests on one connection", () => {
  it("are answered in their order, however long each takes", async (test) => {
    const waiting: (() => void)[] = [];
    const service = await startService(test, (request, response) => {
      const answer = (): void => void response.end(request.url);
      if (request.url === "/slow") waiting.push(answer);
      else answer();
    });
    const { to } = await proxyTo(test, service);
    const state = client(test, to);
    state.socket.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /fast HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => waiting.length === 1, "the first request upstream");
    assert.equal(state.text, "");
    waiting[0]?.();
    await until(() => state.text.endsWith("/fast"), "both answers");
    assert.ok(state.text.indexOf("/slow") < state.text.indexOf("/fast"));
  });

  it("end with one that says close, whatever follows", async (test) => {
    let received = 0;
    const service = await startService(test, (_request, response) => {
      received++;
      response.end("ok");
    });
    const { to } = await proxyTo(test, service);
    const text = await sendRaw(
      to,
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /more HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(text, /\r\nconnection: close\r\n/);
    assert.deepEqual([statuses(text).length, received], [1, 1]);
  });

  it("before a malformed one are answered first", async (test) => {
    const service = await startService(test, (_request, response) => response.end("ok"));
    const { to, refused } = await proxyTo(test, service);
    const text = await sendRaw(to, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\nHost: a\n\n");
    assert.deepEqual(statuses(text), ["200", "400"]);
    assert.deepEqual(refused, ["REQUEST_INVALID"]);
  });

  it("are held back while the client does not take the answers", async (test) => {
    let received = 0;
    const body = "x".repeat(100_000);
    const service = await startService(test, (_request, response) => {
      received++;
      response.end(body);
    });
    const { to, dataPlane } = await proxyTo(test, service);
    const { socket } = client(test, to);
    socket.pause();
    const many = 2_000;
    for (let count = 0; count < many; count++) socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let last = -1;
    let steady = 0;
    await until(() => {
      steady = received === last && received > 0 ? steady + 1 : 0;
      last = received;
      return steady > 200;
    }, "the proxy asks for no more");
    assert.ok(received < many, `${received} answers were fetched for a client that reads none`);
    assert.ok((dataPlane.endpointStats()[0]?.inFlight ?? 2) <= 1);
  });

  it("of HTTP/1.0 end the connection unless it is to be kept, and never see chunks", async (test) => {
    const service = await startService(test, (_request, response) => {
      response.write("part ");
      response.end("whole");
    });
    const { to } = await proxyTo(test, service);
    const text = await sendRaw(to, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    assert.match(text, /\r\n\r\npart whole$/);
    assert.doesNotMatch(text, /transfer-encoding/);
    const fixed = await startService(test, (_request, response) => response.end("ok"));
    const other = await proxyTo(test, fixed);
    const kept = client(test, other.to);
    kept.socket.write("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    await until(() => kept.text.endsWith("ok"), "the first answer");
    assert.match(kept.text, /\r\nconnection: keep-alive\r\n/);
    kept.socket.write("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    await until(() => kept.closed, "the end of the connection");
    assert.equal(statuses(kept.text).length, 2);
  });
});

describe("a client that closes its side", () => {
  it("still gets its answers", async (test) => {
    const service = await startService(test, (request, response) => {
      setImmediate(() => response.end(request.url));
    });
    const { to } = await proxyTo(test, service);
    const half = client(test, to);
    half.socket.end("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => half.closed, "the end of the connection");
    assert.deepEqual(statuses(half.text), ["200", "200"]);
    assert.match(half.text, /connection: close\r\n[\s\S]*\/2$/);
  });

  it("is served for as long as parts of its answer come", async (test) => {
    let parts = 0;
    const service = await startService(test, (_request, response) => {
      const timer = setInterval(() => {
        response.write(`part ${++parts}\n`);
        if (parts < 10) return;
        clearInterval(timer);
        response.end();
      }, 10);
    });
    const { to } = await proxyTo(test, service, { halfClosedMs: 60 });
    const half = client(test, to);
    half.socket.end("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => half.closed, "the end of the connection");
    assert.match(half.text, /part 10\n\r\n0\r\n\r\n$/);
  });

  it("in the middle of its body has left", async (test) => {
    let arrived = false;
    let left = false;
    const service = await startService(test, (request) => {
      arrived = true;
      request.on("error", () => {
        left = true;
      });
      request.resume();
    });
    const { to, dataPlane } = await proxyTo(test, service);
    const { socket } = client(test, to);
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await until(() => arrived, "the request upstream");
    socket.end();
    await until(() => left, "the end of the upstream's request");
    assert.equal(dataPlane.endpointStats()[0]?.inFlight, 0);
  });

  it("and gets nothing for too long is given up", async (test) => {
    const service = await startService(test, () => {});
    const { to, dataPlane } = await proxyTo(test, service, { halfClosedMs: 30 });
    const half = client(test, to);
    half.socket.end("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => dataPlane.endpointStats()[0]?.requests === 1, "the request upstream");
    await until(() => dataPlane.endpointStats()[0]?.inFlight === 0, "its end");
  });
});

describe("interim answers and trailers", () => {
  it("are passed on: the service's 100 invites the body, its 103 comes before the answer", async (test) => {
    const service = await rawService(test, (head, socket) => {
      if (head.includes("100-continue"))
        socket.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
      else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\n\r\n${head}`);
    });
    const { to } = await proxyTo(test, service);
    const waiting = client(test, to);
    waiting.socket.write("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n");
    await until(() => waiting.text.includes("100 Continue"), "the invitation");
    assert.match(waiting.text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/x>\r\n\r\nHTTP\/1\.1 100 Continue\r\n\r\n$/);
    waiting.socket.write("a\r\n\r\nb");
    await until(() => waiting.text.includes("200 OK"), "the answer");
  });

  it("are not sent to a client of HTTP/1.0, nor a 100 to one that did not ask", async (test) => {
    const service = await rawService(test, (_head, socket) => {
      socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    });
    const { to } = await proxyTo(test, service);
    const old = await sendRaw(to, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    assert.deepEqual(statuses(old), ["204"]);
    const modern = await sendRaw(to, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.deepEqual(statuses(modern), ["103", "204"]);
  });

  it("an answer instead of the invitation ends the connection: the body may or may not come", async (test) => {
    const service = await rawService(test, (_head, socket) => {
      socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    });
    const { to } = await proxyTo(test, service);
    const text = await sendRaw(to, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n");
    assert.deepEqual(statuses(text), ["413"]);
    assert.match(text, /\r\nconnection: close\r\n/);
  });

  it("trailers reach the service, except for those that decide about the message", async (test) => {
    let trailers: object = {};
    const service = await startService(test, (request, response) => {
      request.resume().on("end", () => {
        trailers = request.trailers;
        response.end();
      });
    });
    const { to } = await proxyTo(test, service);
    const chunks = "3\r\nabc\r\n0\r\nX-Sum: 6\r\nContent-Length: 9\r\nAuthorization: x\r\nHost: b\r\n\r\n";
    const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    assert.deepEqual(statuses(await sendRaw(to, head + chunks)), ["200"]);
    assert.deepEqual({ ...trailers }, { "x-sum": "6" });
  });
});

describe("limits", () => {
  const cases: { what: string; bytes: string; status: string; code: string }[] = [
    { what: "a request line of 9 KiB", bytes: `GET /${"x".repeat(9_000)}`, status: "414", code: "TARGET_TOO_LONG" },
    {
      what: "101 headers",
      bytes: `GET / HTTP/1.1\r\nHost: a\r\n${"X: 1\r\n".repeat(100)}\r\n`,
      status: "431",
      code: "HEADERS_TOO_LARGE",
    },
    { what: "HTTP/2 in a request line", bytes: "GET / HTTP/2.0\r\n\r\n", status: "505", code: "VERSION_NOT_SUPPORTED" },
    {
      what: "a body over the limit",
      bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n",
      status: "413",
      code: "BODY_TOO_LARGE",
    },
    {
      what: "chunks over the limit",
      bytes: `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${"10\r\n0123456789abcdef\r\n".repeat(7)}`,
      status: "413",
      code: "BODY_TOO_LARGE",
    },
  ];
  for (const { what, bytes, status, code } of cases) {
    it(`${what} is answered with ${status}, and the connection ends`, async (test) => {
      const service = await startService(test, (request, response) => request.resume().on("end", () => response.end()));
      const { to, refused } = await proxyTo(test, service, { bodyBytes: 100 });
      const text = await sendRaw(to, bytes);
      assert.deepEqual(statuses(text), [status]);
      assert.match(text, new RegExp(`"code":"${code}"`));
      assert.deepEqual(refused, [code]);
    });
  }

  it("an idle connection is closed without a word", async (test) => {
    const service = await startService(test, (_request, response) => response.end("ok"));
    const { to } = await proxyTo(test, service, { keepAliveMs: 30 });
    assert.equal(await sendRaw(to, ""), "");
    assert.match(await sendRaw(to, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), /ok$/);
  });

  it("a body that stalls is answered with 408", async (test) => {
    const service = await startService(test, (request) => request.resume());
    const { to } = await proxyTo(test, service, { stallMs: 30 });
    assert.deepEqual(statuses(await sendRaw(to, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")), [
      "408",
    ]);
  });
});

describe("connections to a service", () => {
  it("are used again, the last one first, and a closed one is not", async (test) => {
    const sockets = new Set<Socket>();
    const service = await startService(test, (request, response) => {
      sockets.add(request.socket);
      response.end("ok");
    });
    const { to } = await proxyTo(test, service);
    for (let count = 0; count < 5; count++) await ask(to);
    assert.equal(sockets.size, 1);
    for (const socket of sockets) socket.destroy();
    for (let count = 0; count < 5; count++) assert.equal((await ask(to, { method: "POST", body: "x" })).body, "ok");
  });

  const ends: [what: string, answer: string][] = [
    ["said close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
    ["sent more than its answer", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n"],
    ["answered in HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ];
  for (const [what, answer] of ends) {
    it(`are not used again when the service ${what}`, async (test) => {
      const used = new Set<Socket>();
      const service = await rawService(test, (_head, socket) => {
        used.add(socket);
        socket.write(answer);
      });
      const { to } = await proxyTo(test, service);
      for (let count = 0; count < 3; count++) assert.equal((await ask(to)).body, "ok");
      assert.equal(used.size, 3);
    });
  }

  it("whose answer came before the request was whole are not used again", async (test) => {
    const used = new Set<Socket>();
    const service = await startRawService(test, (socket) => {
      used.add(socket);
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    });
    const { to } = await proxyTo(test, service);
    const early = client(test, to);
    early.socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    await until(() => early.text.endsWith("ok"), "the early answer");
    early.socket.write("cde");
    assert.equal((await ask(to)).body, "ok");
    assert.equal(used.size, 2);
  });
});

describe("large bodies", () => {
  const size = 8 * 1024 * 1024;
  const pattern = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7 + (index >> 11)) & 255));

  for (const chunked of [false, true]) {
    it(`pass unchanged both ways ${chunked ? "in chunks" : "by length"}`, async (test) => {
      const service = await startService(test, (incoming, response) => {
        if (!chunked) response.setHeader("content-length", String(incoming.headers["content-length"]));
        incoming.pipe(response);
      });
      const { to } = await proxyTo(test, service);
      const same = await new Promise<boolean>((resolve, reject) => {
        const headers = chunked ? { "transfer-encoding": "chunked" } : { "content-length": String(size) };
        const outgoing = request({ host: "127.0.0.1", port: to, method: "POST", headers, agent: false }, (incoming) => {
          const parts: Buffer[] = [];
          incoming.on("data", (part: Buffer) => parts.push(part));
          incoming.on("end", () => resolve(Buffer.concat(parts).equals(pattern)));
          incoming.on("error", reject);
        });
        outgoing.on("error", reject);
        outgoing.end(pattern);
      });
      assert.ok(same);
    });
  }

  it("to clients of different speed are not mixed up", async (test) => {
    const length = size / 4;
    const service = await startService(test, (request, response) => {
      response.end(Buffer.alloc(length, request.url?.slice(1)));
    });
    const { to } = await proxyTo(test, service);
    const texts = await Promise.all(
      [..."abcdefgh"].map(async (letter, index) => {
        const { socket } = client(test, to);
        socket.removeAllListeners("data").setEncoding("latin1");
        let bytes = 0;
        let wrong = 0;
        socket.on("data", (part: string) => {
          const body = bytes === 0 ? part.slice(part.indexOf("\r\n\r\n") + 4) : part;
          bytes += body.length;
          wrong += body.length - (body.split(letter).length - 1);
          if (index % 2 === 0) {
            socket.pause();
            setImmediate(() => socket.resume());
          }
        });
        socket.write(`GET /${letter} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        await new Promise((resolve) => socket.on("close", resolve).on("end", () => socket.end()));
        return `${bytes} ${wrong}`;
      }),
    );
    for (const text of texts) assert.equal(text, `${length} 0`);
  });
});
