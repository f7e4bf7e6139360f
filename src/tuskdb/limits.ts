// How long a statement may take and how much it may give, and the errors that say so.
import { TuskError } from "../base/errors.js";
import type { QueryLimits } from "./database.js";

const defaultLimits = { timeoutMs: 30_000, maxRows: 100_000 } as const;

export const withDefaults = (limits: QueryLimits = {}): Required<QueryLimits> => ({ ...defaultLimits, ...limits });

export const tooManyRows = (maxRows: number): TuskError =>
  new TuskError("DB_TOO_MANY_ROWS", `the statement gives more than ${maxRows} rows`, {
    hint: "narrow it with WHERE, aggregate, or add LIMIT",
  });

export const tookTooLong = (timeoutMs: number): TuskError =>
  new TuskError("DB_TIMEOUT", `the statement took longer than ${timeoutMs} ms and was ended`, {
    hint: "narrow it with WHERE on timestamp, or aggregate",
  });

export const onlyReads = (reason: string): TuskError =>
  new TuskError("DB_READ_ONLY", reason, { hint: "only one statement that reads: SELECT, WITH, VALUES, EXPLAIN, SHOW" });

export const isClosed = (): TuskError => new TuskError("DB_UNAVAILABLE", "the database is closed");
