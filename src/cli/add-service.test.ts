import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { addEntry, renderEntry, type ServiceEntry } from "./add-service.js";

const entry: ServiceEntry = {
  name: "user-service",
  path: "./services/user-service",
  language: "python",
  framework: "fastapi",
  dependencies: ["sqlalchemy", "redis"],
  run: [".venv/bin/python", "-m", "app"],
  calls: [],
  route: "/users",
  health: { liveness: { http: "/healthz" }, readiness: { http: "/readyz" } },
};

const hand = `# mine
name: shop   # the shop
services:
  # the first one
  - { name: orders, path: ./orders, run: "[a, b]" }

# the way in
gateway: { port: 8080 }
`;

test("added behind what is there; comments and the rest of the text stay", () => {
  const text = addEntry(hand, entry) ?? "";
  assert.deepEqual(parse(text).services[1], entry);
  assert.ok(text.startsWith("# mine\nname: shop # the shop\nservices:\n  # the first one\n  - { name: orders,"));
  assert.match(text, /\n {2}- name: user-service\n {4}path: \.\/services\/user-service\n/);
  assert.match(text, /\n {4}dependencies: \[ ?sqlalchemy, redis ?\]\n/);
  assert.match(text, /# the way in\ngateway: \{ port: 8080 \}\n$/);
});

test("a service of that name is left as it is", () => {
  assert.equal(addEntry("services: [{ name: user-service, run: mine }]\n", entry), null);
});

test("an empty list, no list, an empty file", () => {
  for (const text of ["name: a\nservices: []\n", "name: a\nservices:\n", "name: a\n", ""]) {
    assert.deepEqual(parse(addEntry(text, entry) ?? "").services, [entry], text);
  }
});

test("what is no spec is refused, not repaired", () => {
  for (const text of ["services: 3\n", "- a\n", "a: [\n", "services: { a: b }\n"]) {
    assert.throws(() => addEntry(text, entry), { code: "SPEC_INVALID" }, text);
  }
});

test("shown as one item of a list", () => {
  const shown = renderEntry(entry);
  assert.deepEqual(parse(shown), [entry]);
  assert.match(shown, /^- name: user-service\n {2}path: /);
});
