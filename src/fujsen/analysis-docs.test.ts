// Computes the worked example of docs/analysis.md, so that the document and the formula cannot part.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { MetricsRow, Objective } from "./metrics-row.js";
import { analyzeMicroservicesPerformance } from "./performance.js";
import { row } from "./rows-fixture.test.js";

const text = readFileSync(fileURLToPath(new URL("../../../docs/analysis.md", import.meta.url)), "utf8");

interface Example {
  readonly rows: readonly Partial<MetricsRow>[];
  readonly objectives: Readonly<Record<string, Objective>>;
}

describe("docs/analysis.md", () => {
  const { rows, objectives } = JSON.parse(/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? "") as Example;
  const analysis = analyzeMicroservicesPerformance(
    rows.map((fields) => row(0, fields)),
    { objectives },
  );

  for (const { service, points, score } of analysis.services) {
    it(`gives ${service} the points that are computed`, () => {
      const cells =
        text
          .split("\n")
          .find((line) => line.startsWith(`| ${service} |`))
          ?.split("|")
          .map(Number) ?? [];
      const [latency, errors, saturation, , , documented] = cells.slice(2);
      const near = (actual: number | null, expected = Number.NaN) => Math.abs((actual ?? 0) - expected) <= 0.05;
      assert.ok(near(points.latency, latency) && near(points.errors, errors) && near(points.saturation, saturation));
      assert.ok(near(score, documented), `${score}`);
    });
  }

  it("gives the score of all that is computed", () => {
    const documented = Number(/\*\*(\d+\.\d)\*\*/.exec(text)?.[1]);
    assert.ok(Math.abs((analysis.score ?? 0) - documented) <= 0.05, String(analysis.score));
  });
});
