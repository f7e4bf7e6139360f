import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveEnvironment } from "./resolve-environment.js";

const path = "services.users.env";
const one = (template: string, variables: Record<string, string> = {}, files: Record<string, string> = {}) =>
  resolveEnvironment({ env: { X: template }, files, process: variables, path });

test("references, defaults, dollar signs", () => {
  assert.equal(one("${A}-${B}", { A: "1", B: "2" }).values.X, "1-2");
  assert.equal(one("${A:-none}").values.X, "none");
  assert.equal(one("${A:-none}", { A: "" }).values.X, "none");
  assert.equal(one("${A:-}").values.X, "");
  assert.equal(one("${A:-http://x:1/$y}").values.X, "http://x:1/$y");
  assert.equal(one("${A}", { A: "" }).values.X, "");
  assert.equal(one("$$ $${A} $A $").values.X, "$ ${A} $A $");
});

test("a value is not interpolated again, and files win over the environment", () => {
  assert.equal(one("${A}", { A: "${B}", B: "no" }).values.X, "${B}");
  assert.equal(one("${A}", { A: "shell" }, { A: "file" }).values.X, "file");
});

test("an unset variable is a problem with its place", () => {
  assert.deepEqual(one("${NOPE}").problems, [
    {
      path: "services.users.env.X",
      message: "the variable NOPE is not set",
      hint: "set it in .env or the environment, or write ${NOPE:-default}",
    },
  ]);
  assert.equal(one("${DATABSE_URL}", {}, { DATABASE_URL: "x" }).problems[0]?.hint, "did you mean `DATABASE_URL`?");
  assert.match(one("${constructor}").problems[0]?.message ?? "", /is not set/);
});

test("what looks like a reference and is none is a problem", () => {
  for (const template of ["${}", "${1}", "${A", "${A-b}"]) assert.equal(one(template).problems.length, 1, template);
});
