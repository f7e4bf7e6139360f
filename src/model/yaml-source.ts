// YAML text -> plain data, with the place of every part of it. Syntax errors, duplicate keys, unknown tags and
// alias bombs are problems, never exceptions. Knows nothing of what a spec means.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { messageOf, type Problem } from "../base/errors.js";
import { problemAt, type SpecProblem } from "./problem-list.js";
import type { SpecPath } from "./spec-path.js";

/** Larger than any spec that a person keeps: 1 MiB. */
export const maxSourceBytes = 1024 * 1024;
const maxAliasCount = 1000;
const maxSyntaxProblems = 100;
const maxDepth = 64;

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlSource {
  readonly value: unknown;
  /** The place of a key or of its value; of the nearest part around it when there is no such place. */
  locate(path: SpecPath, at: "key" | "value"): Place;
  /** Found in the text alone: duplicate keys. */
  readonly problems: readonly SpecProblem[];
}

export type YamlResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type YamlDocuments =
  | { readonly ok: true; readonly sources: readonly YamlSource[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A file of one document. */
export function parseYaml(text: string, file?: string): YamlResult {
  const parsed = parseWith(text, file, (options) => [parseDocument(text, options)]);
  if (!parsed.ok) return parsed;
  const [source] = parsed.sources;
  return source ? { ok: true, source } : { ok: false, problems: [] };
}

/** A file of any number of documents, of which those that hold nothing are left out. */
export function parseYamlDocuments(text: string, file?: string): YamlDocuments {
  const parsed = parseWith(text, file, (options) => [...parseAllDocuments(text, options)] as Document.Parsed[]);
  if (!parsed.ok) return parsed;
  return { ok: true, sources: parsed.sources.filter(({ value }) => value !== null && value !== undefined) };
}

const parserOptions = {
  logLevel: "error",
  merge: true,
  prettyErrors: false,
  stringKeys: true,
  // The parser's own check is quadratic in the keys of a map.
  uniqueKeys: false,
} as const;

type Read = (options: typeof parserOptions & { readonly lineCounter: LineCounter }) => readonly Document.Parsed[];

function parseWith(text: string, file: string | undefined, read: Read): YamlDocuments {
  const refuse = (problem: Omit<Problem, "path" | "file">): YamlDocuments => ({
    ok: false,
    problems: [{ path: "", line: 1, column: 1, ...problem, ...(file ? { file } : {}) }],
  });
  if (text.length > maxSourceBytes) return refuse({ message: "the file is larger than 1 MiB" });
  const lines = new LineCounter();
  try {
    const documents = read({ ...parserOptions, lineCounter: lines });
    const errors = documents.flatMap((document) => [...document.errors, ...document.warnings]);
    if (errors.length > 0) return { ok: false, problems: syntaxProblems(errors, lines, file) };
    return { ok: true, sources: documents.map((document) => toSource(document, lines)) };
  } catch (error) {
    // Thrown for text nested beyond the stack, and for aliases that are undefined or multiply too much.
    return refuse(undefinedAlias(error, text, lines) ?? describeFailure(error));
  }
}

function toSource(document: Document.Parsed, lines: LineCounter): YamlSource {
  const problems = inspectNodes(document.contents);
  const finder = new OffsetFinder(document);
  return {
    value: document.toJS({ maxAliasCount }) as unknown,
    problems,
    locate: (path, at) => placeOf(lines, finder.find(path, at)),
  };
}

function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** The library names an undefined alias, but not its place. */
function undefinedAlias(error: unknown, text: string, lines: LineCounter): Omit<Problem, "path"> | null {
  const name = /^Unresolved alias .*: (.+)$/.exec(messageOf(error))?.[1];
  if (name === undefined) return null;
  const place = placeOf(lines, Math.max(0, text.indexOf(`*${name}`)));
  return { message: `no anchor \`${name}\``, hint: `\`&${name}\` must come before \`*${name}\``, ...place };
}

const tooDeep = { message: "the file is nested too deeply" };

function describeFailure(error: unknown): { message: string; hint?: string } {
  if (error instanceof RangeError) return tooDeep;
  if (/alias count/i.test(messageOf(error)))
    return { message: "the aliases of the file multiply too much", hint: "write the repeated parts out" };
  return { message: `the file cannot be read: ${messageOf(error)}` };
}

const syntaxHints: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  MULTIPLE_DOCS: "keep one document; remove the `---` line",
  TAG_RESOLVE_FAILED: "quote the value if the `!` belongs to it",
  BAD_INDENT: "entries of one list or map begin in the same column",
  BLOCK_AS_IMPLICIT_KEY: "quote a value that holds `: `",
};

function syntaxProblems(errors: readonly YAMLError[], lines: LineCounter, file?: string): Problem[] {
  const problems = errors.map((error) => syntaxProblem(error, lines, file));
  // The parser reports its own exhausted stack once per level; what it read after that is of no use.
  const deep = problems.find((problem) => /call stack/i.test(problem.message));
  return deep ? [{ ...deep, ...tooDeep }] : problems.slice(0, maxSyntaxProblems);
}

function syntaxProblem(error: YAMLError, lines: LineCounter, file?: string): Problem {
  const hint = syntaxHints[error.code];
  return {
    path: "",
    message: error.code === "MULTIPLE_DOCS" ? "the file holds more than one document" : error.message,
    ...(hint ? { hint } : {}),
    ...(file ? { file } : {}),
    ...placeOf(lines, error.pos[0]),
  };
}

/** Duplicate keys, and nesting that later stages must not follow. Keeps its own stack: the depth is the author's. */
function inspectNodes(root: unknown): SpecProblem[] {
  const problems: SpecProblem[] = [];
  const stack: { node: unknown; path: SpecPath }[] = [{ node: root, path: [] }];
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { node, path } = entry;
    if (path.length > maxDepth) throw new RangeError("nested too deeply");
    if (isMap(node)) {
      for (const problem of duplicateKeys(node, path)) problems.push(problem);
      for (const pair of node.items) stack.push({ node: pair.value, path: [...path, keyOf(pair)] });
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) stack.push({ node: item, path: [...path, index] });
    }
  }
  return problems;
}

