// Reads the text of a .env file. The rules that tools agree on: NAME=value lines, `export`, comments, single quotes
// literal, double quotes with escapes and over several lines. Values are not interpolated here.
import type { Problem } from "../base/errors.js";

export interface DotenvResult {
  readonly values: Readonly<Record<string, string>>;
  /** Lines that are no assignment, each with file and line. Their text is not repeated: it may be a secret. */
  readonly problems: readonly Problem[];
}

const assignment = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=[ \t]*(.*)$/;
const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", $: "$" };

export function parseDotenv(text: string, file?: string): DotenvResult {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const values = new Map<string, string>();
  const problems: Problem[] = [];
  const refuse = (line: number, message: string, hint: string): void => {
    problems.push({ path: "", message, hint, ...(file ? { file } : {}), line: line + 1, column: 1 });
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, raw] = assignment.exec(line) ?? [];
    if (name === undefined || raw === undefined) {
      refuse(at, "the line is no assignment", "write NAME=value, or begin a comment with #");
      continue;
    }
    const value = readValue(raw, lines, at);
    if (value === null) refuse(at, `the quote of ${name} is never closed`, "close it, or quote the value another way");
    else values.set(name, value.text);
    at = value?.lastLine ?? at;
  }
  return { values: Object.fromEntries(values), problems };
}

/** Null when a quote is not closed. */
function readValue(raw: string, lines: readonly string[], at: number): { text: string; lastLine: number } | null {
  const quote = raw[0];
  if (quote !== '"' && quote !== "'" && quote !== "`")
    return { text: raw.replace(/(^|\s)#.*$/, "").trim(), lastLine: at };
  let body = raw.slice(1);
  for (let line = at; line < lines.length; line++) {
    if (line > at) body += `\n${lines[line]}`;
    const end = closingQuote(body, quote);
    if (end === -1) continue;
    const inner = body.slice(0, end);
    return { text: quote === '"' ? unescapeText(inner) : inner, lastLine: line };
  }
  return null;
}

function closingQuote(body: string, quote: string): number {
  for (let index = 0; index < body.length; index++) {
    if (body[index] === "\\" && quote === '"') index++;
    else if (body[index] === quote) return index;
  }
  return -1;
}

function unescapeText(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, letter: string) =>
    Object.hasOwn(escapes, letter) ? (escapes[letter] ?? whole) : whole,
  );
}
