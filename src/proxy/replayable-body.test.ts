import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BodyReader, BodySource } from "./exchange.js";
import { ReplayableBody } from "./replayable-body.js";

/** A source that the test lets flow part by part. */
class Source implements BodySource {
  readonly length: number | null = null;
  flowing = false;
  reader: BodyReader | null = null;

  start(reader: BodyReader): void {
    this.reader = reader;
    this.flowing = true;
  }

  pause(): void {
    this.flowing = false;
  }

  resume(): void {
    this.flowing = true;
  }

  end(trailers: readonly string[]): void {
    this.reader?.onBodyEnd(trailers);
  }

  give(part: string | Buffer): boolean {
    this.reader?.onBody(Buffer.from(part));
    return this.reader?.onBodyPause() ?? false;
  }
}

class Reader implements BodyReader {
  text = "";
  ended = false;
  trailers: readonly string[] = [];
  takes = true;

  onBody(chunk: Uint8Array): void {
    this.text += Buffer.from(chunk).toString();
  }

  onBodyPause(): boolean {
    return this.takes;
  }

  onBodyEnd(trailers: readonly string[]): boolean {
    this.ended = true;
    this.trailers = trailers;
    return true;
  }
}

describe("replayable body", () => {
  it("asks for nothing before the first attempt, and gives the same bytes to each", () => {
    const source = new Source();
    const body = new ReplayableBody(source, 10);
    assert.equal(source.reader, null);
    const [first, second] = [new Reader(), new Reader()];
    body.start(first);
    source.give("ab");
    source.give("cd");
    source.end(["x-sum", "1"]);
    body.start(second);
    for (const reader of [first, second])
      assert.equal(`${reader.text} ${reader.ended} ${reader.trailers}`, "abcd true x-sum,1");
    assert.equal(body.replayable, true);
    assert.equal(body.bytesRead, 4);
  });

  it("copies what it keeps, because the bytes are only lent", () => {
    const source = new Source();
    const body = new ReplayableBody(source, 10);
    body.start(new Reader());
    const lent = Buffer.from("ab");
    source.give(lent);
    lent.fill("x");
    const again = new Reader();
    body.start(again);
    assert.equal(again.text, "ab");
  });

  it("holds the client back between two attempts, and goes on where the first one stopped", () => {
    const source = new Source();
    const body = new ReplayableBody(source, 10);
    const [first, second] = [new Reader(), new Reader()];
    body.start(first);
    source.give("ab");
    body.detach();
    assert.equal(source.flowing, false);
    assert.equal(source.give("cd"), false, "what was under way is kept");
    body.start(second);
    assert.equal(source.flowing, true);
    source.give("ef");
    assert.equal(first.text, "ab");
    assert.equal(second.text, "abcdef");
  });

  it("lets what was kept leave before it asks for more", () => {
    const source = new Source();
    const body = new ReplayableBody(source, 10);
    body.start(new Reader());
    source.give("ab");
    body.detach();
    const slow = new Reader();
    slow.takes = false;
    body.start(slow);
    assert.equal(source.flowing, false);
    body.resume();
    assert.equal(source.flowing, true);
  });

  it("streams through once what is larger than its limit", () => {
    const source = new Source();
    const body = new ReplayableBody(source, 5);
    const reader = new Reader();
    body.start(reader);
    for (const part of ["abc", "def", "ghi"]) source.give(part);
    assert.equal(reader.text, "abcdefghi");
    assert.equal(body.replayable, false);
  });

  it("is replayable with no memory at all until something is read", () => {
    const source = new Source();
    const body = new ReplayableBody(source, 0);
    body.start(new Reader());
    assert.equal(body.replayable, true);
    source.give("abc");
    assert.equal(body.replayable, false);
  });
});
