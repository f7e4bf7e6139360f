import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { describe, it, type TestContext } from "node:test";
import { acceptSockets, type ReadHooks } from "./accepted-socket.js";

async function acceptOne(test: TestContext, hooks: ReadHooks): Promise<[accepted: Socket, client: Socket]> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = new Promise<Socket>((resolve) => acceptSockets(server, (open) => resolve(open(hooks))));
  const client = connect((server.address() as { port: number }).port, "127.0.0.1");
  const socket = await accepted;
  test.after(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return [socket, client];
}

describe("an accepted socket", () => {
  it("reads into the buffer that it is given, and into another one from then on", async (test) => {
    const buffers = [Buffer.alloc(8, "."), Buffer.alloc(8, "."), undefined];
    const first = buffers[0];
    const second = buffers[1];
    const seen: string[] = [];
    const hooks: ReadHooks = {
      buffer: () => buffers.shift(),
      callback: (length, bytes) => {
        seen.push(bytes.toString("latin1", 0, length));
        client.write("next ");
        return true;
      },
    };
    const [socket, client] = await acceptOne(test, hooks);
    client.write("one ");
    while (seen.length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen.slice(0, 2), ["one ", "next "]);
    assert.equal(first?.toString(), "one ....");
    assert.match(second?.toString() ?? "", /^next /);
    assert.equal(socket.remoteAddress, "127.0.0.1");
  });

  it("answers a client that has closed its side", async (test) => {
    const hooks: ReadHooks = { buffer: () => Buffer.alloc(8), callback: () => true };
    const [socket, client] = await acceptOne(test, hooks);
    client.end("all");
    await once(socket, "end");
    socket.end("still there");
    const [text] = (await once(client, "data")) as [Buffer];
    assert.equal(text.toString(), "still there");
  });

  it("works by the ordinary events where Node offers nothing else", async () => {
    const server = new EventEmitter();
    const seen: string[] = [];
    acceptSockets(server as Server, (open) => {
      open({
        buffer: () => undefined,
        callback: (length, bytes) => seen.push(bytes.toString("latin1", 0, length)) > 0,
      });
    });
    const socket = new PassThrough();
    server.emit("connection", socket);
    socket.end("hello");
    await once(socket, "end");
    assert.deepEqual(seen, ["hello"]);
  });
});
