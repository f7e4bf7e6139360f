// The way in for every app spec: text or an object in, the normalised spec with its provenance or every problem out.
// Never throws, whatever it is given. Does no I/O: control/spec-file.ts finds and reads the file.
import type { Problem } from "../base/errors.js";
import { type AppFile, appSchema } from "./app-schema.js";
import type { ParsedSpec } from "./app-spec.js";
import type { CheckOptions } from "./check-services.js";
import { checkOutline } from "./check-spec.js";
import { normaliseFile, outlineOfFile } from "./file-outline.js";
import { toPlain } from "./plain-value.js";
import { maxProblems, type SpecProblem, toProblems } from "./problem-list.js";
import { findProvenance } from "./provenance.js";
import { findShapeProblems } from "./shape-problems.js";
import { isWithin, type SpecPath } from "./spec-path.js";
import { parseYaml, type YamlSource } from "./yaml-source.js";

export type ParseOptions = CheckOptions;

export type ParseResult =
  | { readonly ok: true; readonly parsed: ParsedSpec }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** YAML text. Every problem has its line and column. `file` is only a name to show. */
export function parseSpecText(text: string, file: string, options: ParseOptions = {}): ParseResult {
  const yaml = parseYaml(text, file);
  if (!yaml.ok) return yaml;
  const { source } = yaml;
  const checked = checkFile(source.value, source.problems, options);
  if (!checked.ok) {
    const locate = (problem: SpecProblem) => source.locate(problem.path, problem.atKey ? "key" : "value");
    return { ok: false, problems: toProblems(checked.problems, file, locate) };
  }
  return { ok: true, parsed: toParsed(checked.file, source, file) };
}

/** An object of a program or of tusk.config.ts. There are no lines, and so no provenance. */
export function parseSpecObject(value: unknown, file?: string, options: ParseOptions = {}): ParseResult {
  const checked = checkFile(value, [], options);
  if (!checked.ok) return { ok: false, problems: toProblems(checked.problems, file, () => null) };
  return { ok: true, parsed: { spec: normaliseFile(checked.file), provenance: {} } };
}

function toParsed(file: AppFile, source: YamlSource, name: string): ParsedSpec {
  const locate = (path: SpecPath) => ({ file: name, ...source.locate(path, "key") });
  return { spec: normaliseFile(file), provenance: findProvenance(file, locate) };
}

type CheckedFile =
  | { readonly ok: true; readonly file: AppFile }
  | { readonly ok: false; readonly problems: readonly SpecProblem[] };

function checkFile(input: unknown, earlier: readonly SpecProblem[], options: ParseOptions): CheckedFile {
  const plain = toPlain(input);
  const early = [...earlier, ...plain.problems];
  const shape = findShapeProblems(appSchema(), plain.value).filter(
    // A part that is no plain data was told already; here it is seen as missing.
    ({ path }) => !plain.problems.some((problem) => isWithin(path, problem.path)),
  );
  const problems = [...early, ...shape];
  // Beyond the limit the input is no spec, and the checks across it would only cost time.
  if (problems.length > maxProblems) return { ok: false, problems };
  const isSound = (path: SpecPath): boolean => !problems.some((problem) => isWithin(problem.path, path));
  const all = [...problems, ...checkOutline(outlineOfFile(plain.value, isSound), options)];
  return all.length > 0 ? { ok: false, problems: all } : { ok: true, file: plain.value as AppFile };
}
