import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TuskError } from "../../base/errors.js";
import type { EventDraft } from "../../base/event.js";
import { FakeClock } from "../../base/fake-clock.js";
import type { Database, InsertRow, InsertRows, RunSql } from "../../tuskdb/database.js";
import { TuskData } from "./tusk-data.js";

/** A database that keeps rows, and fails with what it is told. */
class MemoryDatabase implements Partial<Database> {
  readonly kind = "postgres";
  readonly rows = new Map<string, InsertRow[]>();
  failure: Error | null = null;
  closed = false;

  async insertMany(table: string, rows: readonly InsertRow[]): Promise<{ inserted: number; ids: string[] }> {
    if (this.failure) throw this.failure;
    this.rows.set(table, [...(this.rows.get(table) ?? []), ...rows]);
    return { inserted: rows.length, ids: rows.map((_, index) => String(index)) };
  }

  async transaction<T>(work: (run: RunSql, insert: InsertRows) => Promise<T>): Promise<T> {
    const before = new Map(this.rows);
    try {
      return await work(
        async () => [],
        (table, rows) => this.insertMany(table, rows),
      );
    } catch (error) {
      this.rows.clear();
      for (const [table, rows] of before) this.rows.set(table, rows);
      throw error;
    }
  }

  async queryReadOnly(): Promise<[]> {
    return [];
  }

  async usedBytes(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function setUp() {
  const opened: MemoryDatabase[] = [];
  const events: EventDraft[] = [];
  const clock = new FakeClock();
  let refusal: Error | null = null;
  const data = new TuskData({
    open: async () => {
      if (refusal) throw refusal;
      const database = new MemoryDatabase();
      opened.push(database);
      return database as unknown as Database;
    },
    clock,
    emit: (event) => void events.push(event),
    live: () => [],
    prometheus: async () => "",
    analyst: async () => assert.fail("nobody asked for an analysis"),
    pastEvents: () => [],
  });
  const refuse = (error: Error | null): void => {
    refusal = error;
  };
  return { data, opened, events, refuse, clock };
}

const row = (service: string) => ({ service_id: service, timestamp: "2026-01-01T00:00:00.000Z" });

describe("rows on their way to TuskDB", () => {
  it("wait until it is begun, then arrive in order, and a sample is told", async () => {
    const { data, opened } = setUp();
    data.enqueue("microservices_metrics", [row("a")]);
    data.enqueue("microservices_metrics", [row("b")]);
    assert.equal(opened.length, 0);
    const sampled = data.awaitSample("b", 1000);
    data.begin();
    assert.equal(await sampled, true);
    assert.deepEqual(
      opened[0]?.rows.get("microservices_metrics")?.map((stored) => stored.service_id),
      ["a", "b"],
    );
    await data.close();
    assert.equal(opened[0]?.closed, true);
  });

  it("are kept while it cannot be opened, which is said once, and stored when it can", async () => {
    const { data, opened, events, refuse } = setUp();
    refuse(new TuskError("DB_LOCKED", "another process has it"));
    data.begin();
    data.enqueue("microservices_metrics", [row("a")]);
    data.enqueue("microservices_metrics", [row("b")]);
    await data.query("SELECT 1").catch(() => undefined);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["tuskdb.failed"],
    );
    refuse(null);
    data.enqueue("microservices_metrics", [row("c")]);
    assert.equal(await data.awaitSample("c", 1000), true);
    assert.equal(opened[0]?.rows.get("microservices_metrics")?.length, 3);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["tuskdb.failed", "tuskdb.recovered"],
    );
    await data.close();
  });

  it("that come while others are being stored are stored after them, each once", async () => {
    const { data, opened } = setUp();
    data.begin();
    data.enqueue("events", [row("first")]);
    await data.query("SELECT 1");
    const [database] = opened;
    assert.ok(database);
    const insert = database.insertMany.bind(database);
    database.insertMany = async (table, rows) => {
      const result = await insert(table, rows);
      if (rows.some((stored) => stored.service_id === "second")) data.enqueue("events", [row("third")]);
      return result;
    };
    data.enqueue("events", [row("second")]);
    await data.query("SELECT 1");
    await data.close();
    assert.deepEqual(
      database.rows.get("events")?.map((stored) => stored.service_id),
      ["first", "second", "third"],
    );
  });

  it("open it anew after it has broken for good", async () => {
    const { data, opened } = setUp();
    data.begin();
    data.enqueue("microservices_metrics", [row("a")]);
    assert.equal(await data.awaitSample("a", 1000), true);
    const [first] = opened;
    assert.ok(first);
    first.failure = new TuskError("DB_UNAVAILABLE", "the engine has failed");
    data.enqueue("microservices_metrics", [row("b")]);
    data.enqueue("microservices_metrics", [row("c")]);
    assert.equal(await data.awaitSample("c", 1000), true);
    assert.equal(opened[1]?.rows.get("microservices_metrics")?.length, 2);
    assert.equal(first.closed, true);
    await data.close();
  });

  it("of a quiet system are stored together, when somebody asks, when something happens, or after a while", async () => {
    const { data, opened, clock } = setUp();
    const stored = (): number => opened[0]?.rows.get("microservices_metrics")?.length ?? 0;
    const quiet = { quiet: true };
    data.begin();
    // The first of a service is waited for.
    data.enqueue("microservices_metrics", [row("a")], quiet);
    assert.equal(await data.awaitSample("a", 1000), true);
    data.enqueue("microservices_metrics", [row("a")], quiet);
    data.enqueue("microservices_metrics", [row("a")], quiet);
    assert.equal(stored(), 1);
    await data.query("SELECT 1");
    assert.equal(stored(), 3);
    data.enqueue("microservices_metrics", [row("a")], quiet);
    data.enqueue("microservices_metrics", [row("a")]);
    await data.query("SELECT 1");
    assert.equal(stored(), 5);
    data.enqueue("microservices_metrics", [row("a")], quiet);
    clock.advance(5_000);
    await data.query("SELECT 1");
    assert.equal(stored(), 6);
    data.enqueue("microservices_metrics", [row("a")], quiet);
    await data.close();
    assert.equal(stored(), 7);
  });
});
