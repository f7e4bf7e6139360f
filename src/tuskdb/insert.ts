// Inserting rows on either engine: checked against the table's columns, given an id, and sent as one JSON parameter, so
// that one statement serves any number of rows and no value is ever part of it.
import type { Clock } from "../base/clock.js";
import { messageOf, type Problem, TuskError } from "../base/errors.js";
import { uuidv7 } from "../system/clock.js";
import type { DatabaseKind, InsertedRows, InsertRow, RunSql } from "./database.js";
import { migrationsTable } from "./migrations.js";
import { quoteName, quoteText } from "./sql-names.js";

interface TableShape {
  /** Name to the engine's own type, in the table's order. */
  readonly columns: ReadonlyMap<string, string>;
  readonly uniqueRows: boolean;
}

export interface InserterOptions {
  readonly kind: DatabaseKind;
  readonly clock: Clock;
}

/** Bounds the memory that one statement takes. */
const rowsPerStatement = 1_000;
const listedProblems = 20;

export class Inserter {
  readonly #options: InserterOptions;
  readonly #shapes = new Map<string, TableShape>();

  constructor(options: InserterOptions) {
    this.#options = options;
  }

  /** For when a statement may have changed a table. */
  forgetShapes(): void {
    this.#shapes.clear();
  }

  /** `run` is a transaction's. */
  async insertMany(run: RunSql, table: string, rows: readonly InsertRow[]): Promise<InsertedRows> {
    if (rows.length === 0) return { inserted: 0, ids: [] };
    const shape = await this.#shapeOf(table, run);
    const complete = this.#complete(table, shape, rows);
    let inserted = 0;
    for (let at = 0; at < complete.length; at += rowsPerStatement)
      inserted += await this.#insertChunk(table, shape, complete.slice(at, at + rowsPerStatement), run);
    return { inserted, ids: complete.map((row) => String(row.id)) };
  }

  async #insertChunk(table: string, shape: TableShape, rows: readonly InsertRow[], run: RunSql): Promise<number> {
    const columns = [...shape.columns].filter(([name]) => rows.some((row) => row[name] !== undefined));
    const sql = insertSql(this.#options.kind, table, columns, shape.uniqueRows);
    const json = encode(
      rows.map((row) => toRecord(row, columns)),
      table,
    );
    try {
      return (await run(sql, [json])).length;
    } catch (error) {
      if (!(error instanceof TuskError) || error.code !== "DB_QUERY_INVALID") throw error;
      throw new TuskError("DB_ROW_INVALID", `a row does not fit ${table}: ${messageOf(error)}`, { cause: error });
    }
  }

  #complete(table: string, shape: TableShape, rows: readonly InsertRow[]): readonly InsertRow[] {
    const problems = rows.flatMap((row, index) => problemsOf(row, index, shape)).slice(0, listedProblems);
    if (problems.length > 0)
      throw new TuskError("DB_ROW_INVALID", `rows do not fit the table ${table}`, { problems, details: { table } });
    const now = this.#options.clock.now();
    return rows.map((row) => ({
      ...row,
      id: row.id ?? uuidv7(now),
      ...(shape.columns.has("timestamp") && { timestamp: row.timestamp ?? new Date(now) }),
    }));
  }

  async #shapeOf(table: string, run: RunSql): Promise<TableShape> {
    const known = this.#shapes.get(table);
    if (known) return known;
    const shape = await readShape(this.#options.kind, table, run);
    if (shape === null || table === migrationsTable)
      throw new TuskError("DB_TABLE_UNKNOWN", `there is no table "${table.slice(0, 100)}"`);
    if (!shape.columns.has("id"))
      throw new TuskError("DB_TABLE_UNKNOWN", `the table "${table}" has no column "id"`, {
        hint: "add one, or insert with query()",
      });
    this.#shapes.set(table, shape);
    return shape;
  }
}

