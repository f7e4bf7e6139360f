import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shopYaml, specOf } from "../../test/support/specs.js";
import { type ParseResult, parseSpecObject, parseSpecText } from "./parse-spec.js";

const told = (result: ParseResult): string[] =>
  result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);

test("an object and its YAML give the same spec", () => {
  const object = {
    name: "shop",
    services: [
      { name: "users", path: "./users", run: "node server.js", replicas: 2, route: "/users" },
      { name: "orders", path: "./orders", run: ["python3", "server.py"], route: "/orders", calls: ["users"] },
    ],
    gateway: { port: 8080 },
  };
  const result = parseSpecObject(object);
  assert.ok(result.ok);
  assert.deepEqual(result.parsed.spec, specOf(shopYaml));
  assert.deepEqual(result.parsed.provenance, {});
});

test("a problem of an object names the file and the path, and no line", () => {
  const result = parseSpecObject({ name: "shop", services: [{ name: "users" }] }, "tusk.config.ts");
  assert.ok(!result.ok);
  assert.deepEqual(result.problems, [
    {
      path: "services[0]",
      message: "service `users` has no `run`",
      hint: "add the command that starts it, `run: ...`",
      file: "tusk.config.ts",
    },
  ]);
});

test("services whose code is created later need no run, and may call what comes later", () => {
  const file = { name: "shop", services: [{ name: "users", calls: ["orders"] }] };
  assert.equal(parseSpecObject(file).ok, false);
  assert.equal(parseSpecObject(file, undefined, { requireRun: false, allowUnknownCalls: true }).ok, true);
  assert.deepEqual(told(parseSpecObject(file, undefined, { requireRun: false })), [
    "services[0].calls[0]: no service `orders`",
  ]);
});

test("names that objects inherit are names like any other", () => {
  const services = ["constructor", "hasownproperty"].map((name) => ({ name, run: "./x", route: `/${name}` }));
  const result = parseSpecObject({
    name: "shop",
    services: [...services, { name: "a", run: "x", calls: ["valueof"] }],
  });
  assert.deepEqual(told(result), ["services[2].calls[0]: no service `valueof`"]);
  assert.deepEqual(
    told(parseSpecText("name: a\n__proto__: {}\n", "f")),
    [": unknown key `__proto__`"].map((t) => `__proto__${t}`),
  );
});

test("a hostile object ends in problems, not in an exception", () => {
  const trap = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no keys for you");
      },
    },
  );
  assert.deepEqual(told(parseSpecObject({ name: "shop", services: [trap] })), [
    "services[0]: cannot be read: no keys for you",
  ]);
  assert.deepEqual(told(parseSpecObject({ name: "shop", services: [{ name: "a", run: () => 1 }] })), [
    "services[0].run: is a function, which is no plain data",
  ]);
});

test("problems are bounded and the rest is counted", () => {
  const keys = Array.from({ length: 3000 }, (_, index) => `key${index}: 1`).join("\n");
  const result = parseSpecText(`name: a\n${keys}\n`, "f");
  assert.ok(!result.ok);
  assert.equal(result.problems.length, 501);
  assert.match(result.problems.at(-1)?.message ?? "", /^2500 more problems/);
});

test("whatever the text, parsing returns, and every problem has its line and column", () => {
  const words = [
    "name",
    "services",
    ":",
    " ",
    "\n",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "run",
    "users",
    "&a",
    "*a",
    "<<",
    '"',
    "route",
    "/x",
    "\t",
  ];
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (source) => {
      const result = parseSpecText(source, "f");
      const problems = result.ok ? [] : result.problems;
      assert.ok(result.ok || problems.length > 0);
      for (const { line, column, file } of problems)
        assert.ok(file === "f" && Number(line) >= 1 && Number(column) >= 1);
    }),
    { numRuns: 300 },
  );
});

test("whatever the object, parsing returns", () => {
  const part = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined));
  const service = fc.record(
    {
      name: fc.oneof(fc.constantFrom("a", "b"), part),
      run: part,
      route: part,
      health: part,
      calls: part,
      startAfter: part,
      env: part,
      traffic: part,
    },
    { requiredKeys: [] },
  );
  const gateway = fc.record(
    { listeners: part, routes: fc.oneof(part, fc.array(part)), port: part },
    { requiredKeys: [] },
  );
  const spec = fc.record(
    {
      name: fc.constant("x"),
      services: fc.oneof(part, fc.array(service)),
      gateway: fc.oneof(part, gateway),
      settings: part,
    },
    { requiredKeys: [] },
  );
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
    spec,
  );
  fc.assert(
    fc.property(anything, (value) => {
      const result = parseSpecObject(value);
      assert.ok(result.ok || result.problems.length > 0);
    }),
    { numRuns: 500 },
  );
});

test("a hundred thousand problems are a matter of a moment", () => {
  const calls = Array.from({ length: 1000 }, (_, index) => `nobody-${index}`);
  const services = Array.from({ length: 150 }, (_, index) => ({ name: `s${index}`, run: "x", calls }));
  const result = parseSpecObject({ name: "a", services });
  assert.ok(!result.ok);
  assert.match(result.problems.at(-1)?.message ?? "", /^149500 more problems/);
});

test("hostile text is refused in bounded time", () => {
  const deep = `name: a\nservices: ${"[".repeat(20_000)}`;
  assert.deepEqual(told(parseSpecText(deep, "f")), [": the file is nested too deeply"]);
  const large = `name: a\n# ${"x".repeat(1024 * 1024)}`;
  assert.deepEqual(told(parseSpecText(large, "f")), [": the file is larger than 1 MiB"]);
});

test("headers and query parameters of a route are a map as well as a list", () => {
  const parse = (match: object): ParseResult =>
    parseSpecObject({
      name: "shop",
      services: [{ name: "a", run: "x" }],
      gateway: { routes: [{ path: "/v2", backendRefs: ["a"], ...match }] },
    });
  const asMap = parse({ headers: { "X-A": "1", "x-b": "2" }, queryParams: { page: "3" } });
  const asList = parse({
    headers: [
      { name: "X-A", value: "1" },
      { name: "x-b", value: "2" },
    ],
    queryParams: [{ name: "page", value: "3" }],
  });
  assert.ok(asMap.ok && asList.ok, told(asMap).join());
  assert.deepEqual(asMap.parsed.spec, asList.parsed.spec);
  assert.deepEqual(asMap.parsed.spec.gateway.routes[0]?.matches[0]?.headers, [
    { name: "x-a", value: "1" },
    { name: "x-b", value: "2" },
  ]);
  const at = "gateway.routes[0].headers";
  assert.deepEqual(told(parse({ headers: { "a b": "1" } })), [`${at}["a b"]: is no header name`]);
  assert.deepEqual(told(parse({ headers: { a: 1 } })), [`${at}.a: expected text, found a number`]);
  assert.deepEqual(told(parse({ headers: [{ name: "a" }] })), [`${at}[0].value: \`value\` is missing`]);
  assert.deepEqual(told(parse({ headers: "a: 1" })), [
    `${at}: expected a map such as \`{ x-version: '2' }\`, or a list of \`{ name, value }\`, found text`,
  ]);
  assert.deepEqual(told(parse({ headers: { a: "1", A: "2" } })), [
    "gateway.routes[0]: `a` is matched twice in one match",
  ]);
});
