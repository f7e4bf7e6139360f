import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DecisionRecord } from "../decision.js";
import { MicroservicesIntelligence } from "../engine.js";
import type { DemandRow } from "../forecast/series.js";
import { hourlyLoad } from "../forecast/series-fixture.test.js";

const start = Date.parse("2026-01-05T00:00:00.000Z");

function rowsOf(serviceId: string, values: readonly number[]): DemandRow[] {
  return values.map((throughput, hour) => ({
    serviceId,
    timestamp: new Date(start + hour * 3_600_000).toISOString(),
    throughput,
    intervalSeconds: 3600,
  }));
}

const surge = hourlyLoad({ hours: 1000, weekly: false, seed: 2 }).map((value, t) =>
  t >= 800 && t < 812 ? value + 500 : value,
);

describe("anomalies of services", () => {
  it("are episodes, service by service", () => {
    const fujsen = new MicroservicesIntelligence();
    const rows = [...rowsOf("users", surge), ...rowsOf("orders", hourlyLoad({ hours: 1000, weekly: false, seed: 3 }))];
    const { services, refused } = fujsen.detectMicroservicesAnomalies(rows);
    assert.deepEqual([services.map(({ episodes }) => episodes.length), refused], [[1, 0], []]);
    const [episode] = services[0]?.episodes ?? [];
    assert.equal(episode?.start, new Date(start + 800 * 3_600_000).toISOString());
    assert.ok(
      episode && episode.probability > 0.99 && episode.alerted >= episode.start && episode.end >= episode.alerted,
    );
  });

  it("replay from their record", () => {
    const records: DecisionRecord[] = [];
    const fujsen = new MicroservicesIntelligence({ onDecision: (record) => records.push(record) });
    fujsen.detectMicroservicesAnomalies(rowsOf("users", surge));
    const [record] = records.map((one): DecisionRecord => JSON.parse(JSON.stringify(one)));
    assert.ok(record);
    const { identical, reason } = fujsen.replay(record);
    assert.deepEqual([identical, reason], [true, null]);
    assert.match(JSON.stringify(record.evidence), /"reason":"level"|"reason":"shape"|"reason":"variance"/);
  });

  it("take series with gaps and tell the gap", () => {
    const values = hourlyLoad({ hours: 500, weekly: false, seed: 2 }).map((value, t) =>
      t >= 400 && t < 410 ? null : value,
    );
    const series = { serviceId: "a", start: new Date(start).toISOString(), stepSeconds: 3600, values };
    const [found] = new MicroservicesIntelligence().detectMicroservicesAnomalies({ series: [series] }).services;
    assert.deepEqual([found?.missing, found?.episodes[0]?.reason], [10, "missing data"]);
  });

  it("are refused for what is no series", () => {
    const fujsen = new MicroservicesIntelligence();
    const rows = rowsOf("a", [1, 2, 3]);
    const kinds = [rows.toReversed(), [rows[0], rows[0]] as DemandRow[], rowsOf("a", [1, Number.NaN, 2])].map(
      (history) => fujsen.detectMicroservicesAnomalies(history).refused[0]?.problem.kind,
    );
    assert.deepEqual(kinds, ["unsorted", "duplicate", "not-a-number"]);
    const empty = { serviceId: "a", start: new Date(start).toISOString(), stepSeconds: 60, values: [] };
    assert.equal(fujsen.detectMicroservicesAnomalies({ series: [empty] }).refused[0]?.problem.kind, "empty");
    assert.deepEqual(fujsen.detectMicroservicesAnomalies([]).services, []);
  });

  it("take a surprise from 5 to 100, and tell less at a higher one", () => {
    const fujsen = new MicroservicesIntelligence();
    for (const alertSurprise of [0, 4, 101, Number.NaN]) {
      assert.throws(() => fujsen.detectMicroservicesAnomalies([], { alertSurprise }), { code: "REQUEST_INVALID" });
    }
    const told = [5, 90].map((alertSurprise) => {
      const [found] = fujsen.detectMicroservicesAnomalies(rowsOf("users", surge), { alertSurprise }).services;
      return found?.episodes.length ?? 0;
    });
    assert.ok((told[0] as number) > (told[1] as number), `${told}`);
  });
});
