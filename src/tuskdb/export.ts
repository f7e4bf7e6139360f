// Writes a table to a file that the user names, as CSV or Parquet, whatever the engine. The app's own database never
// gets access to files: its rows pass through here into a second, empty DuckDB in memory, which writes the Parquet.
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { messageOf, TuskError } from "../base/errors.js";
import type { Reader, SqlRow, SqlValue } from "./database.js";
import { migrationsTable } from "./migrations.js";
import { quoteName, quoteText } from "./sql-names.js";

export interface ExportOptions {
  readonly table: string;
  /** Absolute path; an existing file is replaced only when all has been written. */
  readonly path: string;
  readonly format: "csv" | "parquet";
}

export interface ExportResult {
  readonly rows: number;
  readonly path: string;
}

const rowsAtOnce = 5_000;

/** In the order of time. Throws DB_TABLE_UNKNOWN, DB_FULL, DB_UNAVAILABLE. */
export async function exportTable(database: Reader, options: ExportOptions): Promise<ExportResult> {
  const unfinished = `${options.path}.unfinished`;
  const csv = options.format === "csv" ? unfinished : `${unfinished}.csv`;
  try {
    const rows = await writeCsv(database, options.table, csv);
    if (options.format === "parquet") await toParquet(csv, unfinished, await columnTypes(database, options.table));
    await rename(unfinished, options.path);
    return { rows, path: options.path };
  } catch (error) {
    throw toExportError(error, options);
  } finally {
    await rm(unfinished, { force: true });
    await rm(csv, { force: true });
  }
}

function toExportError(error: unknown, { table, path }: ExportOptions): TuskError {
  if (error instanceof TuskError) return error;
  const code = (error as NodeJS.ErrnoException).code === "ENOSPC" ? "DB_FULL" : "DB_UNAVAILABLE";
  return new TuskError(code, `${table} could not be written to ${path}: ${messageOf(error)}`, { cause: error });
}

async function writeCsv(database: Reader, table: string, path: string): Promise<number> {
  const columns = [...(await columnTypes(database, table)).keys()];
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    yield `${columns.map(toCsvField).join(",")}\r\n`;
    for await (const rows of pagesOf(database, table)) {
      count += rows.length;
      yield rows.map((row) => `${columns.map((name) => toCsvField(row[name] ?? null)).join(",")}\r\n`).join("");
    }
  }
  await pipeline(lines, createWriteStream(path, { mode: 0o600 }));
  return count;
}

/** By key rather than by offset: rows that are deleted meanwhile move nothing. */
async function* pagesOf(database: Reader, table: string): AsyncGenerator<readonly SqlRow[]> {
  const from = quoteName(table);
  const order = `ORDER BY timestamp, id LIMIT ${rowsAtOnce}`;
  // The text of the timestamp as the engine has it: ours has milliseconds only, and would repeat or skip rows.
  const select = `SELECT *, CAST(timestamp AS TEXT) AS tusk_at FROM ${from}`;
  let rows = await database.queryReadOnly(`${select} ${order}`);
  while (rows.length > 0) {
    yield rows;
    const last = rows.at(-1);
    if (rows.length < rowsAtOnce) return;
    rows = await database.queryReadOnly(
      `${select} WHERE timestamp >= CAST($1 AS TIMESTAMPTZ) ` +
        `AND (timestamp > CAST($1 AS TIMESTAMPTZ) OR id > CAST($2 AS UUID)) ${order}`,
      [last?.tusk_at, last?.id],
    );
  }
}

async function columnTypes(database: Reader, table: string): Promise<ReadonlyMap<string, string>> {
  const rows = await database.queryReadOnly(
    "SELECT column_name AS name, data_type AS type FROM information_schema.columns " +
      `WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`,
    [table],
  );
  const columns = new Map(rows.map((row) => [String(row.name), String(row.type)]));
  if (columns.has("id") && columns.has("timestamp") && table !== migrationsTable) return columns;
  throw new TuskError("DB_TABLE_UNKNOWN", `there is no table "${table.slice(0, 100)}" with an id and a timestamp`);
}

/** RFC 4180; NULL is an empty field, an empty text is two quotes. */
function toCsvField(value: SqlValue): string {
  if (value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** PostgreSQL's names of types are DuckDB's too; a type that DuckDB lacks is written as text. */
async function toParquet(csv: string, path: string, types: ReadonlyMap<string, string>): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "128MB", threads: "1" });
  try {
    const connection = await instance.connect();
    const known = (type: string): string =>
      /^(uuid|text|varchar|json|bigint|integer|double precision|double|boolean|timestamp with time zone)$/i.test(type)
        ? type
        : "VARCHAR";
    const columns = [...types].map(([name, type]) => `${quoteText(name)}: ${quoteText(known(type))}`).join(", ");
    const source = `read_csv(${quoteText(csv)}, header = true, columns = {${columns}}, nullstr = '', allow_quoted_nulls = false)`;
    await connection.run("SET GLOBAL TimeZone = 'UTC'");
    await connection.run(`COPY (SELECT * FROM ${source}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`);
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
}
