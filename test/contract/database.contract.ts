// What every engine of TuskDB has to do. Exported as a function; each engine's test file runs it.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { TuskError } from "../../src/base/errors.js";
import { FakeClock } from "../../src/base/fake-clock.js";
import {
  type Metric,
  metrics,
  readDecisions,
  readEdges,
  readEvents,
  readSeries,
} from "../../src/tuskdb/data-manager.js";
import type { Database, SqlRow } from "../../src/tuskdb/database.js";
import { exportTable } from "../../src/tuskdb/export.js";
import { Maintenance } from "../../src/tuskdb/maintenance.js";
import { migrate } from "../../src/tuskdb/migrations.js";
import { metricsTable, migrations } from "../../src/tuskdb/schema.js";
import { temporaryFolder } from "../support/temporary-folder.js";

export interface DatabaseUnderTest {
  /** The same place each time: what was stored is there again. */
  open(): Promise<Database>;
  close(): Promise<void>;
}

const uuidv7Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const documentedQuery =
  "SELECT * FROM microservices_metrics WHERE timestamp >= NOW() - INTERVAL '24h' ORDER BY timestamp DESC";

const isCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof TuskError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

export function databaseContract(name: string, start: () => Promise<DatabaseUnderTest>): void {
  describe(`database contract: ${name}`, () => {
    let place: DatabaseUnderTest;
    let database: Database;

    before(async () => {
      place = await start();
      database = await place.open();
    });
    after(async () => {
      await database?.close();
      await place?.close();
    });

    storingRows(() => database);
    refusingRows(() => database);
    asking(() => database);
    readingOnly(() => database);
    evolving(() => database);
    growingOld(() => database);
    readingThePast(() => database);
    exporting(() => database);

    it("keeps what it stored when it is opened again", async () => {
      const { id } = await database.insert("decisions", { function: "kept", version: "1", inputs: { b: 1, a: [2] } });
      await database.close();
      database = await place.open();
      const [row] = await database.query("SELECT inputs, output FROM decisions WHERE id = $1", [id]);
      assert.deepEqual(row, { inputs: { b: 1, a: [2] }, output: null });
      assert.deepEqual(Object.keys(row?.inputs as object), ["b", "a"]);
    });

    it("says that it is closed", async () => {
      const other = await place.open();
      await other.close();
      await other.close();
      await assert.rejects(other.query("SELECT 1"), isCode("DB_UNAVAILABLE"));
      await assert.rejects(other.insert("edges", { caller: "a", callee: "b" }), isCode("DB_UNAVAILABLE"));
      await assert.rejects(other.queryReadOnly("SELECT 1"), isCode("DB_UNAVAILABLE"));
    });
  });
}

type Get = () => Database;

