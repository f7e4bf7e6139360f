import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { readJsonLines, writeJsonLine } from "./lines.js";

describe("JSON lines", () => {
  let server: Server;
  let near: Socket;
  let far: Socket;
  let values: unknown[];
  let errors: string[];

  before(async () => {
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  beforeEach(async () => {
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const accepted = once(server, "connection");
    near = createConnection(address.port, "127.0.0.1");
    [far] = (await accepted) as [Socket];
    values = [];
    errors = [];
  });

  after(() => server.close());

  function read(socket: Socket, maxBytes?: number, onValue?: (value: unknown) => void): Promise<unknown> {
    readJsonLines(
      socket,
      (value) => {
        values.push(value);
        onValue?.(value);
      },
      { onError: (error) => errors.push(error.message), ...(maxBytes === undefined ? {} : { maxBytes }) },
    );
    return once(socket, "close");
  }

  test("values arrive in order, however they were cut", async () => {
    const ended = read(far);
    const bytes = Buffer.from('{"name":"Käthe"}\n\n[1,2]\n"a"\n');
    near.setNoDelay(true);
    for (const byte of bytes) near.write(Buffer.from([byte]));
    near.end();
    far.end();
    await ended;
    assert.deepEqual(values, [{ name: "Käthe" }, [1, 2], "a"]);
    assert.deepEqual(errors, []);
  });

  test("what is written is read", async () => {
    const ended = read(far);
    writeJsonLine(near, { text: "two\nlines" });
    near.end();
    far.end();
    await ended;
    assert.deepEqual(values, [{ text: "two\nlines" }]);
  });

  test("a line that is no JSON ends the connection, and nothing after it is read", async () => {
    const ended = read(far);
    near.on("error", () => {});
    near.write("1\nnot json\n2\n");
    await ended;
    assert.deepEqual(values, [1]);
    assert.deepEqual(errors, ["a line that is not JSON"]);
    near.destroy();
  });

  test("a line without end is not gathered beyond the limit", async () => {
    const ended = read(far, 1000);
    near.on("error", () => {});
    near.write("x".repeat(5000));
    await ended;
    assert.deepEqual(errors, ["a line of more than 1000 bytes"]);
    near.destroy();
  });

  test("a reader that hangs up gets nothing more of the same chunk", async () => {
    const ended = read(far, undefined, () => far.destroy());
    near.on("error", () => {});
    near.write("1\n2\n3\n");
    await ended;
    assert.deepEqual(values, [1]);
    near.destroy();
  });

  test("a last line without its end is dropped", async () => {
    const ended = read(far);
    near.end('1\n{"torn":');
    far.end();
    await ended;
    assert.deepEqual(values, [1]);
    assert.deepEqual(errors, []);
  });

  test("writing to a connection that has ended does nothing", async () => {
    near.destroy();
    await once(near, "close");
    writeJsonLine(near, 1);
    far.destroy();
  });
});