function problemsOf(row: unknown, index: number, shape: TableShape): readonly Problem[] {
  const path = `[${index}]`;
  if (typeof row !== "object" || row === null || Array.isArray(row)) return [{ path, message: "a row is an object" }];
  return Object.keys(row)
    .filter((name) => !shape.columns.has(name))
    .map((name) => ({
      path: `${path}.${name.slice(0, 100)}`,
      message: "the table has no such column",
      hint: `it has ${[...shape.columns.keys()].join(", ")}`,
    }));
}

const shapeQueries: Readonly<Record<DatabaseKind, string>> = {
  duckdb:
    "SELECT column_name AS name, data_type AS type, (SELECT count(*) FROM duckdb_constraints() " +
    "WHERE schema_name = 'main' AND table_name = $1 AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')) AS keys " +
    "FROM information_schema.columns WHERE table_schema = 'main' AND table_name = $1 ORDER BY ordinal_position",
  postgres:
    "SELECT attname AS name, format_type(atttypid, atttypmod) AS type, 1 AS keys FROM pg_attribute " +
    "WHERE attrelid = to_regclass(quote_ident($1)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
};

async function readShape(kind: DatabaseKind, table: string, run: RunSql): Promise<TableShape | null> {
  const rows = await run(shapeQueries[kind], [table]);
  if (rows.length === 0) return null;
  const columns = new Map(rows.map((row) => [String(row.name), String(row.type)]));
  return { columns, uniqueRows: Number(rows[0]?.keys) > 0 };
}

type ColumnEntry = readonly [name: string, type: string];

function insertSql(kind: DatabaseKind, table: string, columns: readonly ColumnEntry[], uniqueRows: boolean): string {
  const names = columns.map(([name]) => quoteName(name)).join(", ");
  const values = columns.map(([name]) => `r.${quoteName(name)}`).join(", ");
  const onConflict = uniqueRows ? " ON CONFLICT DO NOTHING" : "";
  const source = kind === "duckdb" ? duckdbSource(columns) : postgresSource(columns);
  return `INSERT INTO ${quoteName(table)} (${names}) SELECT ${values} FROM ${source}${onConflict} RETURNING 1`;
}

// The strict form: the other one stores NULL for a value that does not fit.
const duckdbSource = (columns: readonly ColumnEntry[]): string =>
  `(SELECT unnest(from_json_strict($1, ${quoteText(JSON.stringify([Object.fromEntries(columns)]))})) AS r)`;

const postgresSource = (columns: readonly ColumnEntry[]): string =>
  `json_to_recordset($1::json) AS r(${columns.map(([name, type]) => `${quoteName(name)} ${type}`).join(", ")})`;

/** NUL and half a surrogate pair, as JSON writes them. */
const mayHoldNoText = /\\u(?:0000|d[89a-f])/;

const toText = (value: string): string => value.replace(/\p{Surrogate}|\0/gu, "\ufffd");

// No text of SQL holds these, and programs print them: refused, one such event would keep all that wait behind it.
function withText(_: string, value: unknown): unknown {
  if (typeof value === "string") return toText(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [toText(key), member]));
}

function encode(records: readonly unknown[], table: string): string {
  try {
    const text = JSON.stringify(records);
    return mayHoldNoText.test(text) ? JSON.stringify(records, withText) : text;
  } catch (error) {
    throw new TuskError("DB_ROW_INVALID", `a row for ${table} is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

const toRecord = (row: InsertRow, columns: readonly ColumnEntry[]): Record<string, unknown> =>
  Object.fromEntries(columns.map(([name, type]) => [name, toJsonValue(row[name], type)]));

function toJsonValue(value: unknown, type: string): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && /^timestamp/i.test(type)) return isoOf(new Date(value));
  if (value instanceof Date) return isoOf(value);
  return value;
}

/** The text of a date that is none makes the engine say so. */
const isoOf = (date: Date): string => (Number.isNaN(date.getTime()) ? String(date) : date.toISOString());
