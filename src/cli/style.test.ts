import assert from "node:assert/strict";
import { test } from "node:test";
import { createStyle, visibleWidth, wantsColour } from "./style.js";

test("colour on a terminal, NO_COLOR over FORCE_COLOR over what the terminal is", () => {
  const cases: [Record<string, string>, boolean, boolean][] = [
    [{}, true, true],
    [{}, false, false],
    [{ TERM: "dumb" }, true, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
  ];
  for (const [environment, isTty, expected] of cases) {
    assert.equal(wantsColour(environment, isTty), expected, JSON.stringify(environment));
  }
});

test("painted text keeps its width, plain style leaves text alone", () => {
  const painted = createStyle(true).red("ready");
  assert.notEqual(painted, "ready");
  assert.equal(visibleWidth(painted), 5);
  assert.equal(createStyle(false).red("ready"), "ready");
});
