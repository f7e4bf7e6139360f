// The database of the running system, through the controller: nothing else opens its file.
import type { SqlRow, SqlValue } from "../control/data-access.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";

export interface Inserted {
  /** Number of rows. */
  readonly inserted: number;
  /** Of the last row, UUIDv7. */
  readonly id: string;
}

export class TuskDB {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** One row or many, all or none. Throws DB_TABLE_UNKNOWN, DB_ROW_INVALID, DB_UNAVAILABLE. */
  async insert(table: string, rows: SqlRow | readonly SqlRow[]): Promise<Inserted> {
    const { data } = await this.#link.control();
    const list = Array.isArray(rows) ? (rows as readonly SqlRow[]) : [rows as SqlRow];
    const { inserted, ids } = await data.insert(table, list);
    return { inserted, id: ids.at(-1) ?? "" };
  }

  /** Rows of a statement that reads; values are `$1`, `$2` … Throws DB_QUERY_INVALID, DB_READ_ONLY, DB_TIMEOUT. */
  async query(sql: string, params: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    const { data } = await this.#link.control();
    return data.query(sql, params);
  }
}
