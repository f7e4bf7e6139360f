import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { TuskError } from "../base/errors.js";
import { appFolderAt } from "../system/app-folder.js";
import { loadSpecFile } from "./spec-file.js";

const yaml = "name: shop\nservices:\n  - { name: users, path: ., run: node server.js }\n";

function app(t: TestContext, text = yaml): { readonly file: string; readonly cache: string; readonly root: string } {
  const root = temporaryFolder(t);
  const file = join(root, "tusk.yaml");
  writeFileSync(file, text);
  return { root, file, cache: appFolderAt(root).files.parsed };
}

/** Makes the cache say another name, so that what comes from it can be told. */
function mark(cache: string): void {
  writeFileSync(cache, readFileSync(cache, "utf8").replaceAll("shop", "mark"));
}

async function keep(file: string): Promise<void> {
  (await loadSpecFile(file, { cached: true })).keep();
}

test("an unchanged file's spec is taken as it was parsed", async (t) => {
  const { file, cache } = app(t);
  const parsed = await loadSpecFile(file);
  mkdirSync(join(cache, ".."), { recursive: true });
  parsed.keep();
  const before = readFileSync(cache, "utf8");
  const again = await loadSpecFile(file, { cached: true });
  assert.deepEqual([again.spec, again.provenance], [parsed.spec, parsed.provenance]);
  again.keep();
  assert.equal(readFileSync(cache, "utf8"), before);
});

test("an edited file, another name, or a cache that is not what was written: the file is parsed", async (t) => {
  const { file, cache, root } = app(t);
  await keep(file);
  writeFileSync(file, yaml.replace("users", "people"));
  assert.equal((await loadSpecFile(file, { cached: true })).spec.services[0]?.name, "people");
  writeFileSync(file, yaml);
  mark(cache);
  assert.equal((await loadSpecFile(file, { cached: true })).spec.name, "shop");
  for (const damage of ["", "\n\n", "\0".repeat(100), readFileSync(cache, "utf8").slice(0, -3)]) {
    writeFileSync(cache, damage);
    assert.equal((await loadSpecFile(file, { cached: true })).spec.name, "shop");
  }
  writeFileSync(join(root, "other.yaml"), yaml);
  assert.equal(
    (await loadSpecFile(join(root, "other.yaml"), { cached: true })).provenance["services.users"]?.file,
    "other.yaml",
  );
});

test("what is around the spec is checked every time, and an invalid one is not kept", async (t) => {
  const { file, cache, root } = app(t, yaml.replace("path: .", "path: users"));
  mkdirSync(join(root, "users"));
  await keep(file);
  writeFileSync(file, yaml.replace("path: .", "path: people"));
  const invalid = (error: unknown): boolean => error instanceof TuskError && error.code === "SPEC_INVALID";
  const before = readFileSync(cache, "utf8");
  await assert.rejects(loadSpecFile(file, { cached: true }), invalid);
  assert.equal(readFileSync(cache, "utf8"), before);
  const fresh = app(t, "name: shop\nservices: 3\n");
  await assert.rejects(loadSpecFile(fresh.file, { cached: true }), invalid);
  assert.deepEqual(readdirSync(fresh.root), ["tusk.yaml"]);
});
