// PostgreSQL's values as plain JSON: how each type's text is read, and parameters as the server takes them.
import type { SqlValue } from "./database.js";
import { toNumberIfExact, toParameterText, toPlainNumber } from "./plain-values.js";

type Parse = (text: string) => SqlValue;

/** A timestamp's text in UTC: `2026-11-24 00:28:46.916123+00`, or without the offset. */
function toIso(text: string): SqlValue {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00)?$/.exec(text);
  if (!match) return /infinity/.test(text) ? null : text;
  const [, day, time, fraction = ""] = match;
  return `${day}T${time}.${fraction.padEnd(3, "0").slice(0, 3)}Z`;
}

const toBase64: Parse = (text) => Buffer.from(text.replace(/^\\x/, ""), "hex").toString("base64");
const toBoolean: Parse = (text) => text === "t";
const toJson: Parse = (text) => JSON.parse(text) as SqlValue;
const toText: Parse = (text) => text;

/** By the object id of the type in `pg_type`. */
const parsers: Readonly<Record<number, Parse>> = {
  16: toBoolean,
  17: toBase64,
  20: toNumberIfExact,
  21: toPlainNumber,
  23: toPlainNumber,
  26: toPlainNumber,
  114: toJson,
  700: toPlainNumber,
  701: toPlainNumber,
  1114: toIso,
  1184: toIso,
  1700: toNumberIfExact,
  3802: toJson,
};

/** By the object id of the array's type: what its elements are. */
const elements: Readonly<Record<number, number>> = {
  199: 114,
  1000: 16,
  1005: 21,
  1007: 23,
  1009: 25,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  1115: 1114,
  1185: 1184,
  1231: 1700,
  2951: 2950,
  3807: 3802,
};

export function parserOf(type: number): Parse {
  const element = elements[type];
  if (element === undefined) return parsers[type] ?? toText;
  return (text) => parseArray(text, parserOf(element));
}

/** The text form of an array: `{1,NULL,"with \"quotes\"",{nested}}` (PostgreSQL manual, 8.15.6). */
export function parseArray(text: string, parse: Parse): SqlValue {
  let at = text.indexOf("{");
  const readList = (): SqlValue[] => {
    const list: SqlValue[] = [];
    at++;
    while (at < text.length && text[at] !== "}") {
      if (text[at] === ",") at++;
      else if (text[at] === "{") list.push(readList());
      else list.push(readElement());
    }
    at++;
    return list;
  };
  const readElement = (): SqlValue => {
    const pattern = /"((?:[^"\\]|\\.)*)"|([^,{}]+)/y;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    at = match ? pattern.lastIndex : text.length;
    if (match?.[1] !== undefined) return parse(match[1].replace(/\\(.)/gs, "$1"));
    return match?.[2] === undefined || match[2] === "NULL" ? null : parse(match[2]);
  };
  return readList();
}

/** Dates as UTC text, bytes as such, lists and objects as JSON. Throws DB_QUERY_INVALID for what is none of these. */
export const toParameters = (params: readonly unknown[]): unknown[] => params.map(toParameter);

function toParameter(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value ?? null;
  return value instanceof Uint8Array ? Buffer.from(value) : toParameterText(value);
}
