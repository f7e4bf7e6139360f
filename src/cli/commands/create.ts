// `tusk create`: a service's code in the app's folder, with its environment. Never overwrites what a person wrote.
import { readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { TuskError } from "../../base/errors.js";
import { findSpecFile, loadSpecFile } from "../../control/spec-file.js";
import { createServiceCode } from "../../services/create-service-code.js";
import { environmentLinkName, linkEnvironment } from "../../services/environment-link.js";
import { createProcessArtefact, type ProcessArtefact, pythonCommand } from "../../services/process-artefact.js";
import type { CreatedCode, ServiceCall, ServiceCodeSpec } from "../../services/service-code.js";
import { writeFileAtomic } from "../../system/atomic-file.js";
import { addEntry, renderEntry, type ServiceEntry } from "../add-service.js";
import { findAppRoot, requireFolder } from "../app-lookup.js";
import { count } from "../format.js";
import { Interrupts } from "../interrupts.js";
import { openProgressLine } from "../progress-line.js";
import type { Session } from "../session.js";
import type { Style } from "../style.js";

interface CreateOptions {
  readonly language: string;
  readonly framework: string;
  readonly dep: readonly string[];
  readonly calls: readonly string[];
  readonly force?: boolean;
  readonly add?: boolean;
  /** Commander's `--no-install`. */
  readonly install: boolean;
}

interface Created {
  readonly root: string;
  readonly code: CreatedCode;
  readonly entry: ServiceEntry;
  /** Null with `--no-install`. */
  readonly artefact: ProcessArtefact | null;
  /** False: the folder has a `.venv` of the user's own, which is left as it is. */
  readonly linked: boolean;
  /** The spec file that the entry was added to; null when it is for the user to add. */
  readonly addedTo: string | null;
  /** Callees that the spec does not have yet; without them it is not valid. */
  readonly missing: readonly string[];
}

export async function run(session: Session, [name]: readonly [string], options: CreateOptions): Promise<number> {
  const from = requireFolder(session.options.appFolder);
  const root = findAppRoot(from) ?? from;
  const specFile = await findSpecFile(root);
  const addTo = options.add ? requireYaml(specFile, root) : null;
  const known = await dependenciesByService(specFile);
  const spec = toSpec(name, options, known);
  const code = createServiceCode(spec, {
    folder: join(root, "services", name),
    force: options.force === true,
  });
  const missing = unknownCallees(spec, known);
  if (missing.length > 0) noteUnknownCallees(session, missing);
  const artefact = options.install ? await install(session, code) : null;
  const linked = artefact !== null && linkEnvironment(code.folder, artefact.environmentFolder);
  const entry = toEntry(root, spec, code);
  const addedTo = addTo !== null && addToSpec(addTo, entry) ? addTo : null;
  const created: Created = { root, code, entry, artefact, linked, addedTo, missing };
  session.result(toDocument(created), (style) => render(created, options, style));
  return 0;
}

function toSpec(name: string, options: CreateOptions, known: ReadonlyMap<string, readonly string[]>): ServiceCodeSpec {
  const { language, framework, dep } = options;
  const unique = (words: readonly string[]): string[] => [...new Set(words)];
  const calls = unique(options.calls).map(
    (callee): ServiceCall => ({ name: callee, dependencies: known.get(callee) ?? [] }),
  );
  return { name, language, framework, dependencies: unique(dep), calls };
}

/** What is known of the callees shapes how they are called. Throws SPEC_INVALID: nothing is made beside a broken spec. */
async function dependenciesByService(file: string | null): Promise<ReadonlyMap<string, readonly string[]>> {
  if (file === null) return new Map();
  // Services are created one by one: one that is called may come later.
  const { spec } = await loadSpecFile(file, { allowUnknownCalls: true });
  return new Map(spec.services.map((service) => [service.name, service.dependencies]));
}

function unknownCallees({ name, calls }: ServiceCodeSpec, known: ReadonlyMap<string, unknown>): string[] {
  return calls.map((call) => call.name).filter((callee) => callee !== name && !known.has(callee));
}

/** They may come later; but how one is called depends on what it uses. */
function noteUnknownCallees(session: Session, missing: readonly string[]): void {
  session.note(
    `not in the spec yet: ${missing.join(", ")}; the code refers to what it keeps. Create one that takes payments first`,
  );
}

function requireYaml(file: string | null, root: string): string {
  if (file !== null && /\.ya?ml$/.test(file)) return file;
  const what = file === null ? `${root} has no tusk.yaml` : `${basename(file)} is a program`;
  const hint = file === null ? "`tusk init` writes one" : "leave out --add, and put the entry that is shown into it";
  throw new TuskError("USAGE", `--add cannot add the service: ${what}`, { hint });
}

async function install(session: Session, code: CreatedCode): Promise<ProcessArtefact> {
  const progress = openProgressLine(session);
  const interrupts = new Interrupts();
  const abort = new AbortController();
  void interrupts.first.then(() => abort.abort());
  try {
    return await createProcessArtefact(code, {
      env: session.io.environment,
      signal: abort.signal,
      onProgress: progress.headline,
      onOutput: progress.detail,
    });
  } finally {
    interrupts.close();
    progress.close();
  }
}

function toEntry(root: string, spec: ServiceCodeSpec, { folder, manifest }: CreatedCode): ServiceEntry {
  return {
    name: spec.name,
    path: `./${relative(root, folder)}`,
    language: spec.language,
    framework: spec.framework,
    dependencies: spec.dependencies,
    run: pythonCommand(`${environmentLinkName}/bin/python`, manifest).argv,
    calls: spec.calls.map(({ name }) => name),
    route: manifest.routePath,
    health: { liveness: { http: manifest.healthPath }, readiness: { http: manifest.readyPath } },
  };
}

/** False when an entry of that name is there already; it is the user's, and stays as it is. */
function addToSpec(file: string, entry: ServiceEntry): boolean {
  const text = addEntry(readFileSync(file, "utf8"), entry);
  if (text !== null) writeFileAtomic(file, text);
  return text !== null;
}

function toDocument({ code, entry, artefact, linked, addedTo }: Created): object {
  const { folder, files, written, kept, skipped, removed, obsolete, manifest } = code;
  const environment = artefact && { folder: artefact.environmentFolder, reused: artefact.reusedEnvironment, linked };
  return {
    service: entry.name,
    folder,
    files,
    written,
    kept,
    skipped,
    removed,
    obsolete,
    variables: manifest.variables,
    environment,
    entry,
    addedTo,
  };
}

function render(created: Created, options: CreateOptions, style: Style): string {
  const { root, code, entry } = created;
  const at = relative(root, code.folder);
  const lines = [
    `${style.green("✔")} ${style.bold(entry.name)} in ${at}: ${count(code.written.length, "file")} written`,
  ];
  lines.push(...code.written.map((path) => style.dim(`    ${path}`)));
  lines.push(...code.kept.map((path) => `${style.yellow("!")}   ${path} is yours and was kept`));
  lines.push(...code.removed.map((path) => `${style.green("✔")}   ${path} is not needed any more and was removed`));
  lines.push(
    ...code.obsolete.map((path) => `${style.yellow("!")}   ${path} is not needed any more${obsoleteHint(options)}`),
  );
  if (code.skipped.length > 0)
    lines.push(`  ${count(code.skipped.length, "file")} left as generated before${skipHint(options)}`);
  return [...lines, ...environmentLines(created, style), ...nextLines(created, options, style)].join("\n");
}

const obsoleteHint = ({ force }: CreateOptions): string =>
  force ? "; it was edited and kept: remove it if its imports fail" : "; --force removes those nobody edited";

const skipHint = ({ force }: CreateOptions): string => (force ? "" : "; --force rewrites those nobody edited");

function environmentLines({ artefact, linked }: Created, style: Style): string[] {
  if (artefact === null) return [];
  const made = artefact.reusedEnvironment ? "from the cache" : "made";
  const where = linked ? environmentLinkName : artefact.environmentFolder;
  const lines = [`${style.green("✔")} environment ${made}: ${where}`];
  if (!linked)
    lines.push(`${style.yellow("!")} ${environmentLinkName} is yours and was kept; it must hold requirements.txt`);
  return lines;
}

function nextLines({ addedTo, missing, entry, root, code }: Created, options: CreateOptions, style: Style): string[] {
  const variables = code.manifest.variables.map(({ name, purpose }) => `    ${style.cyan(name)}  ${purpose}`);
  const lines =
    variables.length === 0 ? [] : ["  it runs without these, and uses them when they are set:", ...variables];
  const next = missing.length === 0 ? "then `tusk up`" : `create ${missing.join(" and ")} too, then \`tusk up\``;
  if (addedTo !== null) return [...lines, `${style.green("✔")} added to ${relative(root, addedTo)}; ${next}`];
  if (options.add) return [...lines, `  the spec has a service ${entry.name} already; it was left as it is`];
  const shown = renderEntry(entry).trimEnd().split("\n");
  return [...lines, "  add it to the services of tusk.yaml (or use --add):", ...shown.map((line) => `    ${line}`)];
}
