// Generates a service's folder. Everything is rendered first; each file is then put in place whole. A file that is the
// user's, not from here or edited since, is never touched, whatever the options say.
import { lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import { TuskError } from "../base/errors.js";
import { createFileAtomic, writeFileAtomic } from "../system/atomic-file.js";
import { type GeneratedRecord, readGeneratedRecord, writeGeneratedRecord } from "./generated-record.js";
import { type RenderedFile, renderTemplate, sha256Of } from "./render-template.js";
import type {
  CreatedCode,
  CreateServiceCodeOptions,
  ServiceCodeSpec,
  ServiceManifest,
  ServiceVariable,
} from "./service-code.js";
import { findTemplate, type TemplateManifest } from "./template-registry.js";
import { createTemplateView, type TemplateView, usedDependencies } from "./template-view.js";

type Outcome = "written" | "kept" | "skipped";

/**
 * Throws SPEC_INVALID with every problem of the spec, nothing written; CONFLICT when a folder inside leads outside.
 * Interrupted at any point, a second run completes it.
 */
export function createServiceCode(spec: ServiceCodeSpec, options: CreateServiceCodeOptions): CreatedCode {
  const template = findTemplate(spec.language, spec.framework);
  const view = createTemplateView(spec, template);
  const files = renderTemplate(template, view);
  const record = readGeneratedRecord(options.folder);
  const outcomes = new Map(files.map((file) => [file, placeFile(file, record, options)] as const));
  const ours = files.filter((file) => outcomes.get(file) === "written" || isAsRendered(file, options.folder));
  const left = clearObsolete(files, record, options);
  // The files are gone first: interrupted before the record is written, the next run finds them gone.
  writeGeneratedRecord(
    options.folder,
    new Map(
      [...record, ...ours.map(({ path, sha256 }) => [path, sha256] as const)].filter(
        ([path]) => !left.gone.includes(path),
      ),
    ),
  );
  const having = (outcome: Outcome) => files.filter((file) => outcomes.get(file) === outcome).map(({ path }) => path);
  return {
    folder: options.folder,
    files: files.map(({ path, sha256 }) => ({ path, sha256 })),
    written: having("written"),
    kept: having("kept"),
    skipped: having("skipped"),
    removed: left.removed,
    obsolete: left.obsolete,
    manifest: toManifest(spec, template, view),
  };
}

/** What the code of this spec exposes, without generating it. Throws SPEC_INVALID as `createServiceCode` does. */
export function describeServiceCode(spec: ServiceCodeSpec): ServiceManifest {
  const template = findTemplate(spec.language, spec.framework);
  return toManifest(spec, template, createTemplateView(spec, template));
}

function placeFile(file: RenderedFile, record: GeneratedRecord, { folder, force }: CreateServiceCodeOptions): Outcome {
  const path = join(folder, file.path);
  mkdirSync(dirname(path), { recursive: true });
  refuseOutside(folder, dirname(path));
  // Of a file that appears between the look and the write, the one that is there wins.
  if (createFileAtomic(path, file.text)) return "written";
  const present = hashOf(path);
  if (present === file.sha256) return "skipped";
  if (present === null || present !== record.get(file.path)) return "kept";
  if (!force) return "skipped";
  writeFileAtomic(path, file.text);
  return "written";
}

interface Obsolete {
  readonly removed: readonly string[];
  readonly obsolete: readonly string[];
  /** Not there any more, whoever removed them. */
  readonly gone: readonly string[];
}

/** What was generated before and this spec does not generate: its imports may fail now. */
function clearObsolete(files: readonly RenderedFile[], record: GeneratedRecord, options: CreateServiceCodeOptions) {
  const current = new Set(files.map(({ path }) => path));
  const former = [...record].filter(([path]) => !current.has(path) && isInside(path)).sort();
  const found: { [Kind in keyof Obsolete]: string[] } = { removed: [], obsolete: [], gone: [] };
  for (const [path, sha256] of former) {
    const outcome = clearFile(path, sha256, options);
    found[outcome].push(path);
    if (outcome === "removed") found.gone.push(path);
  }
  return found satisfies Obsolete;
}

function clearFile(path: string, sha256: string, { folder, force }: CreateServiceCodeOptions): keyof Obsolete {
  const at = join(folder, path);
  if (lstatSync(at, { throwIfNoEntry: false }) === undefined) return "gone";
  refuseOutside(folder, dirname(at));
  if (!force || hashOf(at) !== sha256) return "obsolete";
  rmSync(at);
  removeIfEmpty(dirname(at));
  return "removed";
}

/** A package of which nothing is left. */
function removeIfEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** The record is committed with the folder and may say anything. */
function isInside(path: string): boolean {
  return !isAbsolute(path) && !path.includes("\0") && !path.split(/[\\/]/).includes("..");
}

function isAsRendered(file: RenderedFile, folder: string): boolean {
  return hashOf(join(folder, file.path)) === file.sha256;
}

/** Null for what is no plain file: a link or a folder is the user's. */
function hashOf(path: string): string | null {
  return lstatSync(path).isFile() ? sha256Of(readFileSync(path)) : null;
}

/** A link inside the folder must not make us write elsewhere. */
function refuseOutside(folder: string, parent: string): void {
  const root = realpathSync(folder);
  const real = realpathSync(parent);
  if (real === root || real.startsWith(root + sep)) return;
  throw new TuskError("CONFLICT", `${parent} leads outside of ${folder}`, { hint: "replace the link by a folder" });
}

function toManifest(spec: ServiceCodeSpec, template: TemplateManifest, view: TemplateView): ServiceManifest {
  const { requirementsFile, devRequirementsFile, runArguments, module, healthPath, readyPath } = template;
  const common = { requirementsFile, devRequirementsFile, runArguments, module, healthPath, readyPath };
  return {
    ...common,
    routePath: view.resource.path,
    resource: spec.resource ?? view.resource.one.replaceAll("_", "-"),
    variables: [...dependencyVariables(spec, template), ...callVariables(view)],
  };
}

function dependencyVariables(spec: ServiceCodeSpec, template: TemplateManifest): ServiceVariable[] {
  return usedDependencies(spec, template).flatMap((of) =>
    (template.dependencies[of]?.variables ?? []).map((variable) => ({ secret: false, ...variable, of })),
  );
}

function callVariables(view: TemplateView): ServiceVariable[] {
  return view.calls.map(({ name, variable }) => ({
    name: variable,
    purpose: `where ${name} is reached`,
    secret: false,
    of: name,
  }));
}
