// What is wrong with a spec, before it is known where in the file that stands. One list collects the problems of all
// stages, so that a person sees them at once; it is bounded, because the input may be hostile.
import type { Problem } from "../base/errors.js";
import { formatPath, type SpecPath } from "./spec-path.js";

export interface SpecProblem {
  readonly path: SpecPath;
  readonly message: string;
  /** Made only when the problem is shown: finding the nearest name costs, and hostile input has many problems. */
  readonly hint?: string | (() => string);
  /** The place to show is the key rather than its value: the key itself is wrong. */
  readonly atKey?: boolean;
}

/** More than anybody reads; what comes after it is counted only. */
export const maxProblems = 500;

export function problemAt(path: SpecPath, message: string, hint?: SpecProblem["hint"] | null): SpecProblem {
  return hint ? { path, message, hint } : { path, message };
}

/** Where a problem stands: 1-based, null when the input has no text. */
export type LocateProblem = (problem: SpecProblem) => { readonly line: number; readonly column: number } | null;

/** Bounded, without repetitions, in the order of the file. */
export function toProblems(found: readonly SpecProblem[], file: string | undefined, locate: LocateProblem): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const item of found.slice(0, maxProblems)) {
    const problem = toProblem(item, file, locate(item));
    const key = `${problem.path}\n${problem.message}`;
    if (!seen.has(key)) problems.push(problem);
    seen.add(key);
  }
  problems.sort(byPlace);
  const left = found.length - maxProblems;
  if (left > 0) problems.push({ path: "", message: `${left} more problems are not shown`, ...(file ? { file } : {}) });
  return problems;
}

function toProblem(item: SpecProblem, file: string | undefined, place: ReturnType<LocateProblem>): Problem {
  const hint = typeof item.hint === "function" ? item.hint() : item.hint;
  return {
    path: formatPath(item.path),
    message: item.message,
    ...(hint ? { hint } : {}),
    ...(file ? { file } : {}),
    ...(place ?? {}),
  };
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
