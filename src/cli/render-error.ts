// An error as a person reads it: what, where, what to do. And as a program reads it.
import { messageOf, type Problem, TuskError } from "../base/errors.js";
import { withoutControls } from "./format.js";
import type { Style } from "./style.js";

export function renderError(error: unknown, style: Style, options: { readonly verbose: boolean }): string {
  const parts = [`${style.red("error:")} ${withoutControls(messageOf(error))}`];
  if (error instanceof TuskError) {
    if (error.problems.length > 0) parts.push("", renderProblems(error.problems, style), "");
    if (error.hint !== undefined) parts.push(`${style.cyan("hint:")} ${withoutControls(error.hint)}`);
    parts.push(style.dim(`(${error.code})`));
  } else {
    parts.push(style.dim("(INTERNAL) This is a defect in Tusk; --verbose shows where."));
  }
  if (options.verbose) parts.push(style.dim(stackOf(error)));
  return parts.join("\n");
}

/** Each with its place first, in the form that editors make a link of. */
export function renderProblems(problems: readonly Problem[], style: Style): string {
  return problems.map((problem) => renderProblem(problem, style)).join("\n\n");
}

function renderProblem({ file, line, column, path, message, hint }: Problem, style: Style): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  const head = [place && style.bold(place), path && style.dim(path)].filter(Boolean).join("  ");
  const lines = [head, `  ${withoutControls(message)}`];
  if (hint !== undefined) lines.push(`  ${style.cyan("hint:")} ${withoutControls(hint)}`);
  return lines.filter((text) => text !== "").join("\n");
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by: ${stackOf(error.cause)}`;
}

/** The `{ error }` document that `--json` prints. */
export function toErrorDocument(error: unknown, options: { readonly verbose: boolean }): object {
  const known = error instanceof TuskError ? error : null;
  return {
    error: {
      code: known?.code ?? "INTERNAL",
      message: messageOf(error),
      ...(known?.hint === undefined ? {} : { hint: known.hint }),
      problems: known?.problems ?? [],
      ...(known && Object.keys(known.details).length > 0 ? { details: known.details } : {}),
      ...(options.verbose ? { stack: stackOf(error) } : {}),
    },
  };
}
