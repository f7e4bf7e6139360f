// Encrypted listeners over real sockets: HTTP/1.1 and HTTP/2, chosen by what the client can.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2, constants, type IncomingHttpHeaders } from "node:http2";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { connect } from "node:tls";
import type { GatewayListenerPlan, ListenerSection, RouteEntry } from "../../plan/proxy-plan.js";
import {
  actionTo,
  clusterPlan,
  endpointAt,
  planOf,
  type RunningProxy,
  sendRaw,
  startProxy,
  startService,
  until,
} from "../proxy-fixture.test.js";
import { CertificateStore } from "./certificate-store.js";
import { certificateOne, certificateTwo } from "./certificates-fixture.test.js";

const one = "0123456789abcdef.pem";
const two = "fedcba9876543210.pem";
const name = "gateway/main";

const sections: ListenerSection[] = [
  { name: "any" },
  { name: "wild", hostname: "*.wild.example" },
  { name: "two", hostname: "two.example" },
];

function routeOf(section: string, overrides: Partial<RouteEntry["action"]> = {}): RouteEntry {
  return {
    route: section,
    section,
    hostnames: [],
    path: { type: "PathPrefix", value: "/" },
    headers: [],
    queryParams: [],
    action: actionTo("echo", overrides),
  };
}

function listenerOf(certificates = [one, one, two]): GatewayListenerPlan {
  return {
    kind: "gateway",
    name,
    protocols: ["http1"],
    port: 443,
    sections,
    tls: { certificates: sections.map((section, at) => ({ section: section.name, file: certificates[at] ?? one })) },
    routes: sections.map((section) => routeOf(section.name)),
  };
}

interface Served {
  readonly proxy: RunningProxy;
  readonly port: number;
}

async function serve(t: TestContext, listener: GatewayListenerPlan = listenerOf()): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "tusk-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, one), certificateOne);
  writeFileSync(join(folder, two), certificateTwo);
  const echo = await startService(t, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      response.setHeader("x-echo", JSON.stringify({ ...incoming.headers, url: incoming.url, method: incoming.method }));
      response.write(body.length > 0 ? body : "empty");
      response.addTrailers({ "x-after": "done" });
      response.end();
    });
  });
  const plan = planOf([listener], [clusterPlan("echo")]);
  const certificates = new CertificateStore(folder);
  const proxy = await startProxy(t, plan, { echo: [endpointAt(echo)] }, { certificates });
  return { proxy, port: proxy.port(name) };
}

