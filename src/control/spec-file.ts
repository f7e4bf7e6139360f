// Finds and reads an app's spec file: tusk.yaml, or a tusk.config.ts that exports the same. What is around the spec
// (folders, .env files, variables) is checked here too, so that nothing is started with what cannot run.
import { lstat, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { messageOf, type Problem, TuskError } from "../base/errors.js";
import type { AppSpec, ParsedSpec, Provenance } from "../model/app-spec.js";
import type { ParseOptions, ParseResult } from "../model/parse-spec.js";
import { placeOf } from "../model/provenance.js";
import { resolveEnvironment } from "../model/resolve-environment.js";
import { resolveSettings } from "../model/resolve-settings.js";
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
  for (const name of specFileNames) if (await isPresent(join(root, name))) present.push(name);
  if (present.length > 1) {
    throw new TuskError("SPEC_INVALID", `${root} has ${present.join(" and ")}`, { hint: "keep one of them" });
  }
  const [name] = present;
  if (name !== undefined) return join(root, name);
  const parent = dirname(root);
  return options.parents && parent !== root ? findSpecFile(parent, options) : null;
}

/** Whatever it is: a folder of that name is a mistake to be told, not a spec that is absent. */
async function isPresent(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    // Absent, or in a folder that may not be searched: no spec file either way.
    return false;
  }
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
  const environment = options.environment ?? process.env;
  const { keep = () => {}, ...result } = /\.ya?ml$/.test(file)
    ? await readYamlFile(file, options)
    : await readConfigFile(file, options);
  const found = result.ok ? [] : result.problems;
  const readable = result.ok ? result.parsed : result.rest;
  const around = readable ? await checkSurroundings({ ...readable, root, environment }) : [];
  const problems = [...found, ...around.map((problem) => ({ file: basename(file), ...problem }))];
  if (!result.ok || problems.length > 0) throw invalidSpec(file, inOrder(problems, basename(file)));
  return { ...result.parsed, file, root, keep };
}

/** Those in the spec file by their place, whatever found them; then those elsewhere. */
function inOrder(problems: readonly Problem[], name: string): Problem[] {
  const last = Number.MAX_SAFE_INTEGER;
  const lineOf = ({ file, line }: Problem): number => (file === name ? (line ?? 0) : last);
  return problems.toSorted((one, other) => lineOf(one) - lineOf(other) || (one.column ?? 0) - (other.column ?? 0));
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
  const text = await readTextFile(file, maxBytes);
  const [{ parseSpecObject }, { locateInModule }] = await Promise.all([
    import("../model/parse-spec.js"),
    import("../model/module-source.js"),
  ]);
  try {
    const locate = text.kind === "text" ? locateInModule(text.text) : undefined;
    return parseSpecObject(await withinTime(runModule(file)), name, options, locate);
  } catch (error) {
    const [message, place] = placedMessage(error, file);
    return { ok: false, problems: [{ path: "", message: `the file failed to run: ${message}`, file: name, ...place }] };
  }
}

async function runModule(file: string): Promise<unknown> {
  const { createJiti } = await import("jiti");
  // No caches: an edited file must be read anew, and reading must write nothing.
  const jiti = createJiti(file, { fsCache: false, moduleCache: false });
  const exported: unknown = await jiti.import(file, { default: true });
  return typeof exported === "function" ? exported() : exported;
}

const longestRunMs = 10_000;

/** A promise that never settles would end the command without a word. */
async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it is not done after ${longestRunMs / 1000} s`)), longestRunMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** The compiler and the stack say where: `/app/tusk.config.ts:2:0`. */
function placedMessage(error: unknown, file: string): [message: string, place: { line?: number; column?: number }] {
  const message = messageOf(error);
  const told = `${message}\n${error instanceof Error ? error.stack : ""}`;
  const at = told.indexOf(`${file}:`);
  const [, line, column] = (at < 0 ? null : /^:(\d+):(\d+)/.exec(told.slice(at + file.length))) ?? [];
  const [first = message] = message.split("\n");
  return [
    first.trim(),
    line && column ? { line: Number(line), column: Math.max(1, Number(column)) } : { line: 1, column: 1 },
  ];
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
  // Those of the file itself were checked with it.
  const settings = resolveSettings({ environment }).problems.map((problem) => ({ ...problem, file: "environment" }));
  return [...files.problems, ...placed, ...settings];
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
