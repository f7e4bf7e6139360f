// Opens TuskDB: a DuckDB file, or a PostgreSQL server by its URL. The engines' libraries are loaded here and no sooner.
import type { Clock } from "../base/clock.js";
import { systemClock } from "../system/clock.js";
import type { Database } from "./database.js";
import { migrate } from "./migrations.js";
import { openFile } from "./open-file.js";

/** `file` is absolute; its folder exists. `url` is `postgres://user:password@host:port/database`. */
export type DatabasePlace = { readonly file: string } | { readonly url: string };

export interface OpenOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** For DuckDB's buffers. Default 64. */
  readonly memoryMb?: number;
  /** The file or its log was damaged and has been set aside. */
  readonly onDamaged?: (report: DamageReport) => void;
}

export interface DamageReport {
  readonly file: string;
  /** Where the damaged file is now, its log beside it as `.wal`; or only the log, when that alone was damaged. */
  readonly setAside: string;
  /** True when the data is there up to the last time the log was folded in; false when the database is empty now. */
  readonly kept: boolean;
  /** What the engine said. */
  readonly reason: string;
}

/** Ready to use, its schema up to date. Throws DB_LOCKED, DB_VERSION, DB_UNAVAILABLE, DB_FULL. */
export async function openDatabase(place: DatabasePlace, options: OpenOptions = {}): Promise<Database> {
  const clock = options.clock ?? systemClock;
  if ("file" in place) return openFile(place.file, { ...options, clock });
  const { openPostgres } = await import("./postgres.js");
  const database = await openPostgres({ url: place.url, clock });
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
