// The way in for every app spec: text or an object in, the normalised spec with its provenance or every problem out.
// Never throws, whatever it is given. Does no I/O: control/spec-file.ts finds and reads the file.
import type { Problem } from "../base/errors.js";
import { type AppFile, appSchema } from "./app-schema.js";
import type { ParsedSpec } from "./app-spec.js";
import type { CheckOptions } from "./check-services.js";
import { checkOutline } from "./check-spec.js";
import { type IsSound, normaliseFile, outlineOfFile } from "./file-outline.js";
import type { LocateEntry } from "./module-source.js";
import { toPlain } from "./plain-value.js";
import { maxProblems, type SpecProblem, toProblems } from "./problem-list.js";
import { findProvenance } from "./provenance.js";
import { salvage } from "./salvage.js";
import { findShapeProblems } from "./shape-problems.js";
import { isWithin, type SpecPath } from "./spec-path.js";
import { parseYaml } from "./yaml-source.js";

export type ParseOptions = CheckOptions;

export type ParseResult =
  | { readonly ok: true; readonly parsed: ParsedSpec }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** What refers to the world around the spec and was written soundly; absent when nothing could be read. */
      readonly rest?: ParsedSpec;
    };

/** YAML text. Every problem has its line and column. `file` is only a name to show. */
export function parseSpecText(text: string, file: string, options: ParseOptions = {}): ParseResult {
  const yaml = parseYaml(text, file);
  if (!yaml.ok) return yaml;
  const { source } = yaml;
  return toResult(checkFile(source.value, source.problems, options), file, (path, at) => source.locate(path, at));
}

/** An object of a program, which has no lines, or of a module, in whose text `locate` finds the entries. */
export function parseSpecObject(
  value: unknown,
  file?: string,
  options: ParseOptions = {},
  locate?: LocateEntry,
): ParseResult {
  return toResult(checkFile(value, [], options), file, locate ?? null);
}

function toResult(checked: CheckedFile, file: string | undefined, locate: LocateEntry | null): ParseResult {
  const locateKey = locate && file !== undefined ? (path: SpecPath) => ({ file, ...locate(path, "key") }) : null;
  if (checked.ok) {
    const provenance = locateKey ? findProvenance(checked.file, locateKey) : {};
    return { ok: true, parsed: { spec: normaliseFile(checked.file), provenance } };
  }
  const { value, isSound } = checked;
  const locateProblem = ({ path, atKey }: SpecProblem) => locate?.(path, atKey ? "key" : "value") ?? null;
  return {
    ok: false,
    problems: toProblems(checked.problems, file, locateProblem),
    rest: salvage(value, isSound, locateKey),
  };
}

type CheckedFile =
  | { readonly ok: true; readonly file: AppFile }
  | {
      readonly ok: false;
      readonly problems: readonly SpecProblem[];
      readonly value: unknown;
      readonly isSound: IsSound;
    };

function checkFile(input: unknown, earlier: readonly SpecProblem[], options: ParseOptions): CheckedFile {
  const plain = toPlain(input);
  const early = [...earlier, ...plain.problems];
  const shape = findShapeProblems(appSchema(), plain.value).filter(
    // A part that is no plain data was told already; here it is seen as missing.
    ({ path }) => !plain.problems.some((problem) => isWithin(path, problem.path)),
  );
  const problems = [...early, ...shape];
  // Beyond the limit the input is no spec, and the checks across it would only cost time.
  if (problems.length > maxProblems) return { ok: false, problems, value: null, isSound: () => false };
  const isSound = (path: SpecPath): boolean => !problems.some((problem) => isWithin(problem.path, path));
  const all = [...problems, ...checkOutline(outlineOfFile(plain.value, isSound), options)];
  if (all.length === 0) return { ok: true, file: plain.value as AppFile };
  return { ok: false, problems: all, value: plain.value, isSound };
}
