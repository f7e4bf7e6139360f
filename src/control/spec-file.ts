// Finds and reads an app's spec file: tusk.yaml, or a tusk.config.ts that exports the same. What is around the spec
// (folders, .env files, variables) is checked here too, so that nothing is started with what cannot run.
import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { messageOf, type Problem, TuskError } from "../base/errors.js";
import type { AppSpec, ParsedSpec, Provenance } from "../model/app-spec.js";
import type { ParseOptions, ParseResult } from "../model/parse-spec.js";
import { placeOf } from "../model/provenance.js";
import { resolveEnvironment } from "../model/resolve-environment.js";
import { appFolderAt } from "../system/app-folder.js";
import { readEnvFiles } from "./env-files.js";
import { readParsed, specKey, writeParsed } from "./spec-cache.js";
import { readTextFile } from "./text-file.js";

/** In the order in which they are looked for. */
export const specFileNames = ["tusk.yaml", "tusk.yml", "tusk.config.ts", "tusk.config.js", "tusk.config.mjs"] as const;

const maxBytes = 1024 * 1024;

/**
 * Absolute path of the spec file in a folder, null when there is none. With `parents`, the nearest folder above that
 * has one is taken. Throws SPEC_INVALID when a folder has two: it would be a guess which is meant.
 */
export async function findSpecFile(folder: string, options: { parents?: boolean } = {}): Promise<string | null> {
  const root = resolve(folder);
  const present: string[] = [];
  for (const name of specFileNames) if (await isFile(join(root, name))) present.push(name);
  if (present.length > 1) {
    throw new TuskError("SPEC_INVALID", `${root} has ${present.join(" and ")}`, { hint: "keep one of them" });
  }
  const [name] = present;
  if (name !== undefined) return join(root, name);
  const parent = dirname(root);
  return options.parents && parent !== root ? findSpecFile(parent, options) : null;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    // Absent, or in a folder that may not be searched: no spec file either way.
    return false;
  }
}

export interface LoadOptions extends ParseOptions {
  /** For `${NAME}` in `env`. Default: this process' environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Take an unchanged YAML file's parsed spec from the app's state folder. Default false. */
  readonly cached?: boolean;
}

export interface LoadedSpec extends ParsedSpec {
  /** Absolute path of the spec file. */
  readonly file: string;
  /** Absolute path of its folder: the app's. */
  readonly root: string;
  /** Keeps the parsed spec for `cached`, unless it came from there. Writes into the state folder, which must exist. */
  readonly keep: () => void;
}

/** Throws SPEC_NOT_FOUND, or SPEC_INVALID with every problem. Problems name files relative to the app's folder. */
export async function loadSpecFile(path: string, options: LoadOptions = {}): Promise<LoadedSpec> {
  const file = resolve(path);
  const root = dirname(file);
  const { keep = () => {}, ...result } = /\.ya?ml$/.test(file)
    ? await readYamlFile(file, options)
    : await readConfigFile(file, options);
  if (!result.ok) throw invalidSpec(file, result.problems);
  const { spec, provenance } = result.parsed;
  const around = await checkSurroundings({ spec, provenance, root, environment: options.environment ?? process.env });
  if (around.length > 0)
    throw invalidSpec(
      file,
      around.map((problem) => ({ file: basename(file), ...problem })),
    );
  return { spec, provenance, file, root, keep };
}

function invalidSpec(file: string, problems: readonly Problem[]): TuskError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new TuskError("SPEC_INVALID", `${basename(file)} has ${count}`, { problems });
}

function notFound(file: string): TuskError {
  return new TuskError("SPEC_NOT_FOUND", `there is no ${file}`, {
    hint: "`tusk init` writes a tusk.yaml to begin with",
  });
}

/** With how to keep what was parsed. */
type ReadResult = ParseResult & { readonly keep?: () => void };

async function readYamlFile(file: string, options: LoadOptions): Promise<ReadResult> {
  const name = basename(file);
  const read = await readTextFile(file, maxBytes);
  if (read.kind === "absent") throw notFound(file);
  if (read.kind === "unreadable") {
    return { ok: false, problems: [{ path: "", message: `the file ${read.reason}`, file: name, line: 1, column: 1 }] };
  }
  const cache = appFolderAt(dirname(file)).files.parsed;
  const key = specKey(read.text, name);
  const known = options.cached ? readParsed(cache, key) : null;
  if (known) return { ok: true, parsed: known };
  // The parsers take a tenth of a second to load; commands that read no spec must not pay for them.
  const { parseSpecText } = await import("../model/parse-spec.js");
  const result = parseSpecText(read.text, name, options);
  return result.ok ? { ...result, keep: () => writeParsed(cache, key, result.parsed) } : result;
}

/** Runs the user's own code, in this process, as every tool with a config file in TypeScript does. */
async function readConfigFile(file: string, options: ParseOptions): Promise<ReadResult> {
  const name = basename(file);
  if (!(await isFile(file))) throw notFound(file);
  const [{ createJiti }, { parseSpecObject }] = await Promise.all([import("jiti"), import("../model/parse-spec.js")]);
  let value: unknown;
  try {
    // No caches: an edited file must be read anew, and reading must write nothing.
    const jiti = createJiti(file, { fsCache: false, moduleCache: false });
    const exported: unknown = await jiti.import(file, { default: true });
    value = typeof exported === "function" ? await exported() : exported;
  } catch (error) {
    return { ok: false, problems: [{ path: "", message: `the file failed to run: ${messageOf(error)}`, file: name }] };
  }
  return parseSpecObject(value, name, options);
}

export interface Surroundings {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What the spec refers to and the machine lacks: folders, named .env files, variables without a default. */
export async function checkSurroundings({ spec, provenance, root, environment }: Surroundings): Promise<Problem[]> {
  const files = await readEnvFiles(spec, provenance, root);
  const folders = await Promise.all(
    spec.services.map(({ name, path }) => checkFolder(name, resolve(root, path), root)),
  );
  const variables = spec.services.flatMap(
    ({ name, env }) =>
      resolveEnvironment({
        env,
        files: files.variables[name] ?? {},
        process: environment,
        path: `services.${name}.env`,
      }).problems,
  );
  const placed = [...folders.flat(), ...variables].map((problem) => ({
    ...placeOf(provenance, problem.path),
    ...problem,
  }));
  return [...files.problems, ...placed];
}

async function checkFolder(service: string, folder: string, root: string): Promise<Problem[]> {
  const path = `services.${service}.path`;
  const shown = relative(root, folder) || folder;
  try {
    if ((await stat(folder)).isDirectory()) return [];
    return [{ path, message: `${shown} is no folder`, hint: "`path` names the folder that the service runs in" }];
  } catch (error) {
    const reason =
      error instanceof Error && "code" in error && error.code === "ENOENT" ? "does not exist" : messageOf(error);
    return [{ path, message: `the folder ${shown} ${reason}`, hint: "`path` is relative to the folder of the spec" }];
  }
}
