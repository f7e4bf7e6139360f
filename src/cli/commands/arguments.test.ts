import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuestion } from "./explain.js";
import { parseScaleTargets } from "./scale.js";

test("scale: name=number, each once", () => {
  assert.deepEqual(parseScaleTargets(["users=3", "a-b=0"]), [
    { service: "users", replicas: 3 },
    { service: "a-b", replicas: 0 },
  ]);
  for (const word of ["users", "users=", "=3", "users=-1", "users=1.5", "users=101", "users=3x", "users=1e1"]) {
    assert.throws(() => parseScaleTargets([word]), { code: "USAGE" }, word);
  }
  assert.throws(() => parseScaleTargets(["users=1", "users=2"]), { code: "USAGE" });
});

test("explain: a service, a path, a method before it", () => {
  const none = { header: [] };
  assert.deepEqual(parseQuestion("users", undefined, none), { about: "service", service: "users" });
  assert.deepEqual(parseQuestion("/users?a=1", undefined, none), {
    about: "request",
    input: { method: "GET", target: "/users?a=1", headers: {}, caller: undefined },
  });
  assert.deepEqual(
    parseQuestion("post", "http://shop.local/x", { header: ["X-Canary: 1", "empty:"], from: "orders" }),
    {
      about: "request",
      input: {
        method: "POST",
        target: "http://shop.local/x",
        headers: { "x-canary": "1", empty: "" },
        caller: "orders",
      },
    },
  );
});

test("explain: what is no question is refused", () => {
  const none = { header: [] };
  assert.throws(() => parseQuestion("users", undefined, { header: ["a: b"] }), { code: "USAGE" });
  assert.throws(() => parseQuestion("users", undefined, { header: [], from: "orders" }), { code: "USAGE" });
  assert.throws(() => parseQuestion("GET", "users", none), { code: "USAGE" });
  assert.throws(() => parseQuestion("G T", "/users", none), { code: "USAGE" });
  for (const header of ["no colon", ": value", "a b: c", "a\r\nb: c", "a: b\r\nc"]) {
    assert.throws(() => parseQuestion("/x", undefined, { header: [header] }), { code: "USAGE" }, header);
  }
});