function storingRows(get: Get): void {
  it("stores the seven documented fields, with an id, and NULL for what is not known", async () => {
    const timestamp = new Date().toISOString();
    const row = { timestamp, service_id: "seven", response_time: 1.5, throughput: 10, error_rate: 0, cpu_usage: 0.25 };
    const { inserted, id } = await get().insert(metricsTable, { ...row, memory_usage: Number.NaN });
    assert.equal(inserted, true);
    assert.match(id, uuidv7Pattern);
    const rows = await get().query(documentedQuery);
    const stored = rows.find((one) => one.id === id);
    assert.deepEqual(pick(stored, Object.keys(row)), row);
    assert.equal(stored?.memory_usage, null);
    assert.equal(stored?.p99, null);
    assert.deepEqual(Object.keys(stored ?? {}).slice(0, 7), [...Object.keys(row), "memory_usage"]);
  });

  it("leaves out what is older than 24 hours, newest first", async () => {
    const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
    const rows = [30, 23, 1, 25].map((hours) => ({ timestamp: hoursAgo(hours), service_id: "aged" }));
    await get().insertMany(metricsTable, rows);
    const found = (await get().query(documentedQuery)).filter((row) => row.service_id === "aged");
    assert.deepEqual(
      found.map((row) => row.timestamp),
      [hoursAgo(1), hoursAgo(23)].map((date, index) => rows[index === 0 ? 2 : 1]?.timestamp.toISOString() ?? date),
    );
  });

  it("stores many rows at once, in order, and gives their ids", async () => {
    const rows = Array.from({ length: 2_500 }, (_, index) => ({
      caller: "many",
      callee: `c${index}`,
      requests: index,
    }));
    const { inserted, ids } = await get().insertMany("edges", rows);
    assert.equal(inserted, 2_500);
    assert.equal(new Set(ids).size, 2_500);
    const [sum] = await get().query("SELECT sum(requests) AS sum, count(*) AS n FROM edges WHERE caller = $1", [
      "many",
    ]);
    assert.deepEqual(sum, { sum: 3_123_750, n: 2_500 });
  });

  it("stores an event once, however often it is imported", async () => {
    const event = { id: "01890000-0000-7000-8000-00000000000a", kind: "x.y", level: "info", message: "m" };
    assert.equal((await get().insertMany("events", [event])).inserted, 1);
    const other = { ...event, id: "01890000-0000-7000-8000-00000000000b", details: { a: [1, null, "\u00e4"] } };
    assert.equal((await get().insertMany("events", [event, other])).inserted, 1);
    const rows = await get().query("SELECT id, details FROM events WHERE kind = 'x.y' ORDER BY id");
    assert.deepEqual(rows, [
      { id: event.id, details: null },
      { id: other.id, details: other.details },
    ]);
  });

  it("takes no text as SQL", async () => {
    const hostile = `x'); DROP TABLE edges; -- "\\ $1 \u{1F600}`;
    await get().insert("edges", { caller: hostile, callee: hostile });
    const rows = await get().query("SELECT callee FROM edges WHERE caller = $1", [hostile]);
    assert.deepEqual(rows, [{ callee: hostile }]);
  });
}

function refusingRows(get: Get): void {
  it("stores what programs print, a NUL and half a character too, which no text of SQL can hold", async () => {
    const id = "01900000-0000-7000-8000-0000000000aa";
    const details = { output: "a\0b", "key\0": ["\ud800", "\\u0000"] };
    await get().insert("events", { id, kind: "odd", level: "info", message: "exit \0 \udc00 ü", details });
    const [row] = await get().query("SELECT message, details FROM events WHERE id = $1", [id]);
    assert.equal(row?.message, "exit \ufffd \ufffd ü");
    assert.deepEqual(row?.details, { output: "a\ufffdb", "key\ufffd": ["\ufffd", "\\u0000"] });
  });

  it("lists every column that the table does not have", async () => {
    const rows = [{ caller: "a", callee: "b", nope: 1 }, { colour: 2 }];
    await assert.rejects(get().insertMany("edges", rows), (error: TuskError) => {
      assert.equal(error.code, "DB_ROW_INVALID");
      assert.deepEqual(
        error.problems.map(({ path }) => path),
        ["[0].nope", "[1].colour"],
      );
      return true;
    });
  });

  it("stores all rows or none", async () => {
    const rows = [
      { caller: "none", callee: "b" },
      { caller: "none", callee: "b", requests: "many" },
    ];
    await assert.rejects(get().insertMany("edges", rows), isCode("DB_ROW_INVALID"));
    assert.deepEqual(await get().query("SELECT 1 AS one FROM edges WHERE caller = 'none'"), []);
  });

  const bad: readonly (readonly [string, Record<string, unknown>])[] = [
    ["a missing required column", { caller: "a" }],
    ["a date that is none", { caller: "a", callee: "b", timestamp: "the other day" }],
    ["an id that is none", { caller: "a", callee: "b", id: "7" }],
    ["a bigint deep inside", { caller: "a", callee: "b", sketch: { count: 1n } }],
  ];
  for (const [what, row] of bad)
    it(`refuses ${what}`, () => assert.rejects(get().insert("edges", row), isCode("DB_ROW_INVALID")));

  it("refuses what is no row", () =>
    assert.rejects(get().insertMany("edges", [null, []] as never), isCode("DB_ROW_INVALID")));

  for (const table of ["nope", "tusk_migrations", `edges" (caller) VALUES ('a'); --`, ""])
    it(`knows no table ${JSON.stringify(table)}`, () =>
      assert.rejects(get().insert(table, { caller: "a" }), isCode("DB_TABLE_UNKNOWN")));
}

