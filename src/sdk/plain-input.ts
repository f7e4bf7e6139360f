// What programs hand to the facades, as plain data: whatever throws, refers to itself or is no data at all is told here,
// in one sentence, before anything is done with it. Programs without types call these, too.
import { type Problem, TuskError } from "../base/errors.js";
import { toPlain } from "../model/plain-value.js";
import { formatPath } from "../model/spec-path.js";

const mostProblems = 20;
const mostShown = 40;
/** What a path of the admin API can carry: no control characters, no half pairs, and not `.` or `..`. */
const nameForm = /^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]{1,253}$/u;

/** A copy of an object or a list; a Date becomes ISO 8601. Throws REQUEST_INVALID with every problem. */
export function plainInput<Value>(value: Value, what: string): Value {
  const { value: copy, problems } = toPlain(value, { dates: true });
  if (problems.length > 0) throw invalid(what, problems.slice(0, mostProblems).map(toProblem));
  if (typeof copy === "object" && copy !== null) return copy as Value;
  throw new TuskError("REQUEST_INVALID", `${what} must be an object`);
}

/** A copy of an object. Throws REQUEST_INVALID. */
export function plainObject<Value>(value: Value, what: string): Value {
  const copy = plainInput(value, what);
  requireObject(copy, what);
  return copy;
}

/** Throws REQUEST_INVALID unless it is an object. */
export function requireObject(value: unknown, what: string): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  throw new TuskError("REQUEST_INVALID", `${what} must be an object`);
}

/** Throws REQUEST_INVALID unless it is a name. */
export function requireName(value: unknown, what: string): void {
  if (isName(value)) return;
  const message = `${what} must be a name of 1 to 253 characters without control characters`;
  throw new TuskError("REQUEST_INVALID", message, { hint: `found ${shown(value)}` });
}

/** Throws REQUEST_INVALID unless it is a list of names. */
export function requireNames(value: unknown, what: string): void {
  if (Array.isArray(value) && value.every(isName)) return;
  throw new TuskError("REQUEST_INVALID", `${what} must be a list of services' names`);
}

/** For a sentence: short, and without asking an object what it says of itself. */
export function shown(value: unknown): string {
  if (typeof value !== "string") return value === null ? "null" : typeof value;
  return JSON.stringify(value.length > mostShown ? `${value.slice(0, mostShown)}…` : value);
}

const isName = (value: unknown): value is string => typeof value === "string" && nameForm.test(value);

function toProblem({ path, message }: ReturnType<typeof toPlain>["problems"][number]): Problem {
  return { path: formatPath(path), message };
}

function invalid(what: string, problems: readonly Problem[]): TuskError {
  const [first] = problems;
  const sentence = `${first?.path ? `\`${first.path}\` of ` : ""}${what} ${first?.message ?? "is no plain data"}`;
  return new TuskError("REQUEST_INVALID", sentence, { problems });
}
