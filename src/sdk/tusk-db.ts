// The database of the running system, through the controller: nothing else opens its file.
import { TuskError } from "../base/errors.js";
import type { SqlRow, SqlValue } from "../control/data-access.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";

export interface Inserted {
  /** Number of rows. */
  readonly inserted: number;
  /** Of the last row, UUIDv7; empty when there was no row. */
  readonly id: string;
}

export class TuskDB {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** One row; a list is taken as `insertMany` takes it. Throws DB_TABLE_UNKNOWN, DB_ROW_INVALID, DB_UNAVAILABLE. */
  insert(table: string, row: SqlRow | readonly SqlRow[]): Promise<Inserted> {
    return this.insertMany(table, Array.isArray(row) ? (row as readonly SqlRow[]) : [row as SqlRow]);
  }

  /** All rows or none. Throws REQUEST_INVALID, DB_TABLE_UNKNOWN, DB_ROW_INVALID, DB_UNAVAILABLE. */
  async insertMany(table: string, rows: readonly SqlRow[]): Promise<Inserted> {
    if (!Array.isArray(rows)) throw new TuskError("REQUEST_INVALID", "the rows must be a list of objects");
    const { data } = await this.#link.control();
    const { inserted, ids } = await data.insert(table, rows);
    return { inserted, id: ids.at(-1) ?? "" };
  }

  /** Rows of a statement that reads; values are `$1`, `$2` … Throws DB_QUERY_INVALID, DB_READ_ONLY, DB_TIMEOUT. */
  async query(sql: string, params: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    const { data } = await this.#link.control();
    return data.query(sql, params);
  }
}
