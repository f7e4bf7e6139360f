import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/temporary-folder.js";
import { AccessLines } from "./access-lines.js";

function setUp(t: TestContext) {
  const logs = temporaryFolder(t);
  mkdirSync(join(logs, "tusk"));
  return { logs, path: (slot: number) => join(logs, "tusk", `access-${slot}.jsonl`) };
}

const line = (second: number): string => JSON.stringify({ time: `2026-01-01T00:00:0${second}.000Z`, status: 200 });

test("the lines of all workers in the order of their times, the newest of them", (t) => {
  const { logs, path } = setUp(t);
  writeFileSync(path(1), `${line(1)}\n${line(4)}\n`);
  writeFileSync(path(2), `${line(2)}\n${line(3)}\n`);
  writeFileSync(join(logs, "tusk", "worker-1.log"), "not of this\n");
  assert.deepEqual(new AccessLines(logs).tail(3), [line(2), line(3), line(4)]);
  assert.deepEqual(new AccessLines(logs).tail(Number.POSITIVE_INFINITY).length, 4);
  assert.deepEqual(new AccessLines(join(logs, "absent")).tail(3), []);
});

test("what comes later, across a rotation, of a new worker too", (t) => {
  const { logs, path } = setUp(t);
  writeFileSync(path(1), `${line(1)}\n${line(1)}\n`);
  const lines = new AccessLines(logs);
  lines.tail(10);
  appendFileSync(path(1), `${line(2)}\n`);
  assert.deepEqual(lines.read(), [line(2)]);
  appendFileSync(path(1), `${line(3)}\n`);
  renameSync(path(1), `${path(1)}.1`);
  writeFileSync(path(1), `${line(4)}\n`);
  writeFileSync(path(2), `${line(5)}\n`);
  assert.deepEqual(lines.read(), [line(3), line(4), line(5)]);
  assert.deepEqual(lines.read(), []);
});
