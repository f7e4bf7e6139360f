// The JSON form of SQL's values, the same for both engines; see SqlValue.
import { messageOf, TuskError } from "../base/errors.js";
import type { SqlValue } from "./database.js";

/** A number when it is exactly that number, otherwise the digits. */
export function toNumberIfExact(value: unknown): SqlValue {
  const text = String(value);
  const number = Number(text);
  if (!/^-?\d+$/.test(text)) return isExactDecimal(text, number) ? number : text;
  return Number.isSafeInteger(number) ? number : text;
}

/** 15 significant digits survive the way through a double. */
function isExactDecimal(text: string, number: number): boolean {
  const digits = text.replace(/^-/, "").replace(".", "").replace(/^0+/, "");
  return Number.isFinite(number) && digits.length <= 15;
}

/** NaN and the infinities have no JSON. */
export const toPlainNumber = (value: unknown): SqlValue => (Number.isFinite(Number(value)) ? Number(value) : null);

/** Of microseconds since the epoch; what is finer than a millisecond is cut off. "infinity" and the like are null. */
export function toIsoTimestamp(microseconds: bigint): string | null {
  const ms = microseconds >= 0n ? microseconds / 1000n : (microseconds - 999n) / 1000n;
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Of days since the epoch. */
export function toIsoDate(days: number): string | null {
  const date = new Date(days * 86_400_000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, 10);
}

/** Of a date its time in UTC, of a list or an object its JSON. Throws DB_QUERY_INVALID where there is none. */
export function toParameterText(value: object): string {
  try {
    return value instanceof Date ? value.toISOString() : JSON.stringify(value);
  } catch (error) {
    throw new TuskError("DB_QUERY_INVALID", `a parameter cannot be used: ${messageOf(error)}`, { cause: error });
  }
}
