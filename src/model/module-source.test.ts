import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { locateInModule } from "./module-source.js";

const literal = `import { defineConfig } from "elsewhere"; // { not: this }
export default defineConfig({
  name: "shop!", /* services: [] */
  services: [
    { name: "users", "run": \`node \${server({ a: [1] })}\`, cals: ["a"] },
    { name: 'it\\'s, {', replicas: -1 + fn({ x: 1 }, [2]), env: { A: "1" } as const },
  ],
  gateway,
});
`;

const at = (text: string, path: readonly (string | number)[], of: "key" | "value" = "value") => {
  const { line, column } = locateInModule(text)(path, of);
  return `${line}:${column}`;
};

/** Where that stands, counted by hand. */
function placeOf(text: string, needle: string): string {
  const before = text.slice(0, text.indexOf(needle)).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

test("entries of the exported literal, whatever stands between them", () => {
  assert.equal(at(literal, ["name"]), placeOf(literal, '"shop!"'));
  assert.equal(at(literal, ["services", 0, "cals"], "key"), placeOf(literal, "cals"));
  assert.equal(at(literal, ["services", 0, "cals", 0]), placeOf(literal, '"a"'));
  assert.equal(at(literal, ["services", 1, "replicas"]), placeOf(literal, "-1"));
  assert.equal(at(literal, ["services", 1, "env", "A"]), placeOf(literal, '"1"'));
  assert.equal(at(literal, ["gateway"]), "8:3");
});

test("the nearest entry around what is computed or absent", () => {
  assert.equal(at(literal, ["services", 1, "health", "readiness"]), "6:5");
  assert.equal(at(literal, ["gateway", "port"]), "8:3");
  assert.equal(at(literal, ["services", 7]), "4:13");
  assert.equal(at(literal, ["nothing"]), "2:29");
});

test("a function, a variable, and a module that exports nothing", () => {
  for (const before of [
    "export default () => (",
    "export default async function () {\n  const a = 1;\n  return ",
    "const config: AppFile = ",
  ]) {
    const after = before.startsWith("const") ? ";\nexport default config;\n" : before.endsWith("(") ? ");" : ";\n}\n";
    const text = `${before}{ name: "x" }${after}`;
    const offset = text.indexOf('"x"');
    const line = text.slice(0, offset).split("\n").length;
    const column = offset - text.lastIndexOf("\n", offset);
    assert.equal(at(text, ["name"]), `${line}:${column}`, before);
  }
  assert.equal(at("console.log(1)", ["name"]), "1:1");
  assert.equal(at("", []), "1:1");
});

test("no text makes it throw or run for long", () => {
  const piece = fc.constantFrom(
    "export default ",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    "a",
    '"',
    "'",
    "`",
    "\\",
    "/*",
    "//",
    "\n",
    "...",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.array(fc.oneof(fc.nat(3), fc.constant("a"))), (pieces, path) => {
      const { line, column } = locateInModule(pieces.join(""))(path, "key");
      assert.ok(line >= 1 && column >= 1);
    }),
  );
  const deep = `export default ${"{a:[".repeat(20_000)}`;
  assert.ok(locateInModule(deep)(["a", 0, "a"], "key").line === 1);
});
