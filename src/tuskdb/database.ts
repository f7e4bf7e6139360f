// TuskDB as the rest of Tusk sees it, whatever the engine. Nothing outside this folder names DuckDB or PostgreSQL.

export type DatabaseKind = "duckdb" | "postgres";

/**
 * A value of SQL as plain JSON, the same from both engines: timestamps are ISO 8601 strings in UTC with milliseconds,
 * dates `YYYY-MM-DD`, 64-bit integers and decimals are numbers when a number holds them exactly, otherwise strings,
 * JSON columns are the value itself, bytes are base64, NaN and infinities are null.
 */
export type SqlValue = string | number | boolean | null | readonly SqlValue[] | { readonly [key: string]: SqlValue };
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A column that is left out, undefined, NaN or infinite is stored as NULL, never as 0. Dates are taken as timestamps. */
export type InsertRow = Readonly<Record<string, unknown>>;

export interface InsertedRow {
  readonly inserted: true;
  /** The row's id: its own, or a new UUIDv7. */
  readonly id: string;
}

export interface InsertedRows {
  /** Rows that are new: a row whose id is there already is skipped, where the table's ids are unique. */
  readonly inserted: number;
  /** One for each row given, in order. */
  readonly ids: readonly string[];
}

export interface QueryLimits {
  /** Default 30,000; beyond it DB_TIMEOUT. */
  readonly timeoutMs?: number;
  /** Default 100,000; beyond it DB_TOO_MANY_ROWS. */
  readonly maxRows?: number;
}

/** All that reading needs: the database itself, or the way to it through the controller. */
export type Reader = Pick<Database, "queryReadOnly">;

export type RunSql = (sql: string, params?: readonly unknown[]) => Promise<readonly SqlRow[]>;

export type InsertRows = (table: string, rows: readonly InsertRow[]) => Promise<InsertedRows>;

export interface Database {
  readonly kind: DatabaseKind;
  /** Stored durably when it resolves. Throws DB_TABLE_UNKNOWN, DB_ROW_INVALID with every problem. */
  insert(table: string, row: InsertRow): Promise<InsertedRow>;
  /** All or none of the rows. */
  insertMany(table: string, rows: readonly InsertRow[]): Promise<InsertedRows>;
  /** One statement, `$1`-style parameters, may write. Throws DB_QUERY_INVALID with the engine's words. */
  query(sql: string, params?: readonly unknown[], limits?: QueryLimits): Promise<readonly SqlRow[]>;
  /** One statement that cannot write, read files or change settings: DB_READ_ONLY otherwise. */
  queryReadOnly(sql: string, params?: readonly unknown[], limits?: QueryLimits): Promise<readonly SqlRow[]>;
  /** All of the statements or none; nothing else writes meanwhile on this connection. */
  transaction<T>(work: (run: RunSql, insert: InsertRows) => Promise<T>): Promise<T>;
  /** Bytes on disk: file and write-ahead log, or what the server reports. */
  sizeBytes(): Promise<number>;
  /** Bytes in use inside: a DuckDB file never shrinks, but uses again what was freed. */
  usedBytes(): Promise<number>;
  /** Makes the room of deleted rows free for new ones, where the engine does not do so by itself. */
  reclaim(): Promise<void>;
  /** Waits for what runs; a second call does nothing. Later calls throw DB_UNAVAILABLE. */
  close(): Promise<void>;
}
