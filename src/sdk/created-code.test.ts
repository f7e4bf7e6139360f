import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FakeClock } from "../base/fake-clock.js";
import { createCode, removeCode, type ServiceCode } from "./created-code.js";
import type { TuskMicroservices } from "./platform.js";

function emptyApp(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "tusk-created-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

function createIn(root: string, name: string): Promise<ServiceCode> {
  const platform = {
    folder: { root },
    control: { spec: async () => ({ spec: { services: [] } }) },
    intelligence: { clock: new FakeClock(), rng: () => 0, recordDecisions: () => {}, recordSpan: () => {} },
  } as unknown as TuskMicroservices;
  return createCode({ name, language: "python", framework: "fastapi" }, platform, platform);
}

test("what a call made is taken away, with the folders that it made for it", async (t) => {
  const root = emptyApp(t);
  await removeCode(await createIn(root, "one"));
  assert.deepEqual(readdirSync(root), []);
});

test("a folder stays that was there, or in which another service is", async (t) => {
  const root = emptyApp(t);
  mkdirSync(join(root, "services"));
  await removeCode(await createIn(root, "one"));
  assert.deepEqual(readdirSync(root), ["services"]);
  rmSync(join(root, "services"), { recursive: true });
  const first = await createIn(root, "one");
  writeFileSync(join(root, "services", "note"), "of a person");
  await removeCode(first);
  assert.deepEqual(readdirSync(join(root, "services")), ["note"]);
});

test("in a folder that was there only the written files go", async (t) => {
  const root = emptyApp(t);
  mkdirSync(join(root, "services/one"), { recursive: true });
  writeFileSync(join(root, "services/one/README.md"), "mine");
  const code = await createIn(root, "one");
  await removeCode(code);
  assert.ok(existsSync(join(root, "services/one/README.md")));
  assert.ok(!existsSync(join(root, "services/one/app/main.py")));
});
