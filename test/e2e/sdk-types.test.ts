// The package's types compile in a program that checks libraries too and has no types of Node.
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommand } from "../support/command.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { decoratorFlags, writeTypeConsumer } from "../support/type-consumer.js";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

for (const flags of decoratorFlags) {
  test(`a strict program compiles ${flags.join(" ") || "with standard decorators"}`, async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(repository, join(folder, "node_modules/tusklang"));
    const done = await runCommand(writeTypeConsumer(folder, flags), { cwd: folder, env: process.env });
    assert.deepEqual([done.code, done.stdout], [0, ""]);
  });
}
