// The app's spec for the commands that read it. Loads the parsers, so only those commands import this.
import { resolve } from "node:path";
import { TuskError } from "../base/errors.js";
import { findSpecFile, type LoadedSpec, type LoadOptions, loadSpecFile } from "../control/spec-file.js";
import { requireFolder } from "./app-lookup.js";
import type { Session } from "./session.js";

/** `file` is relative to the folder of `-C`. Throws SPEC_NOT_FOUND, or SPEC_INVALID with every problem. */
export async function loadSpec(
  session: Session,
  file: string | undefined,
  options: LoadOptions = {},
): Promise<LoadedSpec> {
  const from = requireFolder(session.options.appFolder);
  if (file !== undefined) return loadSpecFile(resolve(from, file), options);
  const found = await findSpecFile(from, { parents: true });
  if (found !== null) return loadSpecFile(found, options);
  throw new TuskError("SPEC_NOT_FOUND", `neither ${from} nor a folder above it has a tusk.yaml`, {
    hint: "`tusk init` writes one to begin with; `-C <folder>` names an app elsewhere",
  });
}
