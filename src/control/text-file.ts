// Reads a small text file that a person wrote, and says in plain words why it cannot be read.
import { readFile, stat } from "node:fs/promises";
import { messageOf } from "../base/errors.js";

export type TextFile =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent" }
  /** Why, as the end of a sentence that begins with the file's name. */
  | { readonly kind: "unreadable"; readonly reason: string };

/** Regular files of at most `maxBytes`, in UTF-8. Never throws, never waits for a pipe. */
export async function readTextFile(path: string, maxBytes: number): Promise<TextFile> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return { kind: "unreadable", reason: "is no regular file" };
    if (info.size > maxBytes)
      return { kind: "unreadable", reason: `is larger than ${Math.round(maxBytes / 1024)} KiB` };
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path)) };
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): TextFile {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
  if (code === "EACCES") return { kind: "unreadable", reason: "may not be read by this user" };
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return { kind: "unreadable", reason: "is not written in UTF-8" };
  return { kind: "unreadable", reason: `cannot be read: ${messageOf(error)}` };
}
