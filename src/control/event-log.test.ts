import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import type { EventDraft, TuskEvent } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import { EventLog, readEvents } from "./event-log.js";

const draft = (message: string, service?: string): EventDraft => ({
  kind: "test.happened",
  level: "info",
  message,
  ...(service === undefined ? {} : { service }),
});

const messages = (events: readonly TuskEvent[]): string[] => events.map(({ message }) => message);

function place(t: TestContext): string {
  return join(temporaryFolder(t), "events.jsonl");
}

function openLog(file: string, rotateBytes?: number): { log: EventLog; clock: FakeClock } {
  const clock = new FakeClock();
  return { log: new EventLog(file, () => clock.now(), rotateBytes === undefined ? {} : { rotateBytes }), clock };
}

test("an event is stamped, kept, stored for this user alone, and told", (t) => {
  const file = place(t);
  const { log } = openLog(file);
  const seen: TuskEvent[] = [];
  const stop = log.watch((event) => seen.push(event));
  const event = log.emit(draft("first", "users"));
  assert.equal(event.at, "2026-01-01T00:00:00.000Z");
  assert.match(event.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  assert.deepEqual(seen, [event]);
  assert.deepEqual(readEvents(file), [event]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  stop();
  log.emit(draft("second"));
  assert.equal(seen.length, 1);
});

test("a query takes the newest of a service, oldest first", (t) => {
  const { log } = openLog(place(t));
  for (const n of [1, 2, 3, 4]) log.emit(draft(`${n}`, n % 2 ? "odd" : "even"));
  assert.deepEqual(messages(log.query({})), ["1", "2", "3", "4"]);
  assert.deepEqual(messages(log.query({ service: "odd" })), ["1", "3"]);
  assert.deepEqual(messages(log.query({ limit: 2 })), ["3", "4"]);
  assert.deepEqual(log.query({ limit: 0 }), []);
  assert.deepEqual(log.query({ service: "none" }), []);
});

test("after an event come exactly the later ones, also within one millisecond", (t) => {
  const { log } = openLog(place(t));
  const events = Array.from({ length: 200 }, (_, n) => log.emit(draft(`${n}`)));
  for (const [index, { id }] of events.entries()) {
    assert.equal(log.query({ after: id, limit: 1000 }).length, events.length - index - 1);
  }
});

test("after an event that is not in memory, ids decide", (t) => {
  const { log, clock } = openLog(place(t));
  const old = log.emit(draft("old"));
  clock.advance(1000);
  for (let n = 0; n < 5000; n++) log.emit(draft(`${n}`));
  assert.ok(!log.query({ limit: 10_000 }).includes(old));
  assert.deepEqual(messages(log.query({ after: old.id, limit: 1 })), ["4999"]);
});

test("the next controller has the events of the one before it", (t) => {
  const file = place(t);
  const first = openLog(file).log.emit(draft("before"));
  const { log } = openLog(file);
  const second = log.emit(draft("after"));
  assert.deepEqual(log.query({}), [first, second]);
  assert.deepEqual(log.query({ after: first.id }), [second]);
});

test("a torn last line is skipped and the next event stands on a line of its own", (t) => {
  const file = place(t);
  openLog(file).log.emit(draft("whole"));
  appendFileSync(file, '{"id":"0","at":"2026');
  assert.deepEqual(messages(readEvents(file)), ["whole"]);
  const torn = readFileSync(file, "utf8");
  readEvents(file);
  assert.equal(readFileSync(file, "utf8"), torn, "reading changes nothing");
  const { log } = openLog(file);
  log.emit(draft("next"));
  assert.deepEqual(messages(openLog(file).log.query({})), ["whole", "next"]);
});

test("lines that are no events are skipped", (t) => {
  const file = place(t);
  writeFileSync(file, '\n[]\nnull\n{}\n{"id":1,"kind":"x"}\n{"id":"a","kind":"b"}\n\u0000\u0000\n');
  const { log } = openLog(file);
  log.emit(draft("sound"));
  assert.deepEqual(messages(log.query({})), ["sound"]);
});

test("of a large file the tail is read", (t) => {
  const file = place(t);
  const { log } = openLog(file);
  for (let n = 0; n < 30; n++) log.emit(draft(`${n} ${"ä".repeat(50_000)}`));
  const read = readEvents(file).map(({ message }) => Number.parseInt(message, 10));
  assert.ok(read.length > 5 && read.length < 30);
  assert.deepEqual(
    read,
    Array.from({ length: read.length }, (_, index) => 30 - read.length + index),
  );
});

test("a file that has grown too large is moved aside; the next controller still reads both", (t) => {
  const file = place(t);
  const { log } = openLog(file, 400);
  for (let n = 0; n < 4; n++) log.emit(draft(`${n} ${"x".repeat(100)}`));
  assert.ok(existsSync(`${file}.1`));
  assert.equal(readFileSync(file, "utf8").trim().split("\n").length, 2);
  assert.equal(openLog(file).log.query({}).length, 4);
});

test("a log that is taken away while it is written begins anew", (t) => {
  const file = place(t);
  const { log } = openLog(file, 10);
  log.emit(draft("one"));
  rmSync(file);
  log.emit(draft("two"));
  assert.deepEqual(messages(readEvents(file)), ["two"]);
});

test("what cannot be stored is kept in memory and does not stop the emitter", (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "gone", "events.jsonl");
  mkdirSync(join(folder, "gone"));
  const { log } = openLog(file);
  rmSync(join(folder, "gone"), { recursive: true });
  const told = t.mock.method(process.stderr, "write", () => true);
  log.emit(draft("lost"));
  assert.deepEqual(messages(log.query({})), ["lost"]);
  assert.match(String(told.mock.calls[0]?.arguments[0]), /event not stored: ENOENT/);
});

test("a listener that fails stops neither the emitter nor the others", (t) => {
  const { log } = openLog(place(t));
  t.mock.method(process.stderr, "write", () => true);
  const seen: string[] = [];
  log.watch(() => {
    throw new Error("broken");
  });
  log.watch(({ message }) => seen.push(message));
  log.emit(draft("told"));
  assert.deepEqual(seen, ["told"]);
});
