import assert from "node:assert/strict";
import { test } from "node:test";
import { pascalCase, pluralOf, resourceOf, snakeCase } from "./resource-name.js";

const cases: readonly (readonly [service: string, resource: string, plural: string])[] = [
  ["user-service", "user", "users"],
  ["orders", "order", "orders"],
  ["payments-api", "payment", "payments"],
  ["inventory", "inventory", "inventories"],
  ["inventories", "inventory", "inventories"],
  ["shopping-carts-svc", "shopping-cart", "shopping-carts"],
  ["address-service", "address", "addresses"],
  ["addresses", "address", "addresses"],
  ["box", "box", "boxes"],
  ["boxes", "box", "boxes"],
  ["branches", "branch", "branches"],
  ["key-service", "key", "keys"],
  ["status-service", "status", "statuses"],
  ["person-service", "person", "people"],
  ["people", "person", "people"],
  ["analytics", "analytics", "analytics"],
  ["news", "news", "news"],
  ["ties", "tie", "ties"],
  ["service", "service", "services"],
  ["api", "api", "apis"],
];

for (const [service, resource, plural] of cases) {
  test(`${service} is about ${plural}`, () => {
    assert.equal(resourceOf(service), resource);
    assert.equal(pluralOf(resource), plural);
  });
}

test("names are written as code has them", () => {
  assert.equal(snakeCase("shopping-cart"), "shopping_cart");
  assert.equal(pascalCase("shopping-cart"), "ShoppingCart");
  assert.equal(pascalCase("a--b"), "AB");
});
