// The documentation says what the code does: error codes, exit codes, commands.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorCodes } from "../base/errors.js";
import { buildProgram } from "./program.js";

const read = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

test("docs/errors.md is the table of codes", () => {
  const rows = [...read("errors.md").matchAll(/^\| `(\w+)` \| (\d+) \| (\d+) \| (.+) \|$/gm)];
  const documented = rows.map(([, code, exit, status, summary]) => [code, Number(exit), Number(status), summary]);
  const actual = Object.entries(errorCodes).map(([code, kind]) => [code, kind.exit, kind.status, kind.summary]);
  assert.deepEqual(documented, actual);
});

test("docs/cli.md lists every command, and every exit code that an error has", () => {
  const text = read("cli.md");
  const commands = buildProgram(async () => {}).commands.map((command) => command.name());
  for (const name of commands.filter((name) => !name.startsWith("__"))) {
    assert.match(text, new RegExp(`^\\| \`${name}\\b`, "m"), name);
  }
  for (const { exit } of Object.values(errorCodes)) assert.match(text, new RegExp(`^\\| ${exit} \\|`, "m"));
});
