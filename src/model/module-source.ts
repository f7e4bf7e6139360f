// Where the entries of a spec stand in a program's text: tusk.config.ts is run to learn what it says, and read to show
// where it says it. Follows the literal that the module exports; of what is computed, the nearest literal around it is
// the place. Never throws and decides nothing.
import type { SpecPath } from "./spec-path.js";
import type { Place } from "./yaml-source.js";

interface Entry {
  readonly key: number;
  readonly value: number;
  readonly members: ReadonlyMap<string | number, Entry>;
}

export type LocateEntry = (path: SpecPath, at: "key" | "value") => Place;

const maxDepth = 64;
const noMembers: ReadonlyMap<string | number, Entry> = new Map();

/** The place of an entry, of the nearest one around it, or of the export. */
export function locateInModule(text: string): LocateEntry {
  const start = findExport(text);
  const root: Entry = { key: start, value: start, members: new LiteralReader(text, start).read() };
  const lines = lineStarts(text);
  return (path, at) => {
    let entry = root;
    for (const [index, step] of path.entries()) {
      const next = entry.members.get(step);
      if (!next) return placeAt(lines, entry === root && index === 0 ? entry.key : entry.value);
      entry = next;
    }
    return placeAt(lines, at === "key" ? entry.key : entry.value);
  };
}

/** Of the literal: in the export itself, or in the variable that it names. */
function findExport(text: string): number {
  const exported = /^[ \t]*export\s+default\b|^[ \t]*module\.exports\s*=/m.exec(text);
  if (!exported) return 0;
  const from = exported.index + exported[0].length;
  const name = /^\s*([A-Za-z_$][\w$]*)\s*;?\s*$/m.exec(text.slice(from).split("\n", 1)[0] ?? "")?.[1];
  const declared =
    name === undefined
      ? null
      : new RegExp(`^[ \\t]*(?:const|let|var)\\s+${name.replaceAll("$", "\\$")}\\b`, "m").exec(text);
  const at = declared ? declared.index + declared[0].length : from;
  const returned = /^[^{]*(?:=>|\bfunction\b[^{]*)\s*\{(?:(?!\n\}).|\n)*?\breturn\s*\(?\s*(?=\{)/.exec(text.slice(at));
  const open = text.indexOf("{", returned ? at + returned[0].length : at);
  return open < 0 ? exported.index : open;
}

/** Reads object and array literals, and steps over every other expression. */
class LiteralReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  read(): ReadonlyMap<string | number, Entry> {
    return this.#text[this.#at] === "{" ? this.#object(0) : noMembers;
  }

  #value(depth: number): Entry["members"] {
    const opening = depth < maxDepth ? this.#text[this.#at] : undefined;
    const members = opening === "{" ? this.#object(depth) : opening === "[" ? this.#array(depth) : noMembers;
    // `as const`, `satisfies …`, operators, calls: all the way to the next entry.
    this.#skipExpression();
    return members;
  }

  #object(depth: number): Entry["members"] {
    const members = new Map<string | number, Entry>();
    this.#at++;
    for (;;) {
      this.#skipBlank();
      if (this.#isOver()) return members;
      const key = this.#at;
      const name = this.#name();
      this.#skipBlank();
      if (name !== null && this.#text[this.#at] === ":") {
        this.#at++;
        this.#skipBlank();
        const value = this.#at;
        members.set(name, { key, value, members: this.#value(depth + 1) });
      } else {
        if (name !== null) members.set(name, { key, value: key, members: noMembers });
        this.#skipExpression();
      }
      if (this.#text[this.#at] === ",") this.#at++;
    }
  }

  #array(depth: number): Entry["members"] {
    const members = new Map<string | number, Entry>();
    this.#at++;
    for (let index = 0; ; index++) {
      this.#skipBlank();
      if (this.#isOver()) return members;
      const value = this.#at;
      // What comes after a spread has an index that only running tells.
      if (this.#text.startsWith("...", value)) index = Number.NaN;
      members.set(index, { key: value, value, members: this.#value(depth + 1) });
      if (this.#text[this.#at] === ",") this.#at++;
    }
  }

  /** At the end of a literal, which it steps over, or of the text. */
  #isOver(): boolean {
    const sign = this.#text[this.#at];
    if (sign === "}" || sign === "]" || sign === ")") this.#at++;
    return sign === undefined || sign === "}" || sign === "]" || sign === ")";
  }

  #name(): string | null {
    const [plain] = matchAt(/[A-Za-z_$][\w$]*/y, this.#text, this.#at);
    if (plain !== undefined) {
      this.#at += plain.length;
      return plain;
    }
    const from = this.#at;
    if (this.#text[from] !== '"' && this.#text[from] !== "'") return null;
    this.#skipString();
    return this.#text.slice(from + 1, this.#at - 1);
  }

  /** To the comma or the bracket that ends it. */
  #skipExpression(): void {
    for (let open = 0; this.#at < this.#text.length; ) {
      this.#skipBlank();
      const sign = this.#text[this.#at];
      if (sign === undefined || (open === 0 && ",}])".includes(sign))) return;
      if ("{[(".includes(sign)) open++;
      else if ("}])".includes(sign)) open--;
      if (`"'\``.includes(sign)) this.#skipString();
      else this.#at++;
    }
  }

  #skipString(): void {
    const quote = this.#text[this.#at];
    for (this.#at++; this.#at < this.#text.length && this.#text[this.#at] !== quote; this.#at++) {
      if (this.#text[this.#at] === "\\") this.#at++;
    }
    this.#at++;
  }

  #skipBlank(): void {
    const [blank = ""] = matchAt(/(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y, this.#text, this.#at);
    this.#at += blank.length;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): readonly (string | undefined)[] {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? [];
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function placeAt(starts: readonly number[], offset: number): Place {
  const line = Math.max(1, starts.findLastIndex((start) => start <= offset) + 1);
  return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
}