function asking(get: Get): void {
  it("gives plain JSON", async () => {
    const [row] = await get().query(
      "SELECT 1 AS one, CAST(9007199254740993 AS BIGINT) AS big, CAST(1.50 AS DECIMAL(5,2)) AS money, NULL AS nothing, " +
        "CAST('2026-01-02 03:04:05.678901+00' AS TIMESTAMPTZ) AS at, CAST('2026-01-02' AS DATE) AS day, true AS yes, " +
        `CAST('NaN' AS DOUBLE PRECISION) AS nan, CAST('{"a":[1]}' AS JSON) AS json, ARRAY['a', NULL, 'b"'] AS list`,
    );
    assert.deepEqual(row, {
      one: 1,
      big: "9007199254740993",
      money: 1.5,
      nothing: null,
      at: "2026-01-02T03:04:05.678Z",
      day: "2026-01-02",
      yes: true,
      nan: null,
      json: { a: [1] },
      list: ["a", null, 'b"'],
    });
  });

  it("takes parameters of every kind", async () => {
    const at = new Date("2026-01-02T03:04:05.678Z");
    const [row] = await get().query(
      "SELECT CAST($1 AS TIMESTAMPTZ) AS at, CAST($2 AS BIGINT) AS n, CAST($3 AS TEXT) AS text, " +
        "CAST($4 AS DOUBLE PRECISION) AS x, CAST($5 AS BOOLEAN) AS yes, CAST($6 AS TEXT) AS nothing LIMIT $7",
      [at, 5n, "a'b", 0.1, true, null, 1],
    );
    assert.deepEqual(row, { at: at.toISOString(), n: 5, text: "a'b", x: 0.1, yes: true, nothing: null });
  });

  for (const sql of ["", "  ", "SELEC 1", "SELECT nope", "SELECT 1; SELECT 2", "BEGIN", "COMMIT"])
    it(`refuses ${JSON.stringify(sql)}`, () => assert.rejects(get().query(sql), isCode("DB_QUERY_INVALID")));

  it("refuses a parameter that has no SQL", async () => {
    for (const value of [new Date(Number.NaN), { deep: 1n }])
      await assert.rejects(get().query("SELECT CAST($1 AS TEXT)", [value]), isCode("DB_QUERY_INVALID"));
  });

  it("writes, and knows a table that somebody made", async () => {
    await get().query("CREATE TABLE own (id TEXT, note TEXT)");
    const { id } = await get().insert("own", { note: "mine" });
    await get().query("ALTER TABLE own ADD COLUMN more TEXT");
    await get().insert("own", { id: "second", more: "x" });
    assert.deepEqual(await get().query("UPDATE own SET note = 'yours' WHERE id = $1 RETURNING note", [id]), [
      { note: "yours" },
    ]);
    await get().query("DROP TABLE own");
    await assert.rejects(get().insert("own", { note: "gone" }), isCode("DB_TABLE_UNKNOWN"));
  });

  it("undoes a transaction that fails, and goes on", async () => {
    const failing = get().transaction(async (run) => {
      await run("INSERT INTO decisions (id, timestamp, function, version) VALUES ($1, now(), 'undone', '1')", [
        "01890000-0000-7000-8000-0000000000ff",
      ]);
      throw new TuskError("CONFLICT", "changed my mind");
    });
    await assert.rejects(failing, isCode("CONFLICT"));
    assert.deepEqual(await get().query("SELECT 1 AS one FROM decisions WHERE function = 'undone'"), []);
  });

  it("keeps statements that come at once apart", async () => {
    const work = Array.from({ length: 20 }, (_, index) =>
      index % 2 ? get().query("SELECT $1 AS n", [String(index)]) : get().insert("edges", { caller: "q", callee: "r" }),
    );
    await Promise.all(work);
    const [row] = await get().query("SELECT count(*) AS n FROM edges WHERE caller = 'q'");
    assert.equal(row?.n, 10);
  });

  it("says how large it is", async () => {
    assert.ok((await get().sizeBytes()) > 0);
    assert.ok((await get().usedBytes()) > 0);
  });
}

