// Opens the DuckDB file, and sets a damaged one aside so that a new one can be written. A file that another process has
// open, or that cannot be read for want of rights or room, is left where it is.
import { existsSync, renameSync } from "node:fs";
import type { Clock } from "../base/clock.js";
import { messageOf, TuskError } from "../base/errors.js";
import type { Database } from "./database.js";
import { openDuckdb } from "./duckdb.js";
import { migrate } from "./migrations.js";
import type { OpenOptions } from "./open-database.js";
import { fromDuckdb } from "./sql-errors.js";

type FileOptions = OpenOptions & { readonly clock: Clock };

export async function openFile(file: string, options: FileOptions): Promise<Database> {
  try {
    return await openMigrated(file, options);
  } catch (error) {
    const refusal = toRefusal(file, error);
    if (refusal) throw refusal;
    return replaceDamaged(file, messageOf(error), options);
  }
}

async function openMigrated(file: string, options: FileOptions): Promise<Database> {
  const { clock, memoryMb } = options;
  const database = await openDuckdb({ file, clock, ...(memoryMb !== undefined && { memoryMb }) });
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The log alone first: without it, the file is as it was when the log was last folded in, which loses less. */
async function replaceDamaged(file: string, reason: string, options: FileOptions): Promise<Database> {
  const setAside = `${file}.damaged-${new Date(options.clock.now()).toISOString().replaceAll(":", "-")}`;
  if (existsSync(`${file}.wal`)) {
    renameSync(`${file}.wal`, `${setAside}.wal`);
    const database = existsSync(file) ? await openIfWhole(file, options) : null;
    if (database) {
      options.onDamaged?.({ file, setAside: `${setAside}.wal`, kept: true, reason });
      return database;
    }
  }
  if (existsSync(file)) renameSync(file, setAside);
  const database = await openMigrated(file, options);
  options.onDamaged?.({ file, setAside, kept: false, reason });
  return database;
}

async function openIfWhole(file: string, options: FileOptions): Promise<Database | null> {
  try {
    return await openMigrated(file, options);
  } catch (error) {
    const refusal = toRefusal(file, error);
    if (refusal) throw refusal;
    return null;
  }
}

/** Null when the reason is the file's content. */
function toRefusal(file: string, error: unknown): TuskError | null {
  const message = messageOf(error);
  if (/Could not set lock/i.test(message))
    return new TuskError("DB_LOCKED", `another process has ${file} open`, {
      cause: error,
      hint: "stop the other controller or the program that reads the file",
      details: { file },
    });
  const known = fromDuckdb(error);
  if (known.code === "DB_VERSION" || known.code === "DB_FULL") return known;
  if (/Permission denied|Read-only file system|Is a directory|No such file or directory|Cannot open/i.test(message))
    return new TuskError("DB_UNAVAILABLE", `${file} cannot be opened: ${message}`, { cause: error, details: { file } });
  return null;
}
