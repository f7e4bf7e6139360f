import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ByteWriter } from "./byte-writer.js";

/** Takes everything at once, as a kernel with room does. */
function recorder(name: string, log: string[]): Socket {
  const socket = {
    writableLength: 0,
    writableNeedDrain: false,
    cork: () => {},
    uncork: () => {},
    write: (part: string | Buffer) => log.push(`${name}:${part.length > 20 ? part.length : part}`),
  };
  return socket as unknown as Socket;
}

describe("what is flushed", () => {
  it("leaves at the end of the turn, each writer's part in one write", async () => {
    const log: string[] = [];
    const one = new ByteWriter(recorder("one", log));
    const other = new ByteWriter(recorder("other", log));
    one.add("a");
    one.flush();
    other.add("b");
    other.flush();
    one.add("c");
    one.flush();
    assert.deepEqual(log, []);
    await turn();
    assert.deepEqual(log, ["one:ac", "other:b"]);
  });

  it("leaves before a large chunk, and before the end", async () => {
    const log: string[] = [];
    const writer = new ByteWriter(recorder("one", log));
    writer.add("head");
    writer.flush();
    writer.addChunk(Buffer.alloc(20_000), "", "");
    writer.add("rest");
    writer.send();
    assert.deepEqual(log, ["one:head", "one:20000", "one:rest"]);
    await turn();
    assert.equal(log.length, 3);
  });

  it("and only that, leaves when the socket is destroyed", () => {
    const log: string[] = [];
    const writer = new ByteWriter(recorder("one", log));
    writer.add("held");
    writer.settle();
    assert.deepEqual(log, []);
    writer.flush();
    writer.settle();
    assert.deepEqual(log, ["one:held"]);
  });
});
