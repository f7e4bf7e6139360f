import assert from "node:assert/strict";
import { test } from "node:test";
import { toPlain } from "./plain-value.js";

const messages = (value: unknown): string[] =>
  toPlain(value).problems.map(({ path, message }) => `${path.join(".")}: ${message}`);

test("plain data is copied, undefined members are left out", () => {
  const input = { a: [1, "x", null, true], b: { c: undefined, d: Object.create(null) } };
  const { value, problems } = toPlain(input);
  assert.deepEqual(problems, []);
  assert.deepEqual(value, { a: [1, "x", null, true], b: { d: {} } });
  assert.notEqual(value, input);
});

test("what is no plain data is told with its place", () => {
  assert.deepEqual(messages({ f: () => 1, s: Symbol("x"), n: 1n, d: new Date(0), m: new Map() }), [
    "f: is a function, which is no plain data",
    "s: is a symbol, which is no plain data",
    "n: is a bigint, which is no plain data",
    "d: is no plain data",
    "m: is no plain data",
  ]);
});

test("cycles, depth, size, and code of the caller that throws end in a problem", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  assert.deepEqual(messages(cycle), ["self: refers to something that it is part of"]);
  let deep: unknown = 1;
  for (let level = 0; level < 100; level++) deep = [deep];
  assert.match(messages(deep)[0] ?? "", /nested too deeply$/);
  assert.deepEqual(messages(Array.from({ length: 300_000 }, () => 0)).length, 1);
  const thrower = {
    get x(): never {
      throw new Error("not today");
    },
  };
  assert.deepEqual(messages({ thrower }), ["thrower: cannot be read: not today"]);
});

test("a key called __proto__ is data and changes no prototype", () => {
  const { value } = toPlain(JSON.parse('{"__proto__": {"polluted": true}}'));
  assert.ok(Object.hasOwn(value as object, "__proto__"));
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});
