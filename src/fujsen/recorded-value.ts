// Values as a decision record keeps them: plain JSON that comes back as what went in, including the numbers that JSON
// has no word for. Members that are undefined, functions and symbols are left out, as JSON does.
import { TuskError } from "../base/errors.js";

const numberKey = "$number";
const notFinite: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-0": -0,
};
/** Also ends what refers to itself. */
const deepest = 64;

/** Throws REQUEST_INVALID for a value nested more than 64 deep. */
export function encodeRecorded(value: unknown, depth = 0): unknown {
  if (depth > deepest) throw new TuskError("REQUEST_INVALID", `a value is nested more than ${deepest} deep`);
  if (typeof value === "number") return encodeNumber(value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return Array.from(value, (item) => encodeRecorded(item, depth + 1) ?? null);
  if (typeof value === "object" && value !== null) return encodeObject(value, depth);
  return typeof value === "string" || typeof value === "boolean" || value === null ? value : undefined;
}

function encodeNumber(value: number): unknown {
  return Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : { [numberKey]: Object.is(value, -0) ? "-0" : String(value) };
}

// A member that begins with a dollar gets a second one, so that it is not taken for one of ours on the way back.
function encodeObject(value: object, depth: number): Record<string, unknown> {
  const encoded: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    const item = encodeRecorded(member, depth + 1);
    if (item !== undefined) encoded.push([key.startsWith("$") ? `$${key}` : key, item]);
  }
  return Object.fromEntries(encoded);
}

const toNumber = (name: string): number | null => (Object.hasOwn(notFinite, name) ? (notFinite[name] ?? null) : null);

/** The inverse of encodeRecorded. Throws REQUEST_INVALID for a value nested more than 64 deep. */
export function decodeRecorded(value: unknown, depth = 0): unknown {
  if (depth > deepest) throw new TuskError("REQUEST_INVALID", `a value is nested more than ${deepest} deep`);
  if (Array.isArray(value)) return value.map((item) => decodeRecorded(item, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === numberKey) return toNumber(String(only[1]));
  return Object.fromEntries(
    entries.map(([key, member]) => [key.startsWith("$") ? key.slice(1) : key, decodeRecorded(member, depth + 1)]),
  );
}
