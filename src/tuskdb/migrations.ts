// Brings a database's schema to this version: forward only, each migration in its own transaction, noted in a table.
import { TuskError } from "../base/errors.js";
import type { Database, DatabaseKind, RunSql } from "./database.js";
import { type Column, type Migration, migrations, type SchemaChange } from "./schema.js";
import { quoteName } from "./sql-names.js";

export const migrationsTable = "tusk_migrations";

const types: Readonly<Record<DatabaseKind, Readonly<Record<Column["type"], string>>>> = {
  duckdb: {
    uuid: "UUID",
    timestamp: "TIMESTAMPTZ",
    text: "VARCHAR",
    number: "DOUBLE",
    integer: "BIGINT",
    json: "JSON",
  },
  postgres: {
    uuid: "uuid",
    timestamp: "timestamptz",
    text: "text",
    number: "double precision",
    integer: "bigint",
    json: "json",
  },
};

/** Only one of several controllers that share a server migrates; the others wait. Any number that nobody else uses. */
const serverLock = "SELECT pg_advisory_xact_lock(8420117423)";

/** Throws DB_VERSION when the database is ahead of `known`. Returns the versions that were applied now. */
export async function migrate(
  database: Pick<Database, "kind" | "transaction">,
  known: readonly Migration[] = migrations,
): Promise<readonly number[]> {
  const applied: number[] = [];
  for (;;) {
    const version = await database.transaction((run) => applyNext(database.kind, run, known));
    if (version === null) return applied;
    applied.push(version);
  }
}

async function applyNext(kind: DatabaseKind, run: RunSql, known: readonly Migration[]): Promise<number | null> {
  if (kind === "postgres") await run(serverLock);
  await run(
    `CREATE TABLE IF NOT EXISTS ${migrationsTable} (version INTEGER PRIMARY KEY, name ${types[kind].text} NOT NULL, ` +
      `applied_at ${types[kind].timestamp} NOT NULL DEFAULT now())`,
  );
  const rows = await run(`SELECT coalesce(max(version), 0) AS version FROM ${migrationsTable}`);
  const current = Number(rows[0]?.version ?? 0);
  refuseNewer(current, known.at(-1)?.version ?? 0);
  const next = known.find(({ version }) => version === current + 1);
  if (next === undefined) return null;
  for (const change of next.changes) for (const sql of toStatements(kind, change)) await run(sql);
  await run(`INSERT INTO ${migrationsTable} (version, name) VALUES ($1, $2)`, [next.version, next.name]);
  return next.version;
}

function refuseNewer(current: number, newest: number): void {
  if (current <= newest) return;
  throw new TuskError("DB_VERSION", `the database has schema version ${current}; this Tusk knows ${newest}`, {
    hint: "update Tusk, or use another database",
  });
}

export function toStatements(kind: DatabaseKind, change: SchemaChange): readonly string[] {
  const table = quoteName(change.table);
  switch (change.kind) {
    case "table":
      return [`CREATE TABLE ${table} (${change.columns.map((column) => toColumnSql(kind, column)).join(", ")})`];
    case "column":
      return [`ALTER TABLE ${table} ADD COLUMN ${toColumnSql(kind, change.column)}`];
    case "index": {
      if (kind === "duckdb") return [];
      const name = quoteName(`${change.table}_${change.columns.join("_")}`);
      return [`CREATE INDEX ${name} ON ${table} (${change.columns.map(quoteName).join(", ")})`];
    }
  }
}

function toColumnSql(kind: DatabaseKind, { name, type, required, primary }: Column): string {
  return [quoteName(name), types[kind][type], ...(primary ? ["PRIMARY KEY"] : required ? ["NOT NULL"] : [])].join(" ");
}
