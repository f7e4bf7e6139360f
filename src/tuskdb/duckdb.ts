// TuskDB in one DuckDB file. The library is loaded here, on first use, because it costs memory and time. One connection
// writes, statement after statement; each read has its own. SQL has no way to files, settings or extensions.
import { statSync } from "node:fs";
import type { DuckDBConnection, DuckDBInstance, DuckDBValueConverter } from "@duckdb/node-api";
import type { Clock } from "../base/clock.js";
import { TuskError } from "../base/errors.js";
import type {
  Database,
  InsertedRow,
  InsertedRows,
  InsertRow,
  InsertRows,
  QueryLimits,
  RunSql,
  SqlRow,
  SqlValue,
} from "./database.js";
import { bindParameters, createConverter, rowsOf } from "./duckdb-values.js";
import { Inserter } from "./insert.js";
import { isClosed, onlyReads, tookTooLong, tooManyRows, withDefaults } from "./limits.js";
import { fromDuckdb } from "./sql-errors.js";

type DuckDB = typeof import("@duckdb/node-api");

export interface DuckdbOptions {
  /** Absolute path. */
  readonly file: string;
  readonly clock: Clock;
  /** Default 64; DuckDB's buffers, beside some 30 MB for the library itself. */
  readonly memoryMb?: number;
}

const defaultMemoryMb = 64;

const settings = (file: string, memoryMb: number): Record<string, string> => ({
  memory_limit: `${memoryMb}MB`,
  threads: "1",
  // What does not fit into memory goes here: without it a checkpoint that lacks memory ends the whole database.
  temp_directory: `${file}.tmp`,
  // A query that needs more says so, instead of filling the app's disk.
  max_temp_directory_size: "256MB",
  // The log is folded into the file at this size; it is also what must be read again after a crash.
  checkpoint_threshold: "4MB",
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  allow_community_extensions: "false",
  enable_external_access: "false",
});

