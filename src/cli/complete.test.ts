import assert from "node:assert/strict";
import { test } from "node:test";
import { complete, type KnownNames } from "./complete.js";
import { buildProgram } from "./program.js";

const program = buildProgram(async () => {});
const known: KnownNames = { services: () => ["users", "orders", "$(rm)"], instances: () => ["users-1", "orders-1"] };
const at = (...words: string[]): string[] => complete(program, words, known);

test("commands, without the hidden one", () => {
  assert.ok(at("").includes("up"));
  assert.ok(!at("").includes("__complete"));
  assert.deepEqual(at("re"), ["restart"]);
  assert.deepEqual(at("-C", "/some/folder", "sc"), ["scale"]);
});

test("options of the command and the global ones", () => {
  assert.deepEqual(at("up", "--w"), ["--wait"]);
  assert.deepEqual(at("up", "--j"), ["--json"]);
  assert.deepEqual(at("ps", "--wai"), []);
});

test("names of this app, and nothing that a shell would run", () => {
  assert.deepEqual(at("restart", ""), ["orders", "users"]);
  assert.deepEqual(at("logs", "users"), ["users", "users-1"]);
  assert.deepEqual(at("scale", "u"), ["users="]);
  assert.deepEqual(at("events", "--service", "o"), ["orders"]);
  assert.deepEqual(at("explain", "--from", ""), ["orders", "users"]);
  assert.deepEqual(at("completion", ""), ["bash", "fish", "zsh"]);
});

test("where a file is wanted the shell completes", () => {
  assert.deepEqual(at("up", "-f", "tu"), []);
  assert.deepEqual(at("-C", ""), []);
});
