// Errors on their way over HTTP and back: one code, one status, one document. A defect's message stays in the log.
import { type ErrorCode, errorCodes, type Problem, TuskError } from "../base/errors.js";
import type { ProblemDocument } from "./types.js";

export const problemType = "application/problem+json";

/** Anything thrown that is no TuskError is a defect: its text may hold secrets or paths and is not shown. */
export function toProblem(error: unknown): ProblemDocument {
  if (!(error instanceof TuskError) || error.code === "INTERNAL") {
    return document("INTERNAL", "The controller met a defect; its log has the details.", [], {});
  }
  return document(error.code, error.message, error.problems, { hint: error.hint, details: error.details });
}

function document(
  code: ErrorCode,
  detail: string,
  problems: readonly Problem[],
  more: { hint?: string; details?: Readonly<Record<string, unknown>> },
): ProblemDocument {
  const { summary, status } = errorCodes[code];
  const { hint, details = {} } = more;
  return {
    type: `urn:tusk:error:${code}`,
    title: summary,
    status,
    code,
    detail,
    ...(hint === undefined ? {} : { hint }),
    problems,
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

/** The error that a problem document tells of, with the same code; UNREACHABLE for an answer that is not the API's. */
export function fromProblem(status: number, body: string): TuskError {
  const document = parse(body);
  if (!document) {
    return new TuskError("UNREACHABLE", `an answer with status ${status} that is not the admin API's`, {
      hint: "another program may listen on this port; run `tusk doctor`",
    });
  }
  const { code, detail, hint, problems = [], details } = document;
  return new TuskError(code, detail, { hint, problems, details });
}

function parse(body: string): ProblemDocument | null {
  try {
    const value = JSON.parse(body) as Partial<ProblemDocument> | null;
    const known = typeof value?.code === "string" && Object.hasOwn(errorCodes, value.code);
    return known && typeof value?.detail === "string" ? (value as ProblemDocument) : null;
  } catch {
    // No JSON: whoever answered is not the admin API, which the caller says.
    return null;
  }
}
