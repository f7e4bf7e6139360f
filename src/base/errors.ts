// The one error class and the one table of codes. Every error that a person or a program meets carries a code
// from here; docs/errors.md lists the same table and a test holds the two together.

/** What a code means, the exit code that the command line ends with, and the HTTP status that the admin API answers. */
export interface ErrorKind {
  readonly summary: string;
  readonly exit: number;
  readonly status: number;
}

const kind = (summary: string, exit = 1, status = 500): ErrorKind => ({ summary, exit, status });

export const errorCodes = {
  INTERNAL: kind("A defect in Tusk itself; please report it with the log."),
  USAGE: kind("The command line was not understood.", 2, 400),
  UNSUPPORTED_SYSTEM: kind("This operating system or Node version is not supported.", 2, 400),
  SPEC_NOT_FOUND: kind("No tusk.yaml or tusk.config.ts here.", 2, 404),
  SPEC_INVALID: kind("The app spec has problems; each is listed with its place.", 2, 400),
  REQUEST_INVALID: kind("The request to the admin API has problems; each is listed.", 2, 400),
  REQUEST_TOO_LARGE: kind("The request to the admin API is larger than it takes.", 1, 413),
  UNAUTHORIZED: kind("The admin API needs the app's token.", 1, 401),
  FORBIDDEN: kind("The request is not allowed.", 1, 403),
  NO_ACCESS: kind("This user may not read or write a file or folder that is needed."),
  NOT_FOUND: kind("Nothing of that name.", 1, 404),
  UNKNOWN_SERVICE: kind("No service of that name in this app.", 1, 404),
  CONFLICT: kind("The change conflicts with the running state.", 1, 409),
  ALREADY_RUNNING: kind("A controller for this app runs already.", 1, 409),
  NOT_RUNNING: kind("No controller for this app is running.", 3, 503),
  UNREACHABLE: kind("The controller does not answer.", 3, 503),
  SLOW_READER: kind("A stream was ended because its reader fell too far behind.", 1, 503),
  INTERRUPTED: kind("Ended by the user before it was done.", 130, 503),
  TIMEOUT: kind("It did not happen within the time allowed.", 4, 504),
  NOT_READY: kind("Not every instance became ready.", 4, 503),
  START_FAILED: kind("A process could not be started.", 1, 500),
  SETUP_FAILED: kind("A service's build or setup command failed.", 1, 500),
  ENVIRONMENT_FAILED: kind("A service's environment with its packages could not be made.", 1, 500),
  PORT_IN_USE: kind("A port that is needed is taken by another process.", 1, 409),
  PLAN_REFUSED: kind("A proxy worker refused the plan.", 1, 500),
  KEEPER_LOST: kind("The keeper process does not answer.", 1, 503),
  FEATURE_DISABLED: kind("A setting switches this off.", 1, 409),
  REPLICAS_REQUIRED: kind("Scaling needs the number of replicas.", 2, 400),
  UNKNOWN_LIFECYCLE_ACTION: kind("No lifecycle action of that name.", 2, 400),
  STATE_DAMAGED: kind("A state file of this app is damaged and was set aside.", 1, 500),
  DB_UNAVAILABLE: kind("The database cannot be opened or does not answer.", 1, 503),
  DB_LOCKED: kind("Another process has the database file open.", 1, 409),
  DB_VERSION: kind("The database was written by a newer version of Tusk.", 1, 409),
  DB_FULL: kind("The disk or the memory for the database is full.", 1, 507),
  DB_TABLE_UNKNOWN: kind("No table of that name in the database.", 1, 404),
  DB_ROW_INVALID: kind("A row does not fit its table; each problem is listed.", 2, 400),
  DB_QUERY_INVALID: kind("The database refused the statement.", 2, 400),
  DB_READ_ONLY: kind("The statement is not one that only reads.", 2, 403),
  DB_TIMEOUT: kind("The statement took longer than it may.", 4, 504),
  DB_TOO_MANY_ROWS: kind("The statement gives more rows than it may.", 1, 413),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCodes;

/** One thing wrong with an input. All of them are reported at once. */
export interface Problem {
  /** Place inside the input, as a JSON path without the leading dollar: `services[0].calls[1]`. Empty for the whole. */
  readonly path: string;
  /** What is wrong, one sentence, no trailing full stop. */
  readonly message: string;
  /** What to do about it, where something useful can be said. */
  readonly hint?: string;
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
}

export interface TuskErrorOptions {
  readonly cause?: unknown;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly problems?: readonly Problem[];
}

export class TuskError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: TuskErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TuskError";
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
    this.problems = options.problems ?? [];
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    // Anything can be thrown, also what throws when it is shown; the sayer of an error must not fail itself.
    return "an error that cannot be shown";
  }
}
