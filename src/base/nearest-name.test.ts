import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editDistance, nameHint, nearestName } from "./nearest-name.js";

test("slips of the keyboard are found, other words are not", () => {
  const keys = ["replicas", "route", "run", "env", "envFiles"];
  assert.equal(nearestName("relicas", keys), "replicas");
  assert.equal(nearestName("reun", keys), "run");
  assert.equal(nearestName("rnu", keys), "run");
  assert.equal(nearestName("Env", keys), "env");
  assert.equal(nearestName("envfile", keys), "envFiles");
  assert.equal(nearestName("kubernetes", keys), null);
  assert.equal(nearestName("", keys), null);
});

test("a hint names the nearest, or lists what there is", () => {
  assert.equal(nameHint("usrs", ["users", "orders"]), "did you mean `users`?");
  assert.equal(nameHint("zzz", ["users", "orders"]), "known: users, orders");
  assert.equal(nameHint("zzz", []), "there is none to choose from");
  const many = Array.from({ length: 20 }, (_, index) => `service-${index}`);
  assert.match(nameHint("zzz", many), /, and 8 more$/);
});

test("the distance is zero only for equal strings, symmetric, and cut at the limit", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, fc.integer({ min: 1, max: 6 }), (a, b, limit) => {
      const distance = editDistance(a, b);
      assert.equal(distance === 0, a === b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(editDistance(a, b, limit), Math.min(distance, limit));
    }),
  );
});
