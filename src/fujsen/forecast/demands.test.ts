import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { DecisionRecord } from "../decision.js";
import { MicroservicesIntelligence } from "../engine.js";
import type { DemandRow } from "./series.js";
import { hourlyLoad } from "./series-fixture.test.js";

const start = Date.parse("2026-01-05T00:00:00.000Z");

function rowsOf(serviceId: string, values: readonly number[]): DemandRow[] {
  return values.map((throughput, hour) => ({
    serviceId,
    timestamp: new Date(start + hour * 3_600_000).toISOString(),
    throughput,
    intervalSeconds: 3600,
  }));
}

const throughJson = (record: DecisionRecord): DecisionRecord => JSON.parse(JSON.stringify(record));

describe("usage patterns", () => {
  const fujsen = new MicroservicesIntelligence();

  it("say what demand looks like, service by service", () => {
    const growing = hourlyLoad({ hours: 24 * 28, weekly: false }).map((value, hour) => value * (1 + hour / (24 * 70)));
    const rows = [...rowsOf("users", growing), ...rowsOf("orders", hourlyLoad({ hours: 24 * 28 }))];
    const { services, refused } = fujsen.analyzeMicroservicesUsagePatterns(rows);
    assert.deepEqual([services.map(({ service }) => service), refused], [["users", "orders"], []]);
    const [users, orders] = services;
    assert.deepEqual(users?.seasons[0]?.seconds, 86_400);
    assert.deepEqual(orders?.seasons[1], { ...orders?.seasons[1], seconds: 604_800, basis: "found" });
    assert.ok(
      users && (users.growthPerWeek ?? 0) > 0.05 && (users.growthPerWeek ?? 0) < 0.12,
      `${users?.growthPerWeek}`,
    );
    assert.ok(users.level > 100 && users.burstiness > 1.5 && users.burstiness < 3);
  });

  it("refuse one service and answer for the others", () => {
    const rows = [...rowsOf("users", hourlyLoad({ hours: 100 })), ...rowsOf("orders", [1, -1, 2])];
    const { services, refused } = fujsen.analyzeMicroservicesUsagePatterns(rows);
    assert.deepEqual([services.length, refused[0]?.service, refused[0]?.problem.kind], [1, "orders", "negative"]);
  });

  it("say that values are missing and that a level changed", () => {
    const values = hourlyLoad({ hours: 24 * 20, weekly: false }).map((value, t) => (t < 240 ? value : 4 * value));
    const series = { serviceId: "a", start: new Date(start).toISOString(), stepSeconds: 3600 };
    const holed = values.map((value, t) => (t % 50 === 7 ? null : value));
    const [pattern] = fujsen.analyzeMicroservicesUsagePatterns({ series: [{ ...series, values: holed }] }).services;
    assert.match(pattern?.levelShift?.at ?? "", /^2026-01-1(4T2|5T0)/);
    assert.match(pattern?.notes.join("; ") ?? "", /10 of 480 values were missing.*level changed/);
  });
});

describe("predicted demands", () => {
  it("come with intervals, backtest and times, and replay identically", () => {
    const fujsen = new MicroservicesIntelligence();
    const patterns = fujsen.analyzeMicroservicesUsagePatterns(rowsOf("users", hourlyLoad({ hours: 24 * 28 })));
    const [users] = fujsen.predictMicroservicesDemands(patterns).services;
    assert.equal(users?.start, "2026-02-02T00:00:00.000Z");
    assert.deepEqual([users?.mean.length, users?.intervals?.map(({ level }) => level)], [48, [0.8, 0.95]]);
    assert.ok(users?.backtest && users.backtest.scaledError < 1 && users.weights.length > 5);
    fujsen.predictMicroservicesDemands(patterns, { horizon: 6, tier: "fast", levels: [0.9] });
    const records = fujsen.decisions().map(throughJson);
    assert.deepEqual(
      records.map((record) => fujsen.replay(record).identical),
      [true, true, true],
    );
    assert.match(JSON.stringify(records[2]?.evidence), /"scaledError"/);
  });

  it("replay from a record that another machine stored", () => {
    const path = fileURLToPath(new URL("../../../../src/fujsen/forecast/fixtures/records.json", import.meta.url));
    const records = JSON.parse(readFileSync(path, "utf8")) as DecisionRecord[];
    const replays = records.map((record) => new MicroservicesIntelligence().replay(record));
    assert.deepEqual(
      replays.map(({ identical, reason }) => [identical, reason]),
      records.map(() => [true, null]),
    );
  });

  it("say what they cannot know", () => {
    const fujsen = new MicroservicesIntelligence();
    const patterns = fujsen.analyzeMicroservicesUsagePatterns(rowsOf("users", [1, 2, 3]));
    const [users] = fujsen.predictMicroservicesDemands(patterns, { horizon: 5 }).services;
    assert.deepEqual([users?.method, users?.intervals], ["last-value", null]);
    assert.match(users?.notes.join("; ") ?? "", /was not tested.*5 steps ahead is far/);
  });

  it("refuse horizons, levels and tiers that there are not", () => {
    const fujsen = new MicroservicesIntelligence();
    const patterns = fujsen.analyzeMicroservicesUsagePatterns([]);
    for (const wrong of [
      { horizon: 0 },
      { horizon: 1.5 },
      { horizon: 9999 },
      { levels: [95] },
      { tier: "all" as "best" },
    ]) {
      assert.throws(() => fujsen.predictMicroservicesDemands(patterns, wrong), { code: "REQUEST_INVALID" });
    }
    assert.deepEqual(fujsen.predictMicroservicesDemands(patterns).services, []);
  });
});
