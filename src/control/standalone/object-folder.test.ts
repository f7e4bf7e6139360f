// Files that nobody should put there, in a folder that a gateway reads.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ObjectFolder } from "./object-folder.js";

const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`;

function folderOf(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "tusk-objects-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("reads files of objects alone, through links too, and never waits for a pipe", async (t) => {
  const path = folderOf(t);
  writeFileSync(join(path, "a.yaml"), `${namespace("a")}---\n${namespace("b")}---\n# nothing\n`);
  writeFileSync(join(path, "c.json"), JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "c" } }));
  writeFileSync(join(path, "notes.txt"), "{");
  writeFileSync(join(path, ".hidden.yaml"), "{");
  mkdirSync(join(path, "folder.yaml"));
  mkdirSync(join(path, "..data"));
  writeFileSync(join(path, "..data", "d.yaml"), namespace("d"));
  symlinkSync(join("..data", "d.yaml"), join(path, "d.yaml"));
  symlinkSync("nowhere", join(path, "gone.yaml"));
  assert.equal(spawnSync("mkfifo", [join(path, "pipe.yaml")]).status, 0);
  const content = await new ObjectFolder(path).read();
  assert.deepEqual(content.problems, []);
  assert.deepEqual(
    content.objects.map(({ object, file }) => `${file} ${object.metadata.name}`),
    ["a.yaml a", "a.yaml b", "c.json c", "d.yaml d"],
  );
});

test("tells of each file that cannot be read why, and goes on with the others", async (t) => {
  const path = folderOf(t);
  writeFileSync(join(path, "large.yaml"), `# ${"x".repeat(1024 * 1024)}\n`);
  writeFileSync(join(path, "latin.yaml"), Buffer.from([0x61, 0x3a, 0x20, 0xe4, 0x0a]));
  writeFileSync(join(path, "deep.yaml"), `${"[".repeat(5_000)}${"]".repeat(5_000)}`);
  writeFileSync(join(path, "proto.yaml"), 'apiVersion: v1\nkind: __proto__\nmetadata: { name: "a" }\n');
  writeFileSync(join(path, "good.yaml"), namespace("a"));
  const { objects, problems, notices } = await new ObjectFolder(path).read();
  assert.equal(objects.length, 1);
  assert.deepEqual(
    problems.map(({ file, message }) => `${file}: ${message}`),
    [
      "deep.yaml: the file is nested too deeply",
      "large.yaml: the file is larger than 1024 KiB",
      "latin.yaml: the file is not written in UTF-8",
    ],
  );
  assert.deepEqual(
    notices.map(({ message }) => message),
    ["the kind __proto__ is not used"],
  );
});

test("reads a file again only where it has changed", async (t) => {
  const path = folderOf(t);
  const file = join(path, "a.yaml");
  writeFileSync(file, namespace("a"));
  const folder = new ObjectFolder(path);
  const first = await folder.read();
  assert.equal((await folder.read()).objects[0], first.objects[0]);
  utimesSync(file, 1, 1);
  assert.notEqual((await folder.read()).objects[0], first.objects[0]);
  rmSync(path, { recursive: true });
  assert.equal(folder.look(), null);
  assert.match((await folder.read()).problems[0]?.message ?? "", /cannot be read/);
});