function readingOnly(get: Get): void {
  const reads = [
    documentedQuery,
    "-- a comment\n SELECT 1 AS one",
    "/* another */ (SELECT 1 AS one)",
    "WITH a AS (SELECT 1 AS one) SELECT * FROM a",
    "VALUES (1)",
    "EXPLAIN SELECT 1",
  ];
  for (const sql of reads)
    it(`allows ${JSON.stringify(sql.slice(0, 40))}`, async () => {
      await get().queryReadOnly(sql);
    });

  const writes = [
    "DELETE FROM edges",
    "INSERT INTO edges (caller) VALUES ('a')",
    "UPDATE edges SET caller = 'a'",
    "DROP TABLE edges",
    "CREATE TABLE stolen (a INTEGER)",
    "EXPLAIN ANALYZE DELETE FROM edges",
    "COPY edges TO '/tmp/tusk-stolen.csv'",
    "SET search_path = 'x'",
    "BEGIN",
  ];
  for (const sql of writes)
    it(`refuses ${JSON.stringify(sql)}`, async () => {
      const before = await countEdges(get());
      await assert.rejects(get().queryReadOnly(sql), isCode("DB_READ_ONLY"));
      assert.equal(await countEdges(get()), before);
    });

  it("refuses a second statement behind the first", async () => {
    const before = await countEdges(get());
    await assert.rejects(get().queryReadOnly("SELECT 1; DELETE FROM edges"), isCode("DB_QUERY_INVALID"));
    await assert.rejects(get().queryReadOnly("SELECT 1; COMMIT; DELETE FROM edges"), isCode("DB_QUERY_INVALID"));
    assert.equal(await countEdges(get()), before);
  });

  it("ends a statement at its limits, and goes on", async () => {
    const numbers = get().kind === "duckdb" ? "range(10000)" : "generate_series(1, 10000)";
    const slow = `SELECT count(*) AS n FROM ${numbers} AS a, ${numbers} AS b, ${numbers} AS c`;
    await assert.rejects(get().queryReadOnly(slow, [], { timeoutMs: 100 }), isCode("DB_TIMEOUT"));
    await assert.rejects(
      get().queryReadOnly(`SELECT * FROM ${numbers} AS a`, [], { maxRows: 10 }),
      isCode("DB_TOO_MANY_ROWS"),
    );
    assert.deepEqual(await get().queryReadOnly("SELECT 1 AS one", [], { maxRows: 1 }), [{ one: 1 }]);
  });
}

function evolving(get: Get): void {
  const next = {
    version: migrations.length + 1,
    name: "a colour",
    changes: [
      { kind: "column", table: "edges", column: { name: "colour", type: "text" } },
      { kind: "index", table: "edges", columns: ["colour"] },
    ],
  } as const;

  it("applies each migration once, in order, and nothing of one that fails", async () => {
    assert.deepEqual(await migrate(get()), []);
    const broken = { ...next, changes: [...next.changes, next.changes[0]] };
    await assert.rejects(migrate(get(), [...migrations, broken]), isCode("DB_QUERY_INVALID"));
    await assert.rejects(get().query("SELECT colour FROM edges"), isCode("DB_QUERY_INVALID"));
    assert.deepEqual(await migrate(get(), [...migrations, next]), [next.version]);
    await get().query("SELECT colour FROM edges LIMIT 1");
  });

  it("refuses a database that is ahead", async () => {
    await assert.rejects(migrate(get()), isCode("DB_VERSION"));
    await get().query("DELETE FROM tusk_migrations WHERE version = $1", [next.version]);
  });
}

