import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDotenv } from "./dotenv.js";

test("assignments, quotes, comments, export, several lines", () => {
  const { values, problems } = parseDotenv(`# a comment
PLAIN=value
export EXPORTED = spaced out   # a comment
HASH=a#b
EMPTY=
SINGLE='as $is \\n #x'
DOUBLE="line\\nnext \\"quoted\\" \\\\ #x" # a comment
BACK=\`it's "both"\`
LONG="first
second
  third"
JSON={"a":1}
URL=postgres://u:p@host/db?x=1
`);
  assert.deepEqual(problems, []);
  assert.deepEqual(values, {
    PLAIN: "value",
    EXPORTED: "spaced out",
    HASH: "a#b",
    EMPTY: "",
    SINGLE: "as $is \\n #x",
    DOUBLE: 'line\nnext "quoted" \\ #x',
    BACK: `it's "both"`,
    LONG: "first\nsecond\n  third",
    JSON: '{"a":1}',
    URL: "postgres://u:p@host/db?x=1",
  });
});

test("Windows line ends, a byte order mark, the last assignment of a name", () => {
  assert.deepEqual(parseDotenv("\uFEFFA=1\r\nA=2\r\n").values, { A: "2" });
});

test("a line that is no assignment is told by its number, never by its text", () => {
  const { values, problems } = parseDotenv("A=1\nsecret-token\n=x\nB='open\nC=3\n", ".env");
  assert.deepEqual(values, { A: "1", C: "3" });
  assert.deepEqual(
    problems.map(({ file, line, message }) => [file, line, message]),
    [
      [".env", 2, "the line is no assignment"],
      [".env", 3, "the line is no assignment"],
      [".env", 4, "the quote of B is never closed"],
    ],
  );
  assert.ok(!JSON.stringify(problems).includes("secret-token"));
});

test("whatever the text, it neither throws nor takes long", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseDotenv(text)));
  parseDotenv(`A=${" ".repeat(100_000)}x`);
  parseDotenv(`A="${"\\".repeat(100_001)}`);
  parseDotenv("A='\n".repeat(2000));
});
