import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { joinFolder } from "./join-folder.js";

test("it joins as the file system would", () => {
  const path = fc.array(fc.constantFrom("a", "b", ".", "..", "/", "")).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(path, path, (root, inner) => {
      const expected = posix.resolve(`/${root}`, inner);
      assert.equal(joinFolder(`/${root}`, inner), expected);
    }),
  );
});
