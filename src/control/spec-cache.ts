// The parsed spec of an app whose file has not changed since: the parsers take a tenth of a second to load, and `tusk up`
// is waited for. Only what has been parsed without a problem is kept; whatever is not exactly what was kept is ignored.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ParsedSpec } from "../model/app-spec.js";
import { writeFileAtomic } from "../system/atomic-file.js";
import { version } from "../system/version.js";

/** What a parse depends on: the text, the file's name (problems and provenance show it) and the parser's version. */
export function specKey(text: string, name: string): string {
  return digest(`${version}\n${name}\n${text}`);
}

/** Null: there is none for this key, or it is damaged. */
export function readParsed(file: string, key: string): ParsedSpec | null {
  try {
    const [foundKey, sum, ...body] = readFileSync(file, "utf8").split("\n");
    const text = body.join("\n");
    return foundKey === key && sum === digest(text) ? (JSON.parse(text) as ParsedSpec) : null;
  } catch {
    // Absent or unreadable: the file is parsed as if there had never been one.
    return null;
  }
}

export function writeParsed(file: string, key: string, { spec, provenance }: ParsedSpec): void {
  const text = JSON.stringify({ spec, provenance });
  writeFileAtomic(file, [key, digest(text), text].join("\n"), { durable: false, mode: 0o600 });
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
