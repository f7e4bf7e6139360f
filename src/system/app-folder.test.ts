import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { TuskError } from "../base/errors.js";
import {
  type AppFolder,
  appFolderAt,
  type ControllerRecord,
  createAppFolders,
  ensureOwnFolder,
  ensureToken,
  readController,
  readToken,
} from "./app-folder.js";
import { writeJsonAtomic } from "./atomic-file.js";
import { identify } from "./proc.js";

function app(t: TestContext): AppFolder {
  const folder = appFolderAt(temporaryFolder(t));
  mkdirSync(folder.state);
  return folder;
}

function record(folder: AppFolder, more: Partial<ControllerRecord> = {}): ControllerRecord {
  const self = identify(process.pid);
  assert.ok(self);
  const about = { url: "http://127.0.0.1:1", version: "0.0.0", startedAt: "2026-01-01T00:00:00.000Z", embedded: true };
  return { ...self, ...about, runtime: folder.runtime, ...more };
}

const isDamaged = (error: unknown): boolean => error instanceof TuskError && error.code === "STATE_DAMAGED";

test("two folders never share a runtime folder, and socket paths stay short", () => {
  const [one, other] = [appFolderAt("/tmp/a"), appFolderAt("/tmp/b")];
  assert.notEqual(one.runtime, other.runtime);
  assert.equal(appFolderAt("/tmp/x/../a").runtime, one.runtime);
  assert.match(one.key, /^[0-9a-f]{12}$/);
  const deep = appFolderAt(`/${"long/".repeat(60)}`);
  assert.equal(deep.key.length, 12);
});

test("where the temporary directory has a long path, sockets lie in /tmp", (t) => {
  const { TMPDIR } = process.env;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  process.env.TMPDIR = "/var/tmp";
  assert.match(appFolderAt("/app").runtime, /^\/var\/tmp\/tusk-/);
  process.env.TMPDIR = `/var/tmp/${"long/".repeat(60)}`;
  const { keeperSocket } = appFolderAt("/app");
  assert.match(keeperSocket, /^\/tmp\/tusk-/);
  assert.ok(Buffer.byteLength(keeperSocket) < 100);
});

test("a folder in which this user may not write: said so, with a hint", () => {
  assert.throws(
    () => createAppFolders(appFolderAt("/sys")),
    (error) => error instanceof TuskError && error.code === "NO_ACCESS" && /\/sys\/\.tusk/.test(error.message),
  );
});

test("the folders are this user's alone, and git ignores the state", (t) => {
  const folder = appFolderAt(temporaryFolder(t));
  t.after(() => rmSync(folder.runtime, { recursive: true, force: true }));
  createAppFolders(folder);
  createAppFolders(folder);
  assert.equal(statSync(folder.state).mode & 0o777, 0o700);
  assert.equal(statSync(folder.runtime).mode & 0o777, 0o700);
  assert.equal(readFileSync(join(folder.state, ".gitignore"), "utf8"), "*\n");
});

test("a folder that others may write to, or that is a link, is refused", (t) => {
  const root = temporaryFolder(t);
  const open = join(root, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  assert.throws(() => ensureOwnFolder(open), isDamaged);
  const link = join(root, "link");
  symlinkSync(root, link);
  assert.throws(() => ensureOwnFolder(link), isDamaged);
  ensureOwnFolder(join(root, "new"));
  assert.equal(statSync(join(root, "new")).mode & 0o777, 0o700);
});

test("the token is made once, kept, and readable by this user alone", (t) => {
  const folder = app(t);
  assert.equal(readToken(folder), null);
  const token = ensureToken(folder);
  assert.match(token, /^[\w-]{32}$/);
  assert.equal(ensureToken(folder), token);
  assert.equal(readToken(folder), token);
  assert.equal(statSync(folder.files.token).mode & 0o777, 0o600);
});

test("an empty token file is replaced: nobody gets in without a token", (t) => {
  const folder = app(t);
  writeFileSync(folder.files.token, "\n");
  const token = ensureToken(folder);
  assert.equal(token.length, 32);
  assert.equal(readToken(folder), token);
});

test("the record of a living controller is read", (t) => {
  const folder = app(t);
  assert.equal(readController(folder), null);
  const written = record(folder);
  writeJsonAtomic(folder.files.controller, written);
  assert.deepEqual(readController(folder), written);
});

test("a record of a process that is gone, of another app or of no known form is none", (t) => {
  const folder = app(t);
  const { startTicks } = record(folder);
  const records: unknown[] = [
    record(folder, { startTicks: startTicks - 1 }),
    record(folder, { bootId: "of another boot" }),
    record(folder, { runtime: appFolderAt("/tmp/elsewhere").runtime }),
    { ...record(folder), url: 7 },
    { pid: process.pid },
    null,
    [],
    "text",
  ];
  for (const value of records) {
    writeJsonAtomic(folder.files.controller, value);
    assert.equal(readController(folder), null, JSON.stringify(value));
  }
});

test("a record that is no JSON is reported with what to do", (t) => {
  const folder = app(t);
  writeFileSync(folder.files.controller, '{"pid": 1');
  assert.throws(() => readController(folder), isDamaged);
  assert.ok(existsSync(folder.files.controller));
});
