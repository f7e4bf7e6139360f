import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rotateLog } from "./log-rotation.js";

test("log rotation: the writer goes on in the emptied file, three files at most", () => {
  const folder = mkdtempSync(join(tmpdir(), "tusk-rotation-"));
  const log = join(folder, "users-1.log");
  const limits = { maxBytes: 10, files: 3 };
  const writer = openSync(log, "a");
  try {
    assert.equal(rotateLog(join(folder, "nothing.log"), limits), false);
    for (const text of ["first-----\n", "second----\n", "third-----\n"]) {
      writeSync(writer, text);
      assert.equal(rotateLog(log, limits), true);
    }
    writeSync(writer, "now\n");
    assert.equal(rotateLog(log, limits), false);
    assert.deepEqual(readdirSync(folder), ["users-1.log", "users-1.log.1", "users-1.log.2"]);
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    assert.deepEqual(texts, ["now\n", "third-----\n", "second----\n"]);
  } finally {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  }
});
