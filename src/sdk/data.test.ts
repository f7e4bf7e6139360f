import assert from "node:assert/strict";
import { test } from "node:test";
import type { SqlRow } from "../control/data-access.js";
import { MicroservicesDataManager } from "./data-manager.js";
import type { TuskMicroservices } from "./platform.js";
import { TuskDB } from "./tusk-db.js";
import { type MicroservicesMetrics, MicroservicesTuskDBIntegration } from "./tuskdb-integration.js";

type Call = readonly unknown[];

/** A platform whose data calls are kept, and answered as TuskDB would. */
function recordingPlatform(): { readonly platform: TuskMicroservices; readonly calls: Call[] } {
  const calls: Call[] = [];
  const data = {
    insert: async (...call: readonly [string, readonly SqlRow[]]) => {
      calls.push(call);
      return { inserted: call[1].length, ids: call[1].map((_, index) => `id-${index}`) };
    },
    query: async (...call: Call) => {
      calls.push(call);
      return [{ step: 1, value: 7 }];
    },
    storeMetrics: async (...call: Call) => {
      calls.push(call);
      return { stored: 1, storageId: "id", notes: [] };
    },
  };
  return { platform: { control: { data } } as unknown as TuskMicroservices, calls };
}

test("insert takes a row, insertMany a list", async () => {
  const { platform, calls } = recordingPlatform();
  const db = new TuskDB({ platform });
  const [one, two] = [{ a: 1 }, { a: 2 }];
  assert.deepEqual(await db.insert("t", one), { inserted: 1, id: "id-0" });
  assert.deepEqual(await db.insertMany("t", [one, two]), { inserted: 2, id: "id-1" });
  assert.deepEqual(await db.insertMany("t", []), { inserted: 0, id: "" });
  assert.deepEqual(calls, [
    ["t", [one]],
    ["t", [one, two]],
    ["t", []],
  ]);
  await assert.rejects(db.insertMany("t", one as unknown as SqlRow[]), { code: "REQUEST_INVALID" });
});

test("a series takes its times as a Date, as text and as milliseconds, and its step in seconds", async () => {
  const { platform, calls } = recordingPlatform();
  const past = new MicroservicesDataManager({ platform });
  const [from, to] = [new Date("2026-01-01T00:00:00Z"), new Date("2026-01-01T00:00:20Z")];
  const expected = [
    { at: "2026-01-01T00:00:00.000Z", value: null },
    { at: "2026-01-01T00:00:10.000Z", value: 7 },
  ];
  for (const form of [(time: Date) => time, (time: Date) => time.toISOString(), (time: Date) => time.getTime()]) {
    assert.deepEqual(await past.series("a", "response_time", form(from), form(to), 10), expected);
  }
  assert.deepEqual(calls[2]?.[1], ["a", from.toISOString(), to.toISOString(), from.getTime() / 1_000, 10]);
  const none = null as unknown as string;
  for (const wrong of [
    past.series("a", "nothing" as "p50", from, to, 10),
    past.series("a", "constructor" as "p50", from, to, 10),
    past.series("a", "p50", none, to, 10),
    past.series("a", "p50", from, new Date(Number.NaN), 10),
    past.series("a", "p50", to, from, 10),
    past.series("a", "p50", from, to, 0),
  ]) {
    await assert.rejects(wrong, { code: "REQUEST_INVALID" });
  }
});

test("metrics are taken in both spellings, by the types too", async () => {
  const { platform, calls } = recordingPlatform();
  const timestamp = new Date();
  const both: readonly MicroservicesMetrics[] = [
    { timestamp, serviceId: "a", responseTime: 1, throughput: 2, errorRate: 0, cpuUsage: 0.1, memoryUsage: 5 },
    { timestamp, service_id: "a", response_time: 1, throughput: 2, error_rate: 0, cpu_usage: 0.1, memory_usage: 5 },
  ];
  const stored = await new MicroservicesTuskDBIntegration({ platform }).storeMicroservicesMetrics(both);
  assert.equal(stored.metricsStored, true);
  assert.equal(calls.length, 1);
  // @ts-expect-error a service is needed in one of the two spellings
  const nameless: MicroservicesMetrics = { timestamp, responseTime: 1 };
  assert.ok(nameless);
});