function session(t: TestContext, port: number, servername: string): ClientHttp2Session {
  const client = connectHttp2(`https://127.0.0.1:${port}`, { servername, rejectUnauthorized: false });
  client.on("error", () => {});
  t.after(() => client.destroy());
  return client;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function get(client: ClientHttp2Session, headers: Record<string, string | string[]>, body?: Buffer): Promise<Got> {
  return new Promise((resolve, reject) => {
    const stream = client.request({ ":path": "/", ...headers }, { endStream: body === undefined });
    let got: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (response) => {
      got = response;
    });
    stream.on("trailers", (response) => {
      trailers = response;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () =>
      resolve({ status: Number(got[":status"]), headers: got, trailers, body: Buffer.concat(chunks) }),
    );
    if (body !== undefined) stream.end(body);
  });
}

const seen = (got: Got): Record<string, string> => JSON.parse(String(got.headers["x-echo"]));

describe("HTTP/2", () => {
  it("is forwarded with its authority as Host, one cookie, and who forwarded it", async (t) => {
    const { port } = await serve(t);
    const client = session(t, port, "a.wild.example");
    const got = await get(client, { ":authority": "a.wild.example", ":path": "/x?y=1", cookie: ["a=1", "b=2"] });
    const { host, cookie, url, "x-forwarded-proto": proto } = seen(got);
    assert.deepEqual([got.status, host, url, cookie, proto], [200, "a.wild.example", "/x?y=1", "a=1; b=2", "https"]);
    assert.equal(got.headers.connection, undefined);
  });

  it("carries large bodies both ways, and trailers to whom takes them", async (t) => {
    const { port } = await serve(t);
    const client = session(t, port, "one.example");
    const body = Buffer.alloc(3_000_000, "x");
    const got = await get(client, { ":method": "POST", ":authority": "one.example", te: "trailers" }, body);
    assert.equal(got.body.equals(body), true);
    assert.equal(got.trailers["x-after"], "done");
    const head = await get(client, { ":method": "HEAD", ":authority": "one.example" });
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    const many = await Promise.all(
      Array.from({ length: 50 }, () => get(client, { ":authority": "one.example" }, Buffer.alloc(50_000, "y"))),
    );
    assert.ok(many.every(({ status }) => status === 200));
  });

  it("is answered 421 for a host of another listener than the connection's", async (t) => {
    const { port } = await serve(t);
    const cases: [serverName: string, host: string, status: number][] = [
      ["two.example", "two.example", 200],
      ["two.example", "one.example", 421],
      ["one.example", "two.example", 421],
      ["one.example", "other.example", 200],
      ["a.wild.example", "b.wild.example", 200],
      ["a.wild.example", "two.example", 421],
    ];
    for (const [serverName, host, status] of cases) {
      const got = await get(session(t, port, serverName), { ":authority": host });
      assert.equal(got.status, status, `${host} on ${serverName}`);
    }
  });

  it("refuses a Host header beside another authority, and a method that makes tunnels", async (t) => {
    const { port } = await serve(t);
    const client = session(t, port, "one.example");
    assert.equal((await get(client, { ":authority": "one.example", host: "evil.example" })).status, 400);
    assert.equal((await get(client, { ":authority": "one.example", host: "one.example" })).status, 200);
  });

  it("ends a connection that opens streams only to reset them", async (t) => {
    const { port, proxy } = await serve(t);
    const client = session(t, port, "one.example");
    let closed = false;
    client.on("close", () => {
      closed = true;
    });
    for (let count = 0; count < 400 && !closed; count++) {
      const stream = client.request({ ":path": "/", ":authority": "one.example", ":method": "POST" });
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (count % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => closed, "the connection is ended");
    assert.equal((await get(session(t, port, "one.example"), { ":authority": "one.example" })).status, 200);
    await until(() => proxy.servers.every((server) => server.inFlight === 0), "nothing is left in flight");
  });

  it("ends gently when the listener drains", async (t) => {
    const { port, proxy } = await serve(t);
    const client = session(t, port, "one.example");
    assert.equal((await get(client, { ":authority": "one.example" })).status, 200);
    await Promise.all(proxy.servers.map((server) => server.drain()));
    await until(() => client.closed, "the client is told");
  });
});

describe("HTTP/1.1 over TLS", () => {
  const ask = (port: number, servername: string, path = "/"): Promise<{ status: number; location?: string }> =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, servername, path, agent: false, rejectUnauthorized: false };
      const outgoing = request({ ...options, headers: { host: servername } }, (incoming) => {
        incoming.resume();
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, location: incoming.headers.location }));
      });
      outgoing.on("error", reject);
      outgoing.end();
    });

  it("is served like plain requests, with redirects that keep the scheme", async (t) => {
    const plain = listenerOf();
    const redirect = { path: { type: "ReplaceFullPath", value: "/new" }, status: 302 } as const;
    const routes = [routeOf("any", { filters: { redirect } }), routeOf("two")];
    const { port } = await serve(t, { ...plain, routes });
    assert.equal((await ask(port, "two.example")).status, 200);
    assert.deepEqual(await ask(port, "one.example"), { status: 302, location: "https://one.example/new" });
  });

  it("gives each name its certificate, and another one after a change of the plan", async (t) => {
    const { port, proxy } = await serve(t);
    const subject = (servername?: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { host: "127.0.0.1", port, rejectUnauthorized: false, ...(servername ? { servername } : {}) };
        const socket = connect(options, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.on("error", reject);
      });
    assert.deepEqual(
      [await subject("one.example"), await subject("two.example"), await subject()],
      ["test", "other", "test"],
    );
    proxy.dataPlane.applyPlan(planOf([listenerOf([two, one, one])], [clusterPlan("echo")], 2));
    assert.deepEqual([await subject("two.example"), await subject()], ["test", "other"]);
  });

  it("answers what is no handshake with the end of the connection", async (t) => {
    const { port } = await serve(t);
    const text = await sendRaw(port, "GET / HTTP/1.1\r\nHost: one.example\r\n\r\n");
    assert.equal(text.includes("200"), false);
    assert.equal((await ask(port, "one.example")).status, 200);
  });
});

it("a plan with a certificate that is not there, or is none, is refused and changes nothing", async (t) => {
  const { proxy } = await serve(t);
  const answer = proxy.dataPlane.applyPlan(planOf([listenerOf(["00000000.pem"])], [clusterPlan("echo")], 2));
  assert.equal(answer.type, "refused");
  assert.equal(proxy.dataPlane.planVersion, 1);
  const outside = proxy.dataPlane.applyPlan(planOf([listenerOf(["../../etc/passwd"])], [clusterPlan("echo")], 2));
  assert.match(outside.type === "refused" ? outside.problems.join() : "", /must be <hash>\.pem/);
});
