import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createStyle } from "../style.js";
import { LogBoard, LogPrefixes } from "./log-board.js";
import { chooseLogFiles, listLogFiles, serviceOfLog } from "./log-files.js";
import { LogFollower } from "./log-follower.js";
import { readTail } from "./log-tail.js";

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tusk-logs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("names: instances, successors and setup belong to a service, our own processes do not", () => {
  const cases: [string, string | null][] = [
    ["users-1", "users"],
    ["user-service-12", "user-service"],
    ["users-1+", "users"],
    ["users.setup", "users"],
    ["worker-1", "worker"],
    ["users-0", null],
  ];
  for (const [name, service] of cases) assert.equal(serviceOfLog(name), service, name);
});

test("a name means a service, an instance or a process of ours; others are refused with a hint", (t) => {
  const folder = temporary(t);
  for (const name of ["users-10.log", "users-2.log", "users-2.log.1", "orders-1.log", "keeper-1.log", "x.txt"]) {
    writeFileSync(join(folder, name), "");
  }
  mkdirSync(join(folder, "tusk"));
  for (const name of ["controller.log", "keeper.log", "worker-1.log", "worker-1.log.1"]) {
    writeFileSync(join(folder, "tusk", name), "");
  }
  const files = listLogFiles(folder);
  const names = (name?: string) => chooseLogFiles(files, name).map((file) => file.name);
  assert.deepEqual(names(), ["keeper-1", "orders-1", "users-2", "users-10"]);
  assert.deepEqual(names("users"), ["users-2", "users-10"]);
  assert.deepEqual(names("users-2"), ["users-2"]);
  assert.deepEqual(names("controller"), ["tusk/controller"]);
  assert.deepEqual(names("worker-1"), ["tusk/worker-1"]);
  assert.deepEqual(names("keeper"), ["keeper-1"]);
  assert.deepEqual(names("tusk/keeper"), ["tusk/keeper"]);
  assert.throws(() => names("user"), { code: "UNKNOWN_SERVICE", hint: "did you mean `users`?" });
  assert.deepEqual(listLogFiles(join(folder, "absent")), []);
});

test("the tail of a large file, of a small one, of none", (t) => {
  const path = join(temporary(t), "a.log");
  assert.deepEqual(readTail(path, 5), { lines: [], end: 0 });
  writeFileSync(path, "");
  assert.deepEqual(readTail(path, 5), { lines: [], end: 0 });
  writeFileSync(path, "one\ntwo\nunfinished");
  assert.deepEqual(readTail(path, 2).lines, ["two", "unfinished"]);
  assert.deepEqual(readTail(path, 0), { lines: [], end: 18 });
  const many = Array.from({ length: 50_000 }, (_, n) => `line ${n} é`);
  writeFileSync(path, `${many.join("\n")}\n`);
  assert.deepEqual(readTail(path, 3).lines, many.slice(-3));
  assert.deepEqual(readTail(path, 20_000).lines, many.slice(-20_000));
  assert.equal(readTail(path, Number.POSITIVE_INFINITY).lines.length, 50_000);
});

test("a follower gives whole lines, through rotation, with characters cut in two", (t) => {
  const path = join(temporary(t), "a.log");
  writeFileSync(path, "old\n");
  const follower = new LogFollower(path, 4);
  assert.deepEqual(follower.read(), []);
  const letter = Buffer.from("é");
  appendFileSync(path, Buffer.concat([Buffer.from("one\ntw"), letter.subarray(0, 1)]));
  assert.deepEqual(follower.read(), ["one"]);
  appendFileSync(path, Buffer.concat([letter.subarray(1), Buffer.from("o\nlast before\n")]));
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  appendFileSync(path, "first after\n");
  assert.deepEqual(follower.read(), ["twéo", "last before", "first after"]);
  assert.deepEqual(follower.read(), []);
});

test("an endless line is shown in pieces", (t) => {
  const path = join(temporary(t), "a.log");
  writeFileSync(path, "x".repeat(1_000_000));
  const lines = new LogFollower(path).read();
  assert.ok(lines.length > 5);
  assert.ok(lines.every((line) => line.length < 200_000));
});

test("a board takes up instances that appear later, from their first line", (t) => {
  const folder = temporary(t);
  writeFileSync(join(folder, "users-1.log"), "before\n");
  const board = new LogBoard(folder, ({ service }) => service === "users");
  for (const file of listLogFiles(folder)) board.startAt(file, readTail(file.path, 0).end);
  appendFileSync(join(folder, "users-1.log"), "one\n");
  writeFileSync(join(folder, "users-2.log"), "two\n");
  writeFileSync(join(folder, "orders-1.log"), "not wanted\n");
  assert.deepEqual(board.read(), [
    { instance: "users-1", text: "one" },
    { instance: "users-2", text: "two" },
  ]);
});

test("prefixes line up; a log's escapes do not reach the terminal", () => {
  const prefixes = new LogPrefixes(createStyle(false));
  prefixes.add(["users-1", "a-1"]);
  assert.equal(prefixes.line("a-1", "hello\u001b[2J"), "a-1     | hello[2J");
});
