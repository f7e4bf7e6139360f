// A folder of Kubernetes objects: reads what is there, again only where a file has changed. Never throws for what a file
// holds; says it.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../../base/errors.js";
import { messageOf } from "../../base/errors.js";
import { type LoadedObject, type ParsedObjects, parseObjects } from "../../model/kubernetes/parse-objects.js";
import { readTextFile } from "../text-file.js";

/** By file name: changes when the file does. */
export type Stamps = ReadonlyMap<string, string>;

export interface FolderContent {
  readonly stamps: Stamps;
  readonly objects: readonly LoadedObject[];
  /** With a problem nothing of the folder may be applied. */
  readonly problems: readonly Problem[];
  readonly notices: readonly Problem[];
}

interface ParsedFile {
  readonly stamp: string;
  readonly content: ParsedObjects;
}

const extensions = /\.(ya?ml|json)$/;
const maxFiles = 10_000;
const maxBytes = 1024 * 1024;

export class ObjectFolder {
  readonly path: string;
  #parsed = new Map<string, ParsedFile>();

  constructor(path: string) {
    this.path = path;
  }

  /** What is there now. Null: the folder cannot be read. */
  look(): Stamps | null {
    try {
      const names = readdirSync(this.path).filter((name) => extensions.test(name) && !name.startsWith("."));
      return new Map(names.sort().flatMap((name) => this.#stamp(name)));
    } catch {
      // Away for the moment: replaced as a whole, or on a file system that does not answer.
      return null;
    }
  }

  async read(): Promise<FolderContent> {
    const stamps = this.look();
    if (stamps === null) return failed(`the folder ${this.path} cannot be read`);
    if (stamps.size > maxFiles) return failed(`the folder holds more than ${maxFiles} files`);
    const contents: ParsedObjects[] = [];
    const parsed = new Map<string, ParsedFile>();
    for (const [name, stamp] of stamps) {
      const known = this.#parsed.get(name);
      const content = known?.stamp === stamp ? known.content : await this.#readFile(name);
      parsed.set(name, { stamp, content });
      contents.push(content);
    }
    this.#parsed = parsed;
    return {
      stamps,
      objects: contents.flatMap(({ objects }) => objects),
      problems: contents.flatMap(({ problems }) => problems),
      notices: contents.flatMap(({ notices }) => notices),
    };
  }

  #stamp(name: string): [string, string][] {
    const stat = statSync(join(this.path, name), { throwIfNoEntry: false });
    return stat?.isFile() ? [[name, `${stat.mtimeMs}:${stat.size}:${stat.ino}`]] : [];
  }

  async #readFile(name: string): Promise<ParsedObjects> {
    const read = await readTextFile(join(this.path, name), maxBytes);
    switch (read.kind) {
      case "text":
        return parse(read.text, name);
      case "absent":
        return { objects: [], problems: [], notices: [] };
      case "unreadable":
        return refused({ path: "", message: `the file ${read.reason}`, file: name, line: 1 });
    }
  }
}

/** A defect of ours in one file must not end a gateway that serves. */
function parse(text: string, name: string): ParsedObjects {
  try {
    return parseObjects(text, name);
  } catch (error) {
    return refused({ path: "", message: `the file cannot be understood: ${messageOf(error)}`, file: name, line: 1 });
  }
}

const refused = (problem: Problem): ParsedObjects => ({ objects: [], problems: [problem], notices: [] });

function failed(message: string): FolderContent {
  return { stamps: new Map(), objects: [], problems: [{ path: "", message }], notices: [] };
}

export function sameStamps(a: Stamps, b: Stamps): boolean {
  return a.size === b.size && [...a].every(([name, stamp]) => b.get(name) === stamp);
}
