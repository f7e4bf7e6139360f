import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { TuskError } from "../base/errors.js";
import { namedAccess } from "./access-error.js";

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
}

test("a folder that nobody may write to, in words, with the system's error as cause", () => {
  const refused = errorOf(() => mkdirSync("/sys/tusk"));
  const named = namedAccess(refused);
  assert.ok(named instanceof TuskError);
  assert.equal(named.code, "NO_ACCESS");
  assert.match(named.message, /^\/sys\/tusk: /);
  assert.match(named.hint ?? "", /folder of your own/);
  assert.equal(named.cause, refused);
});

test("everything else stays as it is", () => {
  const absent = errorOf(() => readFileSync("/nonexistent"));
  assert.equal(namedAccess(absent), absent);
  const { error } = spawnSync("/etc");
  assert.ok(error);
  assert.equal(namedAccess(error), error);
  const own = new TuskError("TIMEOUT", "late");
  assert.equal(namedAccess(own), own);
  assert.equal(namedAccess("text"), "text");
});
