// `tusk init`: a tusk.yaml to begin with. Never overwrites.
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { TuskError } from "../../base/errors.js";
import { findSpecFile } from "../../control/spec-file.js";
import { requireFolder } from "../app-lookup.js";
import { findPrograms } from "../find-programs.js";
import { count } from "../format.js";
import { renderSpec, toLabel } from "../init-template.js";
import type { Session } from "../session.js";

export async function run(session: Session): Promise<number> {
  const root = requireFolder(session.options.appFolder);
  const present = await findSpecFile(root);
  if (present !== null) throw exists(basename(present), root);
  const name = toLabel(basename(root)) ?? "app";
  const programs = findPrograms(root, name);
  const file = join(root, "tusk.yaml");
  write(file, renderSpec(name, programs), root);
  session.result({ file, app: name, services: programs.map((program) => program.name) }, (style) => {
    const found = programs.length === 0 ? "add your services to it" : `with ${count(programs.length, "service")}`;
    return `${style.green("✔")} wrote tusk.yaml, ${found}; then \`tusk up\``;
  });
  return 0;
}

function write(file: string, text: string, root: string): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw exists("tusk.yaml", root);
    throw error;
  }
}

function exists(name: string, root: string): TuskError {
  return new TuskError("CONFLICT", `${root} has a ${name} already`, { hint: "`tusk validate` checks it" });
}
