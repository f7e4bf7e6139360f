// Runs the schema over a written spec and turns what it finds into problems that a person can act on:
// the alternative that was meant is picked out of a union, and an unknown key gets its nearest known one.
import { z } from "zod";
import { nameHint, nearestName } from "../base/nearest-name.js";
import { problemAt, type SpecProblem } from "./problem-list.js";
import { isRecord, type SpecPath, valueAt } from "./spec-path.js";

type Issue = z.core.$ZodIssue;

export function findShapeProblems(schema: z.ZodType, value: unknown): SpecProblem[] {
  // Compiling the schema to code pays after dozens of parses; a process does one or two.
  const result = schema.safeParse(value, { jitless: true });
  if (result.success) return [];
  const context: Context = { schema, value };
  return result.error.issues.flatMap((issue) => toSpecProblems(issue, [], context));
}

interface Context {
  readonly schema: z.ZodType;
  readonly value: unknown;
}

function toSpecProblems(issue: Issue, base: SpecPath, context: Context): SpecProblem[] {
  const path = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...path, key], knownKeys(context.schema, path)));
    case "invalid_union":
      return unionProblems(issue, path, context);
    case "invalid_key":
      return issue.issues.slice(0, 1).map((inner) => ({ ...written(path, inner.message), atKey: true }));
    case "invalid_type":
      return [typeProblem(issue, path, context)];
    case "invalid_value":
      return [valueProblem(issue, path, context)];
    default:
      return [written(path, issue.message)];
  }
}

/** A message of our schema: one sentence, with the hint in a second line. */
function written(path: SpecPath, message: string): SpecProblem {
  const [sentence = "", hint] = message.split("\n");
  return problemAt(path, sentence, hint);
}

function unknownKey(path: SpecPath, known: readonly string[]): SpecProblem {
  const key = String(path.at(-1)).slice(0, 80);
  return { ...problemAt(path, `unknown key \`${key}\``, () => nameHint(key, known)), atKey: true };
}

function typeProblem(issue: z.core.$ZodIssueInvalidType, path: SpecPath, context: Context): SpecProblem {
  const found = valueAt(context.value, path);
  if (found === undefined && path.length > 0) return missing(path);
  const own = issue.message.startsWith("Invalid input") ? `expected ${nameOfType(issue.expected)}` : issue.message;
  const quote = issue.expected === "string" && typeof found !== "object" ? "put the value in quotes" : undefined;
  const problem = written(path, own);
  return problemAt(path, `${problem.message}, found ${nameOfValue(found)}`, problem.hint ?? quote);
}

function missing(path: SpecPath): SpecProblem {
  const key = path.at(-1);
  return problemAt(path, typeof key === "number" ? "the entry is missing" : `\`${key}\` is missing`);
}

function valueProblem(issue: z.core.$ZodIssueInvalidValue, path: SpecPath, context: Context): SpecProblem {
  const values = issue.values.map(String);
  const found = valueAt(context.value, path);
  const nearest = typeof found === "string" && values.length > 1 ? nearestName(found.slice(0, 80), values) : null;
  const choice = values.length > 1 ? `must be one of ${values.join(", ")}` : `must be ${values[0]}`;
  return problemAt(path, choice, nearest && `did you mean \`${nearest}\`?`);
}

/**
 * A union that fails reports every alternative. The one that takes this kind of value is the one that was meant;
 * where none does, the union's own message says what is expected.
 */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, path: SpecPath, context: Context): SpecProblem[] {
  const meant = issue.errors.filter((errors) => !errors.some(refusesKind));
  if (meant.length === 0) {
    const expected = written(path, issue.message);
    const found = valueAt(context.value, path);
    if (found === undefined) return [missing(path)];
    return [problemAt(path, `${expected.message}, found ${nameOfValue(found)}`, expected.hint)];
  }
  const fewest = meant.reduce((best, errors) => (errors.length < best.length ? errors : best));
  return fewest.flatMap((inner) => toSpecProblems(inner, path, context));
}

function refusesKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === "invalid_union") return issue.errors.every((errors) => errors.some(refusesKind));
  return issue.code === "invalid_type" || issue.code === "invalid_value";
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function nameOfType(expected: string): string {
  return typeNames[expected] ?? expected;
}

function nameOfValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (isRecord(value)) return "a map";
  if (typeof value === "boolean") return `\`${value}\``;
  return typeNames[typeof value] ?? typeof value;
}

/** The keys that any alternative of the schema has at this place. */
function knownKeys(schema: z.ZodType, path: SpecPath): string[] {
  const here = path.reduce<z.ZodType[]>(
    (schemas, step) => schemas.flatMap((item) => stepInto(item, step)),
    alternatives(schema),
  );
  return [...new Set(here.flatMap((item) => (item instanceof z.ZodObject ? Object.keys(item.shape) : [])))];
}

function stepInto(schema: z.ZodType, step: string | number): z.ZodType[] {
  if (schema instanceof z.ZodArray) return alternatives(schema.element as z.ZodType);
  if (schema instanceof z.ZodRecord) return alternatives(schema.valueType as z.ZodType);
  if (!(schema instanceof z.ZodObject)) return [];
  const member = (schema.shape as Record<string, z.ZodType>)[step];
  return member ? alternatives(member) : [];
}

function alternatives(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodOptional) return alternatives(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => alternatives(option as z.ZodType));
  return [schema];
}
