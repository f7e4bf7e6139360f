// DuckDB's values as plain JSON, and parameters as DuckDB takes them.
import type {
  DuckDBPreparedStatement,
  DuckDBResult,
  DuckDBType,
  DuckDBValue,
  DuckDBValueConverter,
} from "@duckdb/node-api";
import type { SqlRow, SqlValue } from "./database.js";
import { toIsoDate, toIsoTimestamp, toNumberIfExact, toParameterText, toPlainNumber } from "./plain-values.js";

type DuckDB = typeof import("@duckdb/node-api");

/** For `yieldConvertedRows`; the module is a parameter because it is loaded late. */
export function createConverter(duckdb: DuckDB): DuckDBValueConverter<SqlValue> {
  const { DuckDBTypeId: ids, JsonDuckDBValueConverter } = duckdb;
  const microseconds = (value: unknown): bigint => (value as { micros: bigint }).micros;
  const own: Partial<Record<number, (value: DuckDBValue, type: DuckDBType) => SqlValue>> = {
    [ids.BIGINT]: toNumberIfExact,
    [ids.UBIGINT]: toNumberIfExact,
    [ids.HUGEINT]: toNumberIfExact,
    [ids.UHUGEINT]: toNumberIfExact,
    [ids.DECIMAL]: (value) => toNumberIfExact(String(value)),
    [ids.FLOAT]: toPlainNumber,
    [ids.DOUBLE]: toPlainNumber,
    [ids.TIMESTAMP_TZ]: (value) => toIsoTimestamp(microseconds(value)),
    [ids.TIMESTAMP]: (value) => toIsoTimestamp(microseconds(value)),
    [ids.DATE]: (value) => toIsoDate((value as { days: number }).days),
    [ids.BLOB]: (value) => Buffer.from((value as { bytes: Uint8Array }).bytes).toString("base64"),
  };
  return (value, type, converter) => {
    if (value === null || value === undefined) return null;
    const convert = own[type.typeId];
    if (convert) return convert(value, type);
    // The library's converter asks the one given for what is nested, which is this one.
    return JsonDuckDBValueConverter(value, type, converter as never) as SqlValue;
  };
}

/** JSON is a text with another name to DuckDB, which only the result's columns know. */
export async function* rowsOf(
  result: DuckDBResult,
  converter: DuckDBValueConverter<SqlValue>,
): AsyncGenerator<readonly SqlRow[]> {
  const columns = result.deduplicatedColumnNames();
  const json = columns.filter((_, index) => result.columnType(index).alias === "JSON");
  for await (const rows of result.yieldConvertedRowObjects(converter)) {
    yield json.length === 0 ? rows : rows.map((row) => withParsed(row, json));
  }
}

function withParsed(row: SqlRow, columns: readonly string[]): SqlRow {
  const parsed = columns.map((name) => [name, row[name] === null ? null : JSON.parse(String(row[name]))] as const);
  return { ...row, ...Object.fromEntries(parsed) };
}

/** Integers are bound as such, so that `LIMIT $1` takes them; dates and what is neither text nor number as text. */
export function bindParameters(statement: DuckDBPreparedStatement, params: readonly unknown[]): void {
  params.forEach((value, at) => {
    bindOne(statement, at + 1, value);
  });
}

function bindOne(statement: DuckDBPreparedStatement, index: number, value: unknown): void {
  if (value === null || value === undefined) statement.bindNull(index);
  else if (typeof value === "boolean") statement.bindBoolean(index, value);
  else if (typeof value === "bigint") statement.bindHugeInt(index, value);
  else if (Number.isSafeInteger(value)) statement.bindBigInt(index, BigInt(value as number));
  else if (typeof value === "number") statement.bindDouble(index, value);
  else if (value instanceof Uint8Array) statement.bindBlob(index, value);
  else statement.bindVarchar(index, typeof value === "object" ? toParameterText(value) : String(value));
}
