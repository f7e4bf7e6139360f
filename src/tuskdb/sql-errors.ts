// What an engine says, as one of our codes.
import { type ErrorCode, messageOf, TuskError } from "../base/errors.js";

const duckdbMeanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^INTERRUPT Error/, "DB_TIMEOUT"],
  [/^Out of Memory Error|No space left|could not allocate block/i, "DB_FULL"],
  [/read-only mode|Permission Error/, "DB_READ_ONLY"],
  [/^(IO|FATAL|INTERNAL) Error|database has been invalidated|Connection Error/, "DB_UNAVAILABLE"],
];

/** By the first two characters of SQLSTATE, or all five. */
const postgresMeanings: Readonly<Record<string, ErrorCode>> = {
  "08": "DB_UNAVAILABLE",
  "25006": "DB_READ_ONLY",
  "28": "DB_UNAVAILABLE",
  "3D": "DB_UNAVAILABLE",
  "42501": "DB_READ_ONLY",
  "53": "DB_FULL",
  "55P03": "DB_TIMEOUT",
  "57014": "DB_TIMEOUT",
  "57": "DB_UNAVAILABLE",
  "58": "DB_UNAVAILABLE",
  XX: "DB_UNAVAILABLE",
};

export function fromDuckdb(error: unknown): TuskError {
  if (error instanceof TuskError) return error;
  const message = messageOf(error);
  const code = duckdbMeanings.find(([pattern]) => pattern.test(message))?.[1] ?? "DB_QUERY_INVALID";
  // What follows the first line of "out of memory" is advice to somebody who may change settings.
  const [firstLine = ""] = message.split("\n");
  return new TuskError(code, code === "DB_FULL" ? firstLine : message.trim(), { cause: error });
}

export function fromPostgres(error: unknown): TuskError {
  if (error instanceof TuskError) return error;
  const { code: state } = error as { code?: unknown };
  // Not a SQLSTATE (ECONNREFUSED, or none at all) is the connection's own trouble.
  const isState = typeof state === "string" && /^[0-9A-Z]{5}$/.test(state);
  const code = isState
    ? (postgresMeanings[state] ?? postgresMeanings[state.slice(0, 2)] ?? "DB_QUERY_INVALID")
    : "DB_UNAVAILABLE";
  return new TuskError(code, messageOf(error) || String(state), { cause: error });
}
