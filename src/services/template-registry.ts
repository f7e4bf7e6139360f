// The templates that services are generated from: each is a folder under templates/ with a template.json that says
// what it is for and which of its files a spec gets. A further language is a further folder; no code here names one.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TuskError } from "../base/errors.js";
import { nameHint } from "../base/nearest-name.js";

export interface TemplateVariable {
  readonly name: string;
  readonly purpose: string;
  readonly secret?: boolean;
}

export interface TemplateDependency {
  /** Other names that people give it. */
  readonly aliases?: readonly string[];
  readonly variables: readonly TemplateVariable[];
  /** It takes payments, so that callers command it. */
  readonly payments?: boolean;
}

export interface TemplateFile {
  readonly template: string;
  /** Itself a template; relative to the generated folder. */
  readonly path: string;
  /** Facts of the spec that must hold; `!` negates. Default: always. */
  readonly when?: readonly string[];
  /** One file for each callee. */
  readonly each?: "call";
}

/** The text of template.json. */
export interface TemplateManifest {
  readonly language: string;
  readonly framework: string;
  /** Words that may not be names in the language. */
  readonly reservedWords: readonly string[];
  /** Module names that the template takes for itself. */
  readonly reservedModules: readonly string[];
  readonly dependencies: Readonly<Record<string, TemplateDependency>>;
  /** Packages that may be listed and change nothing: every service has what they are for. */
  readonly included: readonly string[];
  readonly runArguments: readonly string[];
  readonly module: string;
  readonly requirementsFile: string;
  readonly devRequirementsFile: string;
  readonly healthPath: string;
  readonly readyPath: string;
  readonly files: readonly TemplateFile[];
}

export interface Template extends TemplateManifest {
  /** Absolute. */
  readonly folder: string;
}

const templatesFolder = fileURLToPath(new URL("./templates/", import.meta.url));

/** All of them. They are read anew each time: creating a service is rare, and a process that lives long stays small. */
export function listTemplates(folder: string = templatesFolder): readonly Template[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "template.json")))
    .map((name) => readTemplate(join(folder, name)));
}

/** Throws SPEC_INVALID when there is none, with the nearest that there is. */
export function findTemplate(language: string, framework: string, templates = listTemplates()): Template {
  const found = templates.find((template) => template.language === language && template.framework === framework);
  if (found) return found;
  const known = templates.map((template) => `${template.language}/${template.framework}`);
  throw new TuskError("SPEC_INVALID", `there is no template for ${language}/${framework}`.slice(0, 200), {
    hint: nameHint(`${language}/${framework}`, known),
  });
}

/** The template's own name of a dependency; null when it is included anyway; undefined when it is unknown. */
export function canonicalDependency(template: TemplateManifest, name: string): string | null | undefined {
  const wanted = name.toLowerCase();
  if (template.included.includes(wanted)) return null;
  return Object.keys(template.dependencies).find(
    (known) => known === wanted || template.dependencies[known]?.aliases?.includes(wanted),
  );
}

function readTemplate(folder: string): Template {
  const manifest = JSON.parse(readFileSync(join(folder, "template.json"), "utf8")) as TemplateManifest;
  return { ...manifest, folder };
}
