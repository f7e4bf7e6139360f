import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileRegex, type LinearRegex } from "./linear-regex.js";

function regex(source: string): LinearRegex {
  const compiled = compileRegex(source);
  if (!compiled.ok) assert.fail(`${source}: ${compiled.problem}`);
  return compiled.regex;
}

const matching: readonly [source: string, yes: readonly string[], no: readonly string[]][] = [
  ["abc", ["abc"], ["ab", "abcd", "xabc", ""]],
  ["^/users/[0-9]+$", ["/users/1", "/users/123"], ["/users/", "/users/1/x", "/users/1a"]],
  ["/v[12]/(cats|dogs)?", ["/v1/", "/v2/cats", "/v1/dogs"], ["/v3/", "/v1/cat"]],
  ["a{2,3}b{2}c{1,}", ["aabbc", "aaabbccc"], ["abbc", "aaaabbc", "aabbbc"]],
  ["(?i)Shop-[a-f]", ["SHOP-A", "shop-f"], ["shop-g"]],
  ["(?:x|(?P<name>y))*?", ["", "xyxy"], ["z"]],
  ["\\d\\D\\w\\W\\s\\S", ["1ab- c"], ["aab- c"]],
  ["[^/]+", ["abc", "ä", "日本"], ["a/b", ""]],
  [".*", ["", "anything at all", "日"], ["a\nb"]],
  ["[]a-]+", ["]a-"], ["b"]],
  ["\\x41\\.\\*\\\\", ["A.*\\"], ["Ax*\\"]],
  ["(a|b|)c", ["ac", "bc", "c"], ["abc"]],
  ["[\\d.]+", ["1.2"], ["a"]],
  ["(a*)*b", ["b", "aaab"], ["aaa"]],
];

for (const [source, yes, no] of matching) {
  test(`regex ${source} matches the whole text`, () => {
    const { matches } = regex(source);
    for (const text of yes) assert.equal(matches(text), true, text);
    for (const text of no) assert.equal(matches(text), false, text);
  });
}

const refused: readonly [source: string, problem: RegExp][] = [
  ["", /empty/],
  ["(a", /not closed/],
  ["a)", /closes nothing/],
  ["[a", /not closed/],
  ["a**", /repeated/],
  ["*a", /repeats nothing/],
  ["(a)\\1", /not supported/],
  ["a(?=b)", /kind that is not supported/],
  ["(?<!a)b", /kind that is not supported/],
  ["\\bword", /not supported/],
  ["\\p{L}", /not supported/],
  ["a^b", /not at the end/],
  ["a{9999}", /more than 255/],
  ["a{3,2}", /counts down/],
  ["[z-a]", /no order/],
  ["[[:alpha:]]", /named classes/],
  ["a\\", /ends in the middle/],
  ["日", /Latin-1/],
  ["x".repeat(2000), /longer than/],
  ["(".repeat(100) + ")".repeat(100), /too deeply/],
  ["((a{200}){200}){200}", /too large/],
  ["(a|b)*a(a|b){20}", /too many states|too complex/],
];

for (const [source, problem] of refused) {
  test(`regex ${source.slice(0, 30)} is refused`, () => {
    const compiled = compileRegex(source);
    assert.equal(compiled.ok, false);
    assert.match(compiled.ok ? "" : compiled.problem, problem);
  });
}

test("what makes a backtracking engine hang takes one step for each character", () => {
  const text = `${"a".repeat(1_000_000)}!`;
  for (const source of ["(a+)+", "(a|a)*", "(a|aa)+b", "([a-z]+)*d"]) assert.equal(regex(source).matches(text), false);
});

test("the prefix is what every match begins with", () => {
  assert.equal(regex("/users/[0-9]+").prefix, "/users/");
  assert.equal(regex("/a|/b").prefix, "");
  assert.equal(regex("(?i)/a").prefix, "/");
});

test("agrees with the engine of JavaScript", () => {
  const atom = fc.constantFrom("a", "b", "c", ".", "[ab]", "[^a]", "\\d", "\\w");
  const expression = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      atom,
      fc.tuple(tie("node"), tie("node")).map(([a, b]) => `${a}${b}`),
      fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a}|${b})`),
      fc.tuple(tie("node"), fc.constantFrom("*", "+", "?", "{1,2}", "{2}")).map(([a, r]) => `(${a})${r}`),
    ),
  })).node;
  const text = fc.array(fc.constantFrom("a", "b", "c", "1", "é"), { maxLength: 8 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(expression, text, (source, subject) => {
      const compiled = compileRegex(source);
      if (!compiled.ok) return;
      assert.equal(
        compiled.regex.matches(subject),
        new RegExp(`^(?:${source})$`).test(subject),
        `${source} ${subject}`,
      );
    }),
    { numRuns: 500 },
  );
});
