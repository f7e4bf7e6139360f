// What was generated into a folder: path to hash, kept beside the files and committed with them. It is how a file of
// ours is told from one that somebody has edited since.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeJsonAtomic } from "../system/atomic-file.js";
import { generatedRecordFile } from "./service-code.js";

export type GeneratedRecord = ReadonlyMap<string, string>;

/** Empty when there is none or it cannot be understood: every file is then the user's, which harms nothing. */
export function readGeneratedRecord(folder: string): GeneratedRecord {
  try {
    const record: unknown = JSON.parse(readFileSync(join(folder, generatedRecordFile), "utf8"));
    return new Map(isRecord(record) ? Object.entries(record.files) : []);
  } catch (error) {
    // Absent in a new folder, and damaged by a bad merge at worst; other failures show when it is written.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
}

export function writeGeneratedRecord(folder: string, record: GeneratedRecord): void {
  const files = Object.fromEntries([...record].sort(([a], [b]) => (a < b ? -1 : 1)));
  writeJsonAtomic(join(folder, generatedRecordFile), { version: 1, files });
}

function isRecord(value: unknown): value is { readonly files: Record<string, string> } {
  if (typeof value !== "object" || value === null || !("files" in value)) return false;
  const { files } = value;
  return typeof files === "object" && files !== null && Object.values(files).every((hash) => typeof hash === "string");
}
