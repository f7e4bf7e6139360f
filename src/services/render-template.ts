// Renders the files of a template, all of them in memory: nothing is written before everything is rendered.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Eta } from "eta/core";
import { TuskError } from "../base/errors.js";
import type { Template, TemplateFile } from "./template-registry.js";
import type { CallView, TemplateView } from "./template-view.js";

/** As pyproject.toml has it. */
const longestLine = 120;

export interface RenderedFile {
  readonly path: string;
  readonly text: string;
  readonly sha256: string;
}

/** Sorted by path. */
export function renderTemplate(template: Template, view: TemplateView): readonly RenderedFile[] {
  // Code is not HTML, and a tag that eats the line's end says so itself (`-%>`).
  const eta = new Eta({ autoEscape: false, autoTrim: false, functionHeader: "const { resource, has, call } = it;" });
  const rendered = template.files
    .filter((file) => applies(file, view))
    .flatMap((file) => {
      const source = readFileSync(join(template.folder, file.template), "utf8");
      return instancesOf(file, view).map((data) =>
        createRenderedFile(eta.renderString(file.path, data), eta.renderString(source, data)),
      );
    });
  return rendered.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function sha256Of(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

function applies(file: TemplateFile, view: TemplateView): boolean {
  return (file.when ?? []).every((fact) => (fact.startsWith("!") ? !view.has[fact.slice(1)] : view.has[fact] === true));
}

function instancesOf(file: TemplateFile, view: TemplateView): readonly (TemplateView & { readonly call?: CallView })[] {
  const common = { ...view, importBlock };
  return file.each === "call" ? view.calls.map((call) => ({ ...common, call })) : [common];
}

/** Lines of Python imports as its formatters have them: in code-unit order of the modules, long ones one name a line. */
function importBlock(lines: readonly string[]): string {
  const moduleOf = (line: string): string => line.split(" ")[1] ?? "";
  const sorted = [...lines].sort((a, b) => (moduleOf(a) < moduleOf(b) ? -1 : moduleOf(a) > moduleOf(b) ? 1 : 0));
  return sorted.map(wrapImport).join("\n");
}

function wrapImport(line: string): string {
  if (line.length <= longestLine) return line;
  const [from = "", names = ""] = line.split(" import ");
  return `${from} import (\n${names.replace(/(\w+)(?:, )?/g, "    $1,\n")})`;
}

/** Names are checked before; this holds whatever a template's author writes. */
function createRenderedFile(path: string, text: string): RenderedFile {
  if (path.startsWith("/") || path.split("/").some((part) => part === ".." || part === "")) {
    throw new TuskError("INTERNAL", `a template names a file outside its folder: ${path}`);
  }
  return { path, text, sha256: sha256Of(text) };
}
