// Starts in places that are not made for it: a temporary directory with a long path works, a keeper that cannot start
// and a folder that cannot be written to end with a clear error and leave nothing running.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { appFolderAt } from "../../src/system/app-folder.js";
import { createApp } from "../support/app.js";

function longFolder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "tusk-long-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, "x".repeat(150), "y".repeat(150));
  mkdirSync(folder, { recursive: true });
  return folder;
}

test("a TMPDIR of 300 characters: up and down as everywhere", async (t) => {
  const app = await createApp(t, { env: { TMPDIR: longFolder(t) } });
  await app.up();
  assert.equal((await app.get("/orders")).status, 200);
  await app.run("doctor");
  await app.down();
  await app.assertNothingLeft();
});

test("a keeper that cannot start: up says so and leaves nothing running", async (t) => {
  const app = await createApp(t);
  // A folder with something in it, where the keeper would put its socket.
  mkdirSync(join(appFolderAt(app.folder).keeperSocket, "in-the-way"), { recursive: true, mode: 0o700 });
  const { code, stderr } = await app.tusk("up", "-d", "--wait");
  assert.equal(code, 1, stderr);
  assert.match(stderr, /KEEPER_LOST/);
  assert.deepEqual(app.found(), []);
  await app.up();
  await app.down();
  await app.assertNothingLeft();
});

test("create in a folder without access: what and where, and no talk of a defect", async (t) => {
  const app = await createApp(t);
  const { code, stderr } = await app.tusk("-C", "/sys", "create", "foo", "--no-install");
  assert.equal(code, 1, stderr);
  assert.match(stderr, /\/sys\/services.*\n.*hint: work in a folder of your own/);
  assert.match(stderr, /NO_ACCESS/);
});