/** Throws whatever DuckDB throws: open-database.ts tells damaged from locked. */
export async function openDuckdb(options: DuckdbOptions): Promise<Database> {
  const duckdb = await import("@duckdb/node-api");
  const instance = await duckdb.DuckDBInstance.create(
    options.file,
    settings(options.file, options.memoryMb ?? defaultMemoryMb),
  );
  try {
    const writer = await instance.connect();
    await writer.run("SET GLOBAL TimeZone = 'UTC'");
    await writer.run("SET lock_configuration = true");
    return new DuckdbDatabase({ ...options, duckdb, instance, writer });
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

interface Parts extends DuckdbOptions {
  readonly duckdb: DuckDB;
  readonly instance: DuckDBInstance;
  readonly writer: DuckDBConnection;
}

class DuckdbDatabase implements Database {
  readonly kind = "duckdb";
  readonly #parts: Parts;
  readonly #inserter: Inserter;
  readonly #converter: DuckDBValueConverter<SqlValue>;
  /** What the writer does last; the next waits for it. */
  #writing: Promise<unknown> = Promise.resolve();
  readonly #reading = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#converter = createConverter(parts.duckdb);
    this.#inserter = new Inserter({ kind: "duckdb", clock: parts.clock });
  }

  async insert(table: string, row: InsertRow): Promise<InsertedRow> {
    const { ids } = await this.insertMany(table, [row]);
    return { inserted: true, id: ids[0] ?? "" };
  }

  insertMany(table: string, rows: readonly InsertRow[]): Promise<InsertedRows> {
    return this.transaction((_, insert) => insert(table, rows));
  }

  query(sql: string, params: readonly unknown[] = [], limits?: QueryLimits): Promise<readonly SqlRow[]> {
    return this.#write(async (connection) => {
      await this.#refuseTransactions(connection, sql);
      const rows = await this.#run(connection, sql, params, limits);
      this.#inserter.forgetShapes();
      return rows;
    });
  }

  async queryReadOnly(sql: string, params: readonly unknown[] = [], limits?: QueryLimits): Promise<readonly SqlRow[]> {
    if (this.#closing) throw isClosed();
    const reading = this.#read(sql, params, limits);
    this.#reading.add(reading);
    try {
      return await reading;
    } finally {
      this.#reading.delete(reading);
    }
  }

  transaction<T>(work: (run: RunSql, insert: InsertRows) => Promise<T>): Promise<T> {
    return this.#write(async (connection) => {
      const run: RunSql = (sql, params = []) => this.#run(connection, sql, params);
      await run("BEGIN TRANSACTION");
      try {
        const result = await work(run, (table, rows) => this.#inserter.insertMany(run, table, rows));
        await run("COMMIT");
        return result;
      } catch (error) {
        await rollBack(connection);
        throw error;
      }
    });
  }

  async sizeBytes(): Promise<number> {
    const { file } = this.#parts;
    return sizeOf(file) + sizeOf(`${file}.wal`);
  }

  async usedBytes(): Promise<number> {
    const [row] = await this.query("SELECT block_size * used_blocks AS bytes FROM pragma_database_size()");
    return Number(row?.bytes) + sizeOf(`${this.#parts.file}.wal`);
  }

  async reclaim(): Promise<void> {
    await this.query("CHECKPOINT");
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writing;
    await Promise.allSettled(this.#reading);
    this.#parts.writer.closeSync();
    this.#parts.instance.closeSync();
  }

  /** One after another: a transaction is the connection's, and must not take in a stranger's statement. */
  #write<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(isClosed());
    const result = this.#writing.then(() => work(this.#parts.writer));
    // Whoever asked hears of a failure; the next in line does not.
    this.#writing = result.catch(() => undefined);
    return result;
  }

  async #read(sql: string, params: readonly unknown[], limits?: QueryLimits): Promise<readonly SqlRow[]> {
    const connection = await this.#parts.instance.connect();
    try {
      // The transaction refuses what a SELECT or an EXPLAIN ANALYZE would write; the type refuses the rest.
      await connection.run("BEGIN TRANSACTION READ ONLY");
      await this.#refuseOthers(connection, sql);
      return await this.#run(connection, sql, params, limits);
    } catch (error) {
      throw fromDuckdb(error);
    } finally {
      connection.closeSync();
    }
  }

  async #refuseOthers(connection: DuckDBConnection, sql: string): Promise<void> {
    const { StatementType: types } = this.#parts.duckdb;
    const type = await typeOfOnly(connection, sql);
    if (type !== types.SELECT && type !== types.EXPLAIN) throw onlyReads(`${types[type]} is not allowed here`);
  }

  async #refuseTransactions(connection: DuckDBConnection, sql: string): Promise<void> {
    const { StatementType: types } = this.#parts.duckdb;
    const type = await typeOfOnly(connection, sql).catch((error: unknown) => {
      throw fromDuckdb(error);
    });
    if (type === types.TRANSACTION) throw new TuskError("DB_QUERY_INVALID", "each statement is its own transaction");
  }

  async #run(
    connection: DuckDBConnection,
    sql: string,
    params: readonly unknown[],
    limits?: QueryLimits,
  ): Promise<readonly SqlRow[]> {
    const { timeoutMs, maxRows } = withDefaults(limits);
    let late = false;
    const timer = this.#parts.clock.setTimer(timeoutMs, () => {
      late = true;
      connection.interrupt();
    });
    try {
      return await this.#rowsOf(connection, sql, params, maxRows);
    } catch (error) {
      throw late ? tookTooLong(timeoutMs) : fromDuckdb(error);
    } finally {
      timer.cancel();
    }
  }

  async #rowsOf(
    connection: DuckDBConnection,
    sql: string,
    params: readonly unknown[],
    maxRows: number,
  ): Promise<readonly SqlRow[]> {
    const statement = await connection.prepare(sql);
    try {
      bindParameters(statement, params);
      const result = await statement.stream();
      const rows: SqlRow[] = [];
      for await (const chunk of rowsOf(result, this.#converter)) {
        if (rows.length + chunk.length > maxRows) throw tooManyRows(maxRows);
        rows.push(...chunk);
      }
      return rows;
    } finally {
      statement.destroySync();
    }
  }
}

/** Throws unless the text is exactly one statement. */
async function typeOfOnly(connection: DuckDBConnection, sql: string): Promise<number> {
  if (sql.trim() === "") throw new TuskError("DB_QUERY_INVALID", "there is no statement");
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1)
    throw new TuskError("DB_QUERY_INVALID", `one statement at a time; this text has ${statements.count}`);
  const statement = await statements.prepare(0);
  try {
    return statement.statementType;
  } finally {
    statement.destroySync();
  }
}

async function rollBack(connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run("ROLLBACK");
  } catch {
    // There is none to roll back when beginning or committing it failed; the first error is the one that counts.
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
