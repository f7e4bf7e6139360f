// WebSocket through the proxy: after the 101 a connection is a tunnel, for whatever comes.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import {
  ask,
  clusterPlan,
  endpointAt,
  gatewayListener,
  planOf,
  type RunningProxy,
  sendRaw,
  startProxy,
  startRawService,
  until,
} from "./proxy-fixture.test.js";

const asked = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a2V5\r\n";
const request = `GET /chat HTTP/1.1\r\nHost: shop.example\r\n${asked}\r\n`;
const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

type OnUpgrade = (socket: Socket, head: Buffer, request: IncomingMessage) => void;

/** A service that answers 200 to requests and takes upgrades. */
async function startUpgradeService(t: TestContext, onUpgrade: OnUpgrade): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => response.end(`plain ${incoming.headers.upgrade}`));
  server.on("upgrade", (incoming, socket: Socket, head) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onUpgrade(socket, head, incoming);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

const echo: OnUpgrade = (socket, head) => {
  socket.write(switched);
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
};

async function serve(t: TestContext, service: number): Promise<{ port: number; proxy: RunningProxy }> {
  const listener = gatewayListener("chat", { requestTimeoutMs: 200, attemptTimeoutMs: 150 });
  const plan = planOf([listener], [clusterPlan("chat")]);
  const proxy = await startProxy(t, plan, { chat: [endpointAt(service)] });
  return { port: proxy.port("gateway/main"), proxy };
}

interface Client {
  readonly socket: Socket;
  text: string;
  ended: boolean;
}

function open(t: TestContext, port: number, first: string | Buffer): Client {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  const client: Client = { socket, text: "", ended: false };
  socket.setEncoding("latin1");
  socket.on("data", (data) => {
    client.text += data;
  });
  socket.on("end", () => {
    client.ended = true;
  });
  socket.on("error", () => {
    client.ended = true;
  });
  socket.write(first);
  t.after(() => socket.destroy());
  return client;
}

describe("a tunnel", () => {
  it("passes on what both sides say, what the client said ahead too, for longer than a request may take", async (t) => {
    let headers: IncomingMessage["headers"] = {};
    const service = await startUpgradeService(t, (socket, head, incoming) => {
      headers = incoming.headers;
      echo(socket, head, incoming);
    });
    const { port, proxy } = await serve(t, service);
    const client = open(t, port, `${request}ahead`);
    await until(() => client.text.endsWith("ahead"), "what was said ahead comes back");
    assert.match(client.text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(client.text, /\r\nupgrade: websocket\r\n/);
    assert.match(client.text, /\r\nconnection: upgrade\r\n/);
    assert.doesNotMatch(client.text, /close|transfer-encoding/);
    assert.equal(headers["sec-websocket-key"], "a2V5");
    const counted = proxy.dataPlane.edges.of("gateway", "chat");
    assert.deepEqual(counted.toJSON().statusClasses, { "1xx": 1 });
    const begun = performance.now();
    await until(() => performance.now() - begun > 300, "the time of a request is over");
    client.socket.write("later");
    await until(() => client.text.endsWith("later"), "the tunnel is still there");
    assert.equal(proxy.servers[0]?.inFlight, 1);
    client.socket.end();
    await until(() => client.ended, "the service ends it too");
    await until(() => proxy.servers[0]?.inFlight === 0, "nothing is left in flight");
    assert.equal(proxy.dataPlane.endpointStats()[0]?.inFlight, 0);
    assert.equal(counted.toJSON().requests, 1);
  });

  it("is counted while it is open, and closed when neither side has said anything for its time", async (t) => {
    let say: (text: string) => void = () => {};
    const service = await startUpgradeService(t, (socket) => {
      socket.write(switched);
      socket.resume();
      say = (text) => socket.write(text);
    });
    const plan = planOf([gatewayListener("chat")], [clusterPlan("chat", { tunnelIdleMs: 400 })]);
    const proxy = await startProxy(t, plan, { chat: [endpointAt(service)] });
    const client = open(t, proxy.port("gateway/main"), request);
    await until(() => client.text.includes("101"), "it is open");
    const counts = (): number[] => {
      const { tunnels, tunnelsOpen } = proxy.dataPlane.edges.of("gateway", "chat").toJSON();
      return [tunnels, tunnelsOpen];
    };
    assert.deepEqual(counts(), [1, 1]);
    // The service alone speaks, for longer than the limit.
    const begun = performance.now();
    let said = 0;
    await until(() => {
      if (performance.now() - begun > said * 100) say(`${++said},`);
      return performance.now() - begun > 900;
    }, "more than two limits are over");
    assert.equal(client.ended, false);
    await until(() => client.ended, "it is closed in silence");
    await until(() => counts()[1] === 0, "it is not open any more");
    assert.deepEqual(counts(), [1, 0]);
  });

  it("carries much, both ways at once", async (t) => {
    const { port } = await serve(t, await startUpgradeService(t, echo));
    const client = open(t, port, request);
    await until(() => client.text.includes("\r\n\r\n"), "it is open");
    const head = client.text.length;
    const size = 4_000_000;
    client.socket.write(Buffer.alloc(size, "z"));
    await until(() => client.text.length === head + size, "all of it comes back");
    assert.equal(client.text.slice(head).includes("y"), false);
  });

  it("ends with the service, and breaks where it breaks, without a mark against the instance", async (t) => {
    const sockets: Socket[] = [];
    const service = await startUpgradeService(t, (socket) => {
      sockets.push(socket);
      socket.write(`${switched}hello`);
    });
    const { port, proxy } = await serve(t, service);
    const first = open(t, port, request);
    await until(() => first.text.endsWith("hello"), "it is open");
    sockets[0]?.end("bye");
    await until(() => first.ended && first.text.endsWith("hellobye"), "it ends");
    const second = open(t, port, request);
    await until(() => second.text.endsWith("hello"), "it is open");
    sockets[1]?.resetAndDestroy();
    await until(() => second.ended, "it breaks");
    await until(() => proxy.servers[0]?.inFlight === 0, "nothing is left in flight");
    assert.equal(proxy.dataPlane.endpointStats()[0]?.failures, 0);
  });

  it("is let go when the client is gone", async (t) => {
    let closed = false;
    const service = await startUpgradeService(t, (socket) => {
      socket.write(switched);
      socket.resume();
      socket.on("end", () => {
        closed = true;
      });
    });
    const { port, proxy } = await serve(t, service);
    const client = open(t, port, request);
    await until(() => client.text.includes("101"), "it is open");
    client.socket.resetAndDestroy();
    await until(() => closed, "the service is told");
    await until(() => proxy.dataPlane.endpointStats()[0]?.inFlight === 0, "nothing is left in flight");
  });
});

describe("no tunnel", () => {
  it("is made by a service that answers otherwise: the connection goes on", async (t) => {
    const service = await startRawService(t, (socket) => {
      socket.on("data", () => socket.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"));
    });
    const { port } = await serve(t, service);
    const client = open(t, port, request + request);
    await until(() => client.text.split("HTTP/1.1 403").length === 3, "both are answered");
  });

  it("is made for another protocol than WebSocket, nor for a request with a body", async (t) => {
    const { port } = await serve(t, await startUpgradeService(t, () => assert.fail("nothing was to be passed on")));
    const h2c = { upgrade: "h2c", connection: "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABkAAQAAP__" };
    assert.equal((await ask(port, { headers: h2c })).body, "plain undefined");
    const websocket = { upgrade: "websocket", connection: "upgrade" };
    assert.equal((await ask(port, { method: "POST", headers: websocket, body: "x" })).body, "plain undefined");
    const old = await sendRaw(port, `GET / HTTP/1.0\r\nHost: a\r\n${asked}\r\n`);
    assert.match(old, /plain undefined$/);
  });

  it("is made by a service that was not asked", async (t) => {
    const service = await startRawService(t, (socket) => {
      socket.on("data", () => socket.write(`${switched}GET / HTTP/1.1`));
    });
    const { port } = await serve(t, service);
    assert.equal((await ask(port)).status, 502);
  });
});
