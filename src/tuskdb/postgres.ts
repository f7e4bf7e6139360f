// TuskDB in a PostgreSQL server, reached by its URL. The library is loaded here, on first use. A lost connection is an
// error of the statement that met it; the next statement makes a new one.
import type { Pool, PoolClient } from "pg";
import type { Clock } from "../base/clock.js";
import { messageOf, TuskError } from "../base/errors.js";
import type {
  Database,
  InsertedRow,
  InsertedRows,
  InsertRow,
  InsertRows,
  QueryLimits,
  RunSql,
  SqlRow,
} from "./database.js";
import { Inserter } from "./insert.js";
import { isClosed, onlyReads, tookTooLong, tooManyRows, withDefaults } from "./limits.js";
import { parserOf, toParameters } from "./postgres-values.js";
import { fromPostgres } from "./sql-errors.js";
import { firstWord } from "./sql-names.js";

export interface PostgresOptions {
  readonly url: string;
  readonly clock: Clock;
}

const connectTimeoutMs = 5_000;
/** More statements at once than these wait for one another. */
const connections = 4;

/** Throws DB_UNAVAILABLE when the server does not answer or does not let us in. Never shows the password. */
export async function openPostgres({ url, clock }: PostgresOptions): Promise<Database> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: "tusk",
    options: "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex",
    types: { getTypeParser: parserOf as never },
    allowExitOnIdle: true,
  });
  // An idle connection that breaks is dropped by the pool; without a listener the error would end the process.
  pool.on("error", () => {});
  const database = new PostgresDatabase(pool, clock);
  try {
    await database.query("SELECT 1");
    return database;
  } catch (error) {
    await database.close();
    throw new TuskError("DB_UNAVAILABLE", `PostgreSQL at ${placeOf(url)} cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function placeOf(url: string): string {
  if (!URL.canParse(url)) return "the given URL";
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

class PostgresDatabase implements Database {
  readonly kind = "postgres";
  readonly #pool: Pool;
  readonly #inserter: Inserter;
  #closing: Promise<void> | null = null;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#inserter = new Inserter({ kind: "postgres", clock });
  }

  async insert(table: string, row: InsertRow): Promise<InsertedRow> {
    const { ids } = await this.insertMany(table, [row]);
    return { inserted: true, id: ids[0] ?? "" };
  }

  insertMany(table: string, rows: readonly InsertRow[]): Promise<InsertedRows> {
    return this.transaction((_, insert) => insert(table, rows));
  }

  async query(sql: string, params: readonly unknown[] = [], limits?: QueryLimits): Promise<readonly SqlRow[]> {
    const word = firstWord(sql);
    if (word === "") throw new TuskError("DB_QUERY_INVALID", "there is no statement");
    if (transactionWords.has(word)) throw new TuskError("DB_QUERY_INVALID", "each statement is its own transaction");
    // Not WITH: it may write, which a cursor refuses.
    if (selectWords.has(word) && word !== "with") return this.#limited("BEGIN", sql, params, limits);
    const rows = await this.#withClient((client) => run(client, sql, params));
    this.#inserter.forgetShapes();
    return rows;
  }

  async queryReadOnly(sql: string, params: readonly unknown[] = [], limits?: QueryLimits): Promise<readonly SqlRow[]> {
    const word = firstWord(sql);
    if (word === "") throw new TuskError("DB_QUERY_INVALID", "there is no statement");
    if (!selectWords.has(word) && !otherReads.has(word)) throw onlyReads(`${word.toUpperCase()} is not allowed here`);
    return this.#limited("BEGIN READ ONLY", sql, params, limits);
  }

  transaction<T>(work: (run: RunSql, insert: InsertRows) => Promise<T>): Promise<T> {
    return this.#inTransaction("BEGIN", (client) => {
      const runHere: RunSql = (sql, params = []) => run(client, sql, params);
      return work(runHere, (table, rows) => this.#inserter.insertMany(runHere, table, rows));
    });
  }

  async sizeBytes(): Promise<number> {
    const [row] = await this.query("SELECT pg_database_size(current_database()) AS bytes");
    return Number(row?.bytes);
  }

  /** What is on disk counts as used: the server does not say more without a scan. */
  usedBytes(): Promise<number> {
    return this.sizeBytes();
  }

  /** The server's own vacuum does it. */
  async reclaim(): Promise<void> {}

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  /** Through a cursor where there can be one, so that what is beyond the limit is never fetched. */
  #limited(begin: string, sql: string, params: readonly unknown[], limits?: QueryLimits): Promise<readonly SqlRow[]> {
    const { timeoutMs, maxRows } = withDefaults(limits);
    return this.#inTransaction(begin, async (client) => {
      await run(client, `SET LOCAL statement_timeout = ${Math.max(1, Math.trunc(timeoutMs))}`, []);
      const rows = selectWords.has(firstWord(sql))
        ? await throughCursor(client, sql, params, maxRows + 1)
        : await run(client, sql, params);
      if (rows.length > maxRows) throw tooManyRows(maxRows);
      return rows;
    }).catch((error: unknown) => {
      throw error instanceof TuskError && error.code === "DB_TIMEOUT" ? tookTooLong(timeoutMs) : error;
    });
  }

  #inTransaction<T>(begin: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.#withClient(async (client) => {
      await run(client, begin, []);
      try {
        const result = await work(client);
        await run(client, "COMMIT", []);
        return result;
      } catch (error) {
        // A connection that broke has nothing to roll back; the first error is the one that counts.
        await client.query("ROLLBACK").catch(() => undefined);
        throw error;
      }
    });
  }

  async #withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#closing) throw isClosed();
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw fromPostgres(error);
    });
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = error instanceof TuskError && error.code === "DB_UNAVAILABLE";
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

const transactionWords = new Set(["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"]);
/** What a cursor can be made of. */
const selectWords = new Set(["select", "with", "values", "table"]);
const otherReads = new Set(["explain", "show"]);

/** The extended protocol takes one statement only, even without parameters. */
async function run(client: PoolClient, sql: string, params: readonly unknown[]): Promise<readonly SqlRow[]> {
  const values = toParameters(params);
  try {
    const result = await client.query<SqlRow>({ text: sql, values, queryMode: "extended" } as { text: string });
    return result.rows;
  } catch (error) {
    throw fromPostgres(error);
  }
}

async function throughCursor(
  client: PoolClient,
  sql: string,
  params: readonly unknown[],
  rows: number,
): Promise<readonly SqlRow[]> {
  await run(client, `DECLARE tusk_rows NO SCROLL CURSOR FOR ${sql}`, params);
  return run(client, `FETCH ${rows} FROM tusk_rows`, []);
}