function duplicateKeys(map: YAMLMap, path: SpecPath): SpecProblem[] {
  const seen = new Set<string>();
  const problems: SpecProblem[] = [];
  for (const pair of map.items) {
    const key = keyOf(pair);
    const problem = problemAt([...path, key], `the key \`${key}\` is there twice`, "keep one of them");
    if (seen.has(key)) problems.push({ ...problem, atKey: true });
    seen.add(key);
  }
  return problems;
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

/** Offsets of parts in the text. Keeps an index of each map that it has walked: maps of hostile input are long. */
class OffsetFinder {
  readonly #document: Document.Parsed;
  readonly #indexes = new Map<YAMLMap, ReadonlyMap<string, Pair>>();

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  find(path: SpecPath, at: "key" | "value"): number {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const [index, step] of path.entries()) {
      const found = this.#stepInto(isAlias(node) ? node.resolve(this.#document) : node, step);
      if (!found) return offset;
      const wantsKey = at === "key" && index === path.length - 1;
      offset = (wantsKey ? startOf(found.key) : undefined) ?? startOf(found.value) ?? startOf(found.key) ?? offset;
      node = found.value;
    }
    return offset;
  }

  #stepInto(node: unknown, step: string | number): { key: unknown; value: unknown } | undefined {
    if (isMap(node)) return this.#indexOf(node).get(String(step));
    if (!isSeq(node) || typeof step !== "number") return undefined;
    const value = node.items[step];
    return value === undefined ? undefined : { key: value, value };
  }

  /** Of a key that is there twice the last: it is what the data holds, and what a complaint is about. */
  #indexOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = this.#indexes.get(map);
    if (known) return known;
    const index = new Map(map.items.map((pair) => [keyOf(pair), pair]));
    this.#indexes.set(map, index);
    return index;
  }
}

function startOf(node: unknown): number | undefined {
  return (node as Partial<Node> | null)?.range?.[0];
}
