import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BodySource } from "./exchange.js";
import { ReplayableBody } from "./replayable-body.js";

function sourceOf(parts: readonly string[]): BodySource {
  let index = 0;
  return {
    length: null,
    read: async () => {
      const part = parts[index++];
      return part === undefined ? null : Buffer.from(part);
    },
  };
}

async function textOf(chunks: AsyncIterable<Uint8Array> | null): Promise<string> {
  let text = "";
  for await (const chunk of chunks ?? []) text += Buffer.from(chunk).toString();
  return text;
}

describe("replayable body", () => {
  it("gives the same bytes to each attempt", async () => {
    const body = new ReplayableBody(sourceOf(["ab", "cd"]), 10);
    assert.equal(await textOf(body.open()), "abcd");
    assert.equal(await textOf(body.open()), "abcd");
    assert.equal(body.replayable, true);
    assert.equal(body.bytesRead, 4);
  });

  it("goes on where an attempt stopped half-way", async () => {
    const body = new ReplayableBody(sourceOf(["ab", "cd", "ef"]), 10);
    for await (const _first of body.open() ?? []) break;
    assert.equal(await textOf(body.open()), "abcdef");
  });

  it("loses nothing to an attempt that still waits when the next begins", async () => {
    let give: (chunk: Uint8Array | null) => void = () => {};
    const waiting = new Promise<Uint8Array | null>((resolve) => {
      give = resolve;
    });
    let reads = 0;
    const body = new ReplayableBody(
      { length: null, read: () => (reads++ === 0 ? waiting : Promise.resolve(null)) },
      10,
    );
    const abandoned = body.open()?.[Symbol.asyncIterator]();
    void abandoned?.next();
    const second = textOf(body.open());
    give(Buffer.from("ab"));
    assert.equal(await second, "ab");
    assert.equal(await textOf(body.open()), "ab");
  });

  it("streams through once what is larger than its limit", async () => {
    const body = new ReplayableBody(sourceOf(["abc", "def", "ghi"]), 5);
    assert.equal(await textOf(body.open()), "abcdefghi");
    assert.equal(body.replayable, false);
  });

  it("is replayable with no memory at all until something is read", async () => {
    const body = new ReplayableBody(sourceOf(["abc"]), 0);
    assert.equal(body.replayable, true);
    await textOf(body.open());
    assert.equal(body.replayable, false);
  });

  it("has nothing to open for a request without a body", () => {
    assert.equal(new ReplayableBody({ length: 0, read: async () => null }, 5).open(), null);
  });
});