function growingOld(get: Get): void {
  const now = Date.parse("2026-03-10T12:30:30.000Z");
  const sketch = { gamma: 1.02, count: 2, sumMs: 4, buckets: [[35, 2]], zero: 0 };
  const secondRow = (second: number): Record<string, unknown> => ({
    timestamp: new Date(now - second * 1_000),
    service_id: "old",
    response_time: 2,
    throughput: 2,
    error_rate: 0,
    cpu_usage: 0.5,
    interval_seconds: 1,
    requests: 2,
    errors: 0,
    sketch,
  });

  it("rolls up in place: seconds to minutes, minutes to hours, and forgets what is older than 30 days", async () => {
    await get().query("DELETE FROM microservices_metrics");
    const seconds = Array.from({ length: 7_200 }, (_, second) => secondRow(second));
    const day = 86_400;
    const ancient = [secondRow(3 * day), secondRow(3 * day + 1), secondRow(31 * day)];
    const own = { service_id: "own", timestamp: new Date(now - 5 * day * 1_000), response_time: 7 };
    await get().insertMany(metricsTable, [...seconds, ...ancient, own]);
    const failing = ({ message }: { message: string }): void => assert.fail(message);
    const maintenance = new Maintenance({ database: get(), clock: new FakeClock(now), emit: failing });
    await maintenance.run();
    await maintenance.run();
    const rows = await get().query(
      "SELECT coalesce(resolution_seconds, 0) AS resolution, count(*) AS n, sum(requests) AS requests, " +
        "sum(interval_seconds) AS seconds, min(p50) AS p50, max(response_time) AS response_time " +
        "FROM microservices_metrics WHERE service_id = 'old' GROUP BY 1 ORDER BY 1",
    );
    assert.deepEqual(rows, [
      { resolution: 0, n: 3_630, requests: 7_260, seconds: 3_630, p50: null, response_time: 2 },
      { resolution: 60, n: 60, requests: 7_140, seconds: 3_570, p50: 1.98, response_time: 2 },
      { resolution: 3_600, n: 1, requests: 4, seconds: 2, p50: 1.98, response_time: 2 },
    ]);
    const [kept] = await get().query("SELECT response_time FROM microservices_metrics WHERE service_id = 'own'");
    assert.equal(kept?.response_time, 7);
  });
}

function readingThePast(get: Get): void {
  const at = (second: number): string =>
    new Date(Date.parse("2026-02-01T10:00:00.000Z") + second * 1_000).toISOString();

  it("gives a series with gaps as null", async () => {
    const row = { service_id: "series", interval_seconds: 1 };
    await get().insertMany(metricsTable, [
      { ...row, timestamp: at(0), requests: 4, errors: 1, throughput: 4, p99: 5 },
      { ...row, timestamp: at(9.5), requests: 0, errors: 0, throughput: 0 },
      { ...row, timestamp: at(20), requests: 2, errors: 0, throughput: 2, p99: 7 },
      { ...row, timestamp: at(30), requests: 100, errors: 100, throughput: 100 },
    ]);
    const range = { from: at(0), to: at(30), service: "series", stepSeconds: 10 };
    const values = async (metric: Metric): Promise<unknown[]> =>
      (await readSeries(get(), { ...range, metric })).map(({ value }) => value);
    assert.deepEqual(await values("throughput"), [2, null, 2]);
    assert.deepEqual(await values("error_rate"), [0.25, null, 0]);
    assert.deepEqual(await values("p99"), [5, null, 7]);
    assert.deepEqual(await values("cpu_usage"), [null, null, null]);
    for (const metric of metrics) assert.equal((await values(metric)).length, 3);
  });

  it("refuses a series of no metric, no time, no end", async () => {
    const good = { from: at(0), to: at(30), service: "series", stepSeconds: 10, metric: "p99" } as const;
    const bad = [
      { metric: "p99; DROP" },
      { from: "soon" },
      { to: at(0) },
      { stepSeconds: 0 },
      { from: new Date(0), stepSeconds: 1 },
    ];
    for (const change of bad)
      await assert.rejects(readSeries(get(), { ...good, ...(change as object) }), isCode("REQUEST_INVALID"));
  });

  it("sums edges, and pages through events and decisions, newest first", async () => {
    const edge = { caller: "past", callee: "b", requests: 2, errors: 1, p99: 4 };
    await get().insertMany("edges", [
      { ...edge, timestamp: at(1) },
      { ...edge, timestamp: at(2), p99: 9 },
      { ...edge, timestamp: at(50) },
    ]);
    const edges = await readEdges(get(), { from: at(0), to: at(50) });
    assert.deepEqual(edges, [
      { caller: "past", callee: "b", requests: 4, errors: 2, retries: null, p50: null, p95: null, p99: 9 },
    ]);
    const events = [1, 2, 3].map((n) => ({
      kind: "past.x",
      level: "info",
      service: `s${n}`,
      message: "m",
      timestamp: at(n),
    }));
    await get().insertMany("events", events);
    const found = await readEvents(get(), { kind: "past.x", from: at(2), limit: 5 });
    assert.deepEqual(
      found.map(({ service }) => service),
      ["s3", "s2"],
    );
    assert.equal((await readEvents(get(), { service: "s1", kind: "past.x" })).length, 1);
    assert.equal((await readDecisions(get(), { function: "nobody" })).length, 0);
  });
}

