// A spec with mistakes: all of them at once, each with its place; exit code 2; nothing started, nothing written.
import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Problem } from "../../src/base/errors.js";
import { createApp } from "../support/app.js";

const mistakes = `name: Shop
services:
  - name: users
    run: node server.js
    replicas: many
    route: users
  - name: orders
    run: [python3, server.py]
    calls: [user]
    startAfter: [orders]
    colour: blue
  - name: users
    run: node server.js
gateway: { port: 99999 }
`;

/** Line of each mistake, and a word of what has to be said about it. */
const expected: readonly (readonly [line: number, words: RegExp])[] = [
  [1, /DNS label/],
  [5, /replicas|number/],
  [6, /route|\//],
  [9, /user/],
  [10, /startAfter|itself|cycle/],
  [11, /colour/],
  [12, /users|twice|unique/],
  [14, /port|65535/],
];

for (const command of [["up", "-d", "--wait"], ["validate"]]) {
  test(`tusk ${command[0]} with mistakes in the spec tells all of them and does nothing`, async (t) => {
    const app = await createApp(t, { spec: () => mistakes });
    const before = readdirSync(app.folder).sort();
    const { code, stdout, stderr } = await app.tusk(...command);
    const text = stdout + stderr;
    assert.equal(code, 2, text);
    for (const [line, words] of expected) {
      const place = new RegExp(`tusk\\.yaml:${line}:\\d+`);
      const told = text.split(/(?=tusk\.yaml:\d+:\d+)/).filter((part) => place.test(part));
      assert.ok(
        told.some((part) => words.test(part)),
        `nothing about ${words} on line ${line}:\n${text}`,
      );
    }
    assert.ok(!existsSync(app.state), "a state folder was made");
    assert.deepEqual(readdirSync(app.folder).sort(), before);
    assert.deepEqual(app.found(), []);
  });
}

test("the same as JSON, with the nearest valid name as a hint", async (t) => {
  const app = await createApp(t, { spec: () => mistakes });
  const { code, stdout } = await app.tusk("validate", "--json");
  assert.equal(code, 2);
  const answer = JSON.parse(stdout) as { problems?: readonly Problem[]; error?: { problems: readonly Problem[] } };
  const problems = answer.problems ?? answer.error?.problems ?? [];
  for (const [line] of expected)
    assert.ok(
      problems.some((problem) => problem.line === line),
      `line ${line}`,
    );
  for (const { file, line, column, path, message } of problems) {
    assert.ok(file?.endsWith("tusk.yaml") && line && column && message !== "", path);
  }
  assert.ok(problems.some(({ line, hint }) => line === 9 && /users/.test(hint ?? "")));
});

test("no spec at all: says what to do", async (t) => {
  const app = await createApp(t);
  rmSync(join(app.folder, "tusk.yaml"));
  const { code, stdout, stderr } = await app.tusk("up", "-d");
  assert.equal(code, 2);
  assert.match(stdout + stderr, /tusk\.yaml/);
  assert.ok(!existsSync(app.state));
});
