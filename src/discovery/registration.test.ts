// What may be registered: every problem at once, whatever the input is.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TuskError } from "../base/errors.js";
import {
  isAddress,
  isSameRegistration,
  parseRegistration,
  validateRegistration,
  validateReport,
} from "./registration.js";

const good = { service: "users", address: "127.0.0.1", port: 9000 };

function paths(input: unknown): readonly string[] {
  return validateRegistration(input).map((problem) => problem.path);
}

test("the least that is needed, and everything that is possible", () => {
  assert.deepEqual(paths(good), []);
  const check = {
    kind: "http",
    url: "http://h:1/",
    periodMs: 100,
    timeoutMs: 1,
    failureThreshold: 1,
    successThreshold: 1,
  };
  const full = {
    ...good,
    id: "u:1",
    tags: ["a"],
    metadata: { zone: "" },
    weight: 0,
    ttlMs: 1000,
    expireAfterMs: 1000,
    check,
  };
  assert.deepEqual(paths(full), []);
});

test("every problem is reported at once, with its place", () => {
  const input = {
    id: "-x",
    service: "My Service",
    address: "http://127.0.0.1:80",
    port: 70_000,
    tags: ["ok", "", "a\nb", 7],
    metadata: { zone: 5 },
    weight: -1,
    ttlMs: 999,
    expireAfterMs: Number.POSITIVE_INFINITY,
    check: {
      kind: "tcp",
      address: "0.0.0.0",
      port: 0,
      periodMs: 1,
      timeoutMs: 0,
      failureThreshold: 0,
      successThreshold: 1.5,
    },
    ttl: 5,
  };
  assert.deepEqual(paths(input), [
    "ttl",
    "id",
    "service",
    "address",
    "port",
    "tags[1]",
    "tags[2]",
    "tags[3]",
    "metadata.zone",
    "weight",
    "ttlMs",
    "expireAfterMs",
    "check.address",
    "check.port",
    "check.periodMs",
    "check.timeoutMs",
    "check.failureThreshold",
    "check.successThreshold",
  ]);
});

test("the error carries code and problems", () => {
  assert.throws(
    () => parseRegistration({}),
    (error) => error instanceof TuskError && error.code === "REQUEST_INVALID" && error.problems.length === 3,
  );
});

test("a service name that is nearly right gets a suggestion", () => {
  const [problem] = validateRegistration({ ...good, service: "User Service" });
  assert.equal(problem?.hint, "for example `user-service`");
});

test("bounds on tags and metadata hold", () => {
  assert.deepEqual(paths({ ...good, tags: Array(65).fill("x") }), ["tags"]);
  assert.deepEqual(paths({ ...good, tags: ["x".repeat(129)] }), ["tags[0]"]);
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, "v"]));
  assert.deepEqual(paths({ ...good, metadata: many }), ["metadata"]);
});

test("a check's URL shows no credentials and is http", () => {
  const rest = { kind: "http", periodMs: 1000, timeoutMs: 1000, failureThreshold: 1, successThreshold: 1 };
  for (const url of ["ftp://h/", "http://user:secret@h/", "nonsense", 5, "http://h/".padEnd(3000, "x")]) {
    assert.deepEqual(paths({ ...good, check: { ...rest, url } }), ["check.url"]);
  }
});

test("addresses are IP addresses or host names", () => {
  for (const right of ["10.0.0.1", "::1", "fe80::1", "db", "db.local", "a-b.c"]) assert.ok(isAddress(right), right);
  for (const wrong of ["", "256.1.1.1", "1.2.3", "-a", "a-", "a b", "a..b", "h:80", "a".repeat(64)]) {
    assert.ok(!isAddress(wrong), wrong);
  }
});

test("repeated tags are kept once and the input is copied", () => {
  const input = { ...good, tags: ["a", "a", "b"] };
  const parsed = parseRegistration(input);
  input.tags.push("c");
  assert.deepEqual(parsed.tags, ["a", "b"]);
});

test("a name that objects have anyway is an ordinary metadata key", () => {
  const input: unknown = JSON.parse('{"service":"a","address":"h","port":1,"metadata":{"__proto__":"x"}}');
  assert.deepEqual(Object.keys(parseRegistration(input).metadata ?? {}), ["__proto__"]);
});

test("order of keys does not make another registration, a value does", () => {
  const first = { ...good, metadata: { a: "1", b: "2" } };
  assert.ok(
    isSameRegistration(first, { port: 9000, metadata: { b: "2", a: "1" }, address: "127.0.0.1", service: "users" }),
  );
  assert.ok(!isSameRegistration(first, { ...first, port: 9001 }));
});

test("whatever comes in, validation answers with problems and does not throw", () => {
  fc.assert(
    fc.property(fc.anything(), (input) => {
      validateRegistration(input);
    }),
  );
  fc.assert(
    fc.property(
      fc.record({ id: fc.anything(), tags: fc.anything(), metadata: fc.anything(), check: fc.anything() }),
      (input) => {
        assert.ok(validateRegistration({ ...input }).length > 0);
      },
    ),
  );
});

test("a heartbeat says one of three states and a reason on one line", () => {
  validateReport({});
  validateReport({ state: "warning", reason: "queue is long" });
  assert.throws(
    () => validateReport({ state: "starting", reason: "a\nb" }),
    (error) => error instanceof TuskError && error.problems.length === 2,
  );
});
