import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/temporary-folder.js";
import { FakeClock } from "../../base/fake-clock.js";
import { BatchedFile, type BatchedFileOptions } from "./batched-file.js";

function setUp(t: TestContext, more: Partial<BatchedFileOptions> = {}) {
  const path = join(temporaryFolder(t), "access-1.jsonl");
  const clock = new FakeClock();
  const problems: string[] = [];
  const file = new BatchedFile({ path, clock, onProblem: (message) => problems.push(message), ...more });
  return { file, path, clock, problems, text: () => readFileSync(path, "utf8") };
}

test("lines wait for their batch and are written in order", async (t) => {
  const { file, path, clock, text } = setUp(t);
  file.append("a\n");
  file.append("b\n");
  assert.equal(existsSync(path), false);
  clock.advance(200);
  await file.flush();
  assert.equal(text(), "a\nb\n");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  file.append("c\n");
  file.flushSync();
  assert.equal(text(), "a\nb\nc\n");
});

test("a slow disk: what does not fit is dropped, counted and said", async (t) => {
  const written: string[] = [];
  let release: () => void = () => {};
  const append = (_path: string, text: string): Promise<void> => {
    written.push(text);
    return new Promise((resolve) => {
      release = resolve;
    });
  };
  const { file, clock } = setUp(t, { append, mostWaiting: 6 });
  file.append("1\n");
  const done = file.flush();
  await new Promise((resolve) => setImmediate(resolve));
  await until(() => written.length === 1);
  for (const line of ["2\n", "3\n", "4\n", "5\n", "6\n"]) file.append(line);
  assert.equal(file.dropped, 2);
  release();
  await until(() => written.length === 2);
  const said = { time: new Date(clock.now()).toISOString(), dropped: 2 };
  assert.equal(written[1], `${JSON.stringify(said)}\n2\n3\n4\n`);
  assert.equal(file.dropped, 0);
  release();
  await done;
});

test("a disk that fails is told once, its lines are counted, and it is tried again", async (t) => {
  let full = true;
  const written: string[] = [];
  const append = async (_path: string, text: string): Promise<void> => {
    if (full) throw new Error("no space left");
    written.push(text);
  };
  const { file, problems } = setUp(t, { append });
  for (const line of ["1\n", "2\n"]) {
    file.append(line);
    await file.flush();
  }
  assert.deepEqual(problems, ["no space left"]);
  full = false;
  file.append("3\n");
  await file.flush();
  assert.match(written.join(""), /"dropped":2\}\n3\n$/);
});

test("rotation: the file never grows beyond its limit, and no line is lost", async (t) => {
  const { file, path, text } = setUp(t, { limits: { maxBytes: 10, files: 3 } });
  for (const line of ["1234\n", "2345\n", "3456\n", "4567\n", "5678\n"]) {
    file.append(line);
    await file.flush();
  }
  assert.equal(text(), "5678\n");
  assert.equal(readFileSync(`${path}.1`, "utf8"), "3456\n4567\n");
  assert.equal(readFileSync(`${path}.2`, "utf8"), "1234\n2345\n");
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 2_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
