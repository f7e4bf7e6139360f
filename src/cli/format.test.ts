import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAge, formatBytes, formatDuration, formatPercent, withoutControls } from "./format.js";

test("bytes, never four digits before the point", () => {
  const cases: [number | null, string][] = [
    [null, "-"],
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1024 * 1024 - 1, "1.0 MiB"],
    [52_428_800, "50.0 MiB"],
    [3 * 1024 ** 4, "3.0 TiB"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

test("durations in their two largest units", () => {
  const cases: [number, string][] = [
    [-5, "0ms"],
    [0, "0ms"],
    [999, "999ms"],
    [1_000, "1s"],
    [61_000, "1m01s"],
    [3_600_000, "1h00m"],
    [90_000_000, "1d1h"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
  assert.equal(formatAge(null, 0), "-");
  assert.equal(formatAge("2026-01-01T00:00:00.000Z", Date.parse("2026-01-01T00:02:05.000Z")), "2m05s");
  assert.equal(formatPercent(null), "-");
});

test("text from outside cannot steer the terminal; its colours stay", () => {
  assert.equal(withoutControls("a\u001b[2Jb\u0007c\u001b]0;title\u0007\u009b1mx\rz"), "a[2Jbc]0;title1mxz");
  assert.equal(withoutControls("\u001b[31mred\u001b[0m\ttab\nline"), "\u001b[31mred\u001b[0m\ttab\nline");
});