function exporting(get: Get): void {
  const hostile = 'a "quoted", \r\n line \u{1F600}';

  it("exports a table to CSV and to Parquet, each value as it is", async (t) => {
    const folder = temporaryFolder(t);
    await get().query("DELETE FROM edges");
    const rows = Array.from({ length: 6_000 }, (_, n) => ({
      caller: hostile,
      callee: n === 7 ? "" : `c${n}`,
      requests: n,
    }));
    await get().insertMany("edges", [...rows, { caller: "x", callee: "y", sketch: { count: 1 }, p50: 0.1 }]);
    const check = await openDatabaseForFiles(t);
    for (const format of ["csv", "parquet"] as const) {
      const path = join(folder, `edges.${format}`);
      assert.deepEqual(await exportTable(get(), { table: "edges", path, format }), { rows: 6_001, path });
      const source =
        format === "csv" ? `read_csv('${path}', header = true, nullstr = '', allow_quoted_nulls = false)` : `'${path}'`;
      const [row] = await check(
        `SELECT count(*) AS n, CAST(sum(requests) AS BIGINT) AS sum, count(p50) AS known, max(p50) AS p50, ` +
          `count(*) FILTER (callee = '') AS empty, count(DISTINCT id) AS ids, max(sketch) AS sketch, min(caller) AS caller FROM ${source}`,
      );
      const expected = {
        n: "6001",
        sum: "17997000",
        known: "1",
        p50: 0.1,
        empty: "1",
        ids: "6001",
        sketch: '{"count":1}',
      };
      assert.deepEqual(row, { ...expected, caller: hostile });
    }
    assert.deepEqual(readdirSync(folder).sort(), ["edges.csv", "edges.parquet"]);
  });

  it("leaves nothing behind when it cannot export", async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "x.csv");
    await assert.rejects(exportTable(get(), { table: "nope", path, format: "csv" }), isCode("DB_TABLE_UNKNOWN"));
    const nowhere = join(folder, "nowhere", "x.parquet");
    await assert.rejects(
      exportTable(get(), { table: "edges", path: nowhere, format: "parquet" }),
      isCode("DB_UNAVAILABLE"),
    );
    assert.deepEqual(readdirSync(folder), []);
  });
}

/** A DuckDB that may read files, to look at what was exported. */
async function openDatabaseForFiles(t: TestContext): Promise<(sql: string) => Promise<readonly unknown[]>> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  t.after(() => {
    connection.closeSync();
    instance.closeSync();
  });
  return async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

async function countEdges(database: Database): Promise<unknown> {
  const [row] = await database.query("SELECT count(*) AS n FROM edges");
  return row?.n;
}

const pick = (row: SqlRow | undefined, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, row?.[name]]));
