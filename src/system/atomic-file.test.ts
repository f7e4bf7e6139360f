import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { createFileAtomic, readJson, setAside, writeFileAtomic, writeJsonAtomic } from "./atomic-file.js";

test("a file is replaced whole, with its mode, and nothing is left beside it", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "state", "a.json");
  writeJsonAtomic(path, { n: 1 }, { mode: 0o600 });
  writeJsonAtomic(path, { n: 2 }, { mode: 0o600, durable: false });
  assert.deepEqual(readJson(path), { n: 2 });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(folder, "state")), ["a.json"]);
});

test("a failed write leaves the old file and no temporary one", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "taken");
  mkdirSync(path);
  writeFileSync(join(path, "inside"), "kept");
  assert.throws(() => writeFileAtomic(path, "text"), { code: /EISDIR|ENOTEMPTY|EEXIST/ });
  assert.deepEqual(readdirSync(folder), ["taken"]);
  assert.equal(readFileSync(join(path, "inside"), "utf8"), "kept");
});

test("a long text is written to its end", (t) => {
  const path = join(temporaryFolder(t), "long");
  const text = "ä".repeat(3_000_000);
  writeFileAtomic(path, text, { durable: false });
  assert.equal(readFileSync(path, "utf8"), text);
});

test("of two who create a file, the first wins", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "token");
  assert.equal(createFileAtomic(path, "first"), true);
  assert.equal(createFileAtomic(path, "second"), false);
  assert.equal(readFileSync(path, "utf8"), "first");
  assert.deepEqual(readdirSync(folder), ["token"]);
});

test("a file that is not there is undefined, one that is no JSON throws", (t) => {
  const path = join(temporaryFolder(t), "a.json");
  assert.equal(readJson(path), undefined);
  writeFileSync(path, '{"torn":');
  assert.throws(() => readJson(path), SyntaxError);
});

test("damaged files are set aside one beside the other", (t) => {
  const path = join(temporaryFolder(t), "a.json");
  const asides = ["one", "two"].map((text) => {
    writeFileSync(path, text);
    return setAside(path);
  });
  assert.deepEqual(asides, [`${path}.damaged-1`, `${path}.damaged-2`]);
  assert.deepEqual(
    asides.map((aside) => readFileSync(aside, "utf8")),
    ["one", "two"],
  );
  assert.ok(!existsSync(path));
});
