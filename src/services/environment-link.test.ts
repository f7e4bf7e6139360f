import assert from "node:assert/strict";
import { existsSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { linkEnvironment } from "./environment-link.js";

test("made, moved to another environment of the cache, and never in place of the user's own", (t) => {
  const folder = temporaryFolder(t);
  const link = join(folder, ".venv");
  assert.equal(linkEnvironment(folder, "/cache/envs/a"), true);
  assert.equal(linkEnvironment(folder, "/cache/envs/b"), true);
  assert.equal(readlinkSync(link), "/cache/envs/b");
  rmSync(link);
  symlinkSync("/home/me/env", link);
  assert.equal(linkEnvironment(folder, "/cache/envs/a"), false);
  assert.equal(readlinkSync(link), "/home/me/env");
  rmSync(link);
  mkdirSync(link);
  assert.equal(linkEnvironment(folder, "/cache/envs/a"), false);
  assert.ok(existsSync(link));
});
