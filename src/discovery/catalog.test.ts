// Lookups: right, and the same object until something changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalog } from "./catalog.js";
import type { RegisteredInstance } from "./registry.js";

function entry(id: string, more: Partial<RegisteredInstance> = {}): RegisteredInstance {
  return {
    id,
    service: "users",
    address: "127.0.0.1",
    port: 1,
    tags: [],
    metadata: {},
    weight: 1,
    source: "external",
    state: "passing",
    reason: "registered",
    epoch: "1",
    registeredAt: "2026-01-01T00:00:00.000Z",
    changedAt: "2026-01-01T00:00:00.000Z",
    ...more,
  };
}

function ids(found: readonly RegisteredInstance[]): readonly string[] {
  return found.map((instance) => instance.id);
}

function filled(): Catalog {
  const catalog = new Catalog();
  catalog.set(entry("a", { tags: ["blue", "eu"] }));
  catalog.set(entry("b", { state: "warning", tags: ["blue"] }));
  catalog.set(entry("c", { state: "critical", tags: ["blue", "eu"] }));
  catalog.set(entry("d", { state: "starting" }));
  catalog.set(entry("o", { service: "orders" }));
  return catalog;
}

test("healthy ones by default, all on request, by tags together", () => {
  const catalog = filled();
  assert.deepEqual(ids(catalog.lookup("users")), ["a", "b"]);
  assert.deepEqual(ids(catalog.lookup("users", { healthyOnly: false })), ["a", "b", "c", "d"]);
  assert.deepEqual(ids(catalog.lookup("users", { tags: ["eu", "blue"] })), ["a"]);
  assert.deepEqual(ids(catalog.lookup("users", { tags: ["red"] })), []);
  assert.deepEqual(ids(catalog.lookup("nobody")), []);
  assert.deepEqual(catalog.services(), ["orders", "users"]);
});

test("the same array until that service changes, whatever the order of the tags", () => {
  const catalog = filled();
  const before = catalog.lookup("users", { tags: ["eu", "blue"] });
  catalog.set(entry("p", { service: "orders" }));
  assert.equal(catalog.lookup("users", { tags: ["blue", "eu", "eu"] }), before);
  catalog.set(entry("e"));
  assert.notEqual(catalog.lookup("users", { tags: ["eu", "blue"] }), before);
});

test("answers cannot be changed by who gets them", () => {
  const found = filled().lookup("users");
  assert.throws(() => (found as RegisteredInstance[]).pop(), TypeError);
  assert.throws(() => Object.assign(found[0] ?? {}, { port: 2 }), TypeError);
});

test("a service without instances is gone", () => {
  const catalog = filled();
  catalog.delete("o");
  catalog.delete("o");
  assert.deepEqual(catalog.services(), ["users"]);
});

test("a flood of made-up tags does not grow the memory without end", () => {
  const catalog = filled();
  const kept = catalog.lookup("users", { tags: ["t-0"] });
  for (let n = 1; n <= 300; n++) catalog.lookup("users", { tags: [`t-${n}`] });
  assert.notEqual(catalog.lookup("users", { tags: ["t-0"] }), kept);
});
