import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskError } from "../base/errors.js";
import { renderError, toErrorDocument } from "./render-error.js";
import { createStyle } from "./style.js";

const plain = createStyle(false);
const problems = [
  { path: "services[0].calls[0]", message: 'no service "user"', hint: "did you mean `users`?", file: "tusk.yaml" },
  { path: "gateway.port", message: "must be at most 65535", file: "tusk.yaml", line: 14, column: 17 },
];

test("each problem with its place, what is wrong and what to do", () => {
  const error = new TuskError("SPEC_INVALID", "tusk.yaml has 2 problems", { problems, hint: "correct them" });
  assert.equal(
    renderError(error, plain, { verbose: false }),
    `error: tusk.yaml has 2 problems

tusk.yaml  services[0].calls[0]
  no service "user"
  hint: did you mean \`users\`?

tusk.yaml:14:17  gateway.port
  must be at most 65535

hint: correct them
(SPEC_INVALID)`,
  );
});

test("a problem without a place is its message alone", () => {
  const error = new TuskError("NOT_READY", "not ready", { problems: [{ path: "", message: "users-1: refused" }] });
  assert.match(renderError(error, plain, { verbose: false }), /not ready\n\n {2}users-1: refused\n/);
});

test("a defect is named as one; its stack and causes only when asked for", () => {
  const error = new Error("outer", { cause: new Error("inner") });
  assert.doesNotMatch(renderError(error, plain, { verbose: false }), /inner|render-error\.test/);
  assert.match(renderError(error, plain, { verbose: true }), /render-error\.test[\s\S]*caused by: Error: inner/);
});

test("the JSON document has code, message, hint, problems and details", () => {
  const error = new TuskError("PORT_IN_USE", "taken", { hint: "free it", details: { port: 8080 } });
  assert.deepEqual(toErrorDocument(error, { verbose: false }), {
    error: { code: "PORT_IN_USE", message: "taken", hint: "free it", problems: [], details: { port: 8080 } },
  });
  assert.deepEqual(toErrorDocument("thrown text", { verbose: false }), {
    error: { code: "INTERNAL", message: "thrown text", problems: [] },
  });
});
