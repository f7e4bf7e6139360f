import assert from "node:assert/strict";
import { test } from "node:test";
import { createStyle } from "./style.js";
import { renderTable } from "./table.js";

test("columns are as wide as their widest cell, colours do not count", () => {
  const style = createStyle(true);
  const rows = [
    { name: "a", n: 5 },
    { name: "longer", n: 1234 },
  ];
  const text = renderTable(
    rows,
    [
      { title: "NAME", value: ({ name }) => style.green(name) },
      { title: "N", value: ({ n }) => String(n), align: "right" },
    ],
    createStyle(false),
  );
  const plain = text.replaceAll(style.green("a"), "a").replaceAll(style.green("longer"), "longer");
  assert.equal(plain, "NAME       N\na          5\nlonger  1234");
  assert.equal(renderTable([], [{ title: "N", value: () => "" }], style), "");
});
