import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeClock } from "../base/fake-clock.js";
import { type LineSink, LineStream } from "./line-stream.js";

function open(limits: { maxLines?: number; maxChars?: number } = {}) {
  const clock = new FakeClock();
  let sink: LineSink | undefined;
  const seen = { unsubscribed: 0, closed: 0 };
  const subscribe = (given: LineSink) => {
    sink = given;
    return () => void seen.unsubscribed++;
  };
  const stream = new LineStream(subscribe, { clock, heartbeatMs: 15_000, ...limits });
  stream.onClosed = () => void seen.closed++;
  assert.ok(sink);
  return { stream, sink, clock, seen, reader: stream.body.getReader() };
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function nextLines(reader: Reader): Promise<unknown[]> {
  const { value, done } = await reader.read();
  if (done) return [];
  const text = new TextDecoder().decode(value);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

describe("line stream", () => {
  test("sends lines in order, several that waited together", async () => {
    const { sink, reader } = open();
    for (const n of [1, 2, 3]) sink.push({ n });
    assert.deepEqual(await nextLines(reader), [{ n: 1 }]);
    assert.deepEqual(await nextLines(reader), [{ n: 2 }, { n: 3 }]);
  });

  test("a heartbeat comes while nothing happens, and only one waits for a reader that does not read", async () => {
    const { clock, reader } = open();
    for (let minute = 0; minute < 100; minute++) clock.advance(60_000);
    const [first] = await nextLines(reader);
    assert.deepEqual(first, { type: "heartbeat", at: "2026-01-01T00:00:15.000Z" });
    assert.equal((await nextLines(reader)).length, 1);
  });

  test("a reader that falls behind loses the stream, is told why, and the source is left", async () => {
    const { sink, reader, seen, clock } = open({ maxLines: 10 });
    for (let n = 0; n < 1_000; n++) sink.push({ n });
    assert.deepEqual(await nextLines(reader), [{ n: 0 }]);
    const [end] = await nextLines(reader);
    assert.deepEqual(end, { type: "end", code: "SLOW_READER", reason: "the reader fell 10 lines behind" });
    assert.deepEqual(await nextLines(reader), []);
    assert.deepEqual(seen, { unsubscribed: 1, closed: 1 });
    assert.equal(clock.pendingTimers, 0);
  });

  test("what waits is bounded in characters too, but one line of any size is sent", async () => {
    const { sink, reader } = open({ maxChars: 100 });
    const long = "x".repeat(1_000);
    sink.push({ long });
    assert.deepEqual(await nextLines(reader), [{ long }]);
    sink.push({ a: 1 });
    sink.push({ b: long });
    sink.push({ c: 1 });
    await nextLines(reader);
    const [end] = (await nextLines(reader)) as { type: string }[];
    assert.equal(end?.type, "end");
  });

  test("of latest values only the newest waits", async () => {
    const { sink, reader } = open({ maxLines: 2 });
    for (let n = 0; n < 1_000; n++) sink.pushLatest({ n });
    assert.deepEqual(await nextLines(reader), [{ n: 0 }]);
    assert.deepEqual(await nextLines(reader), [{ n: 999 }]);
  });

  test("a reader that leaves ends the subscription once", async () => {
    const { reader, sink, stream, seen, clock } = open();
    await reader.cancel();
    sink.push({ n: 1 });
    stream.end("NOT_RUNNING", "too late");
    assert.deepEqual(seen, { unsubscribed: 1, closed: 1 });
    assert.equal(clock.pendingTimers, 0);
  });

  test("a flood inside the subscription itself ends the stream and unsubscribes", () => {
    let unsubscribed = 0;
    new LineStream(
      (sink) => {
        for (let n = 0; n < 100; n++) sink.push({ n });
        return () => void unsubscribed++;
      },
      { clock: new FakeClock(), maxLines: 5 },
    );
    assert.equal(unsubscribed, 1);
  });
});
