// Regular expressions that a stranger's text cannot slow down: one step for each character, no backtracking, no
// allocation. The whole text must match, as in Envoy. docs/gateway-api.md lists the syntax.
import { type Automaton, buildAutomaton } from "./automaton.js";
import { parseRegex, type RegexNode, RegexProblem } from "./syntax.js";

export interface LinearRegex {
  readonly source: string;
  /** What every text that matches begins with; may be empty. */
  readonly prefix: string;
  matches(text: string): boolean;
}

export type CompiledRegex =
  | { readonly ok: true; readonly regex: LinearRegex }
  /** `problem`: in words, to follow "the regular expression: ". */
  | { readonly ok: false; readonly problem: string };

export function compileRegex(source: string): CompiledRegex {
  try {
    const root = parseRegex(source);
    const automaton = buildAutomaton(root);
    return { ok: true, regex: { source, prefix: prefixOf(root), matches: (text) => run(automaton, text) } };
  } catch (error) {
    if (error instanceof RegexProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

function run({ classOf, classes, next, accepts }: Automaton, text: string): boolean {
  let state = 1;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    state = next[state * classes + (classOf[code > 255 ? 256 : code] ?? 0)] ?? 0;
    if (state === 0) return false;
  }
  return accepts[state] === 1;
}

function prefixOf(root: RegexNode): string {
  const items = root.kind === "sequence" ? root.items : [root];
  let prefix = "";
  for (const item of items) {
    if (item.kind !== "set") break;
    const only = item.set.indexOf(1);
    if (only === -1 || only === 256 || item.set.indexOf(1, only + 1) !== -1) break;
    prefix += String.fromCharCode(only);
  }
  return prefix;
}
