import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson, contentHash, fnv1a64 } from "./hash.js";

test("FNV-1a 64 gives the published values", () => {
  const of = (text: string): string => fnv1a64(new TextEncoder().encode(text));
  assert.equal(of(""), "cbf29ce484222325");
  assert.equal(of("a"), "af63dc4c8601ec8c");
  assert.equal(of("foobar"), "85944171f73967e8");
});

test("the limbs compute what 64-bit arithmetic computes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      let hash = 0xcbf29ce484222325n;
      for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
      assert.equal(fnv1a64(bytes), hash.toString(16).padStart(16, "0"));
    }),
  );
});

test("canonical JSON does not depend on key order and drops undefined", () => {
  assert.equal(canonicalJson({ b: 1, a: [2, { d: 3, c: undefined }] }), '{"a":[2,{"d":3}],"b":1}');
  assert.equal(canonicalJson({ a: 1, b: 2 }), canonicalJson({ b: 2, a: 1 }));
  assert.equal(contentHash({ a: 1, b: undefined }), contentHash({ a: 1 }));
  assert.notEqual(contentHash(["a", "b"]), contentHash(["b", "a"]));
});

test("canonical JSON parses back to the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      assert.equal(canonicalJson(JSON.parse(canonicalJson(value))), canonicalJson(value));
    }),
  );
});
