import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import type { EventDraft } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import type { Database } from "./database.js";
import { Maintenance } from "./maintenance.js";
import { openDatabase } from "./open-database.js";

const mebibyte = 1024 * 1024;

/** Rows that do not compress. */
async function insertBulk(database: Database, { from, rows }: { from: number; rows: number }): Promise<void> {
  await database.query(
    "INSERT INTO edges (timestamp, id, caller, callee) SELECT to_timestamp($1 + range), uuid(), " +
      "md5(random()::VARCHAR) || md5(random()::VARCHAR), md5(random()::VARCHAR) FROM range($2)",
    [from / 1_000, rows],
  );
}

describe("maintenance", () => {
  it("keeps the file below its cap by deleting the oldest rows early", async (t) => {
    const file = join(temporaryFolder(t), "tusk.duckdb");
    const database = await openDatabase({ file });
    t.after(() => database.close());
    const clock = new FakeClock();
    const events: EventDraft[] = [];
    const policy = { capBytes: 48 * mebibyte };
    const maintenance = new Maintenance({ database, clock, emit: (event) => events.push(event), policy });
    for (let round = 0; round < 60; round++) {
      await insertBulk(database, { from: clock.now(), rows: 10_000 });
      clock.advance(61_000);
      await maintenance.run();
    }
    const size = await database.sizeBytes();
    assert.ok(size < policy.capBytes, `${size} bytes`);
    assert.ok(events.length > 0 && events.every(({ kind }) => kind === "tuskdb.cut"));
    const [row] = await database.query("SELECT count(*) AS n, max(timestamp) AS newest FROM edges");
    assert.ok(Number(row?.n) > 10_000);
    assert.ok(Date.parse(String(row?.newest)) > clock.now() - 61_000);
  });

  it("says once that it fails, and tries again", async (t) => {
    const file = join(temporaryFolder(t), "tusk.duckdb");
    const database = await openDatabase({ file });
    await database.close();
    const clock = new FakeClock();
    const events: EventDraft[] = [];
    let reported = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      reported = resolve;
    });
    const maintenance = new Maintenance({
      database,
      clock,
      emit: (event) => {
        events.push(event);
        reported();
      },
    });
    maintenance.start();
    clock.advance(60_000);
    await promise;
    await maintenance.close();
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["tuskdb.maintenance-failed"],
    );
    assert.equal(clock.pendingTimers, 0);
  });
});
