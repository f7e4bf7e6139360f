// Reads the part of the RE2 syntax that stays a regular language: no back references, no look-around, nothing that
// needs backtracking. What is outside of it is refused with a reason, never approximated.

/** Members of a character set: code units 0 to 255, and one place for everything above. */
export const alphabetSize = 257;
export type CharSet = Uint8Array;

export type RegexNode =
  | { readonly kind: "empty" }
  | { readonly kind: "set"; readonly set: CharSet }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly items: readonly RegexNode[] }
  /** `max` null: no limit. */
  | { readonly kind: "repeat"; readonly item: RegexNode; readonly min: number; readonly max: number | null };

/** In words for whoever wrote the expression. */
export class RegexProblem extends Error {}

const maxLength = 1024;
const maxDepth = 64;
const maxRepeat = 255;

/** Throws RegexProblem. */
export function parseRegex(source: string): RegexNode {
  if (source === "") throw new RegexProblem("it is empty");
  if (source.length > maxLength) throw new RegexProblem(`it is longer than ${maxLength} characters`);
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  #ignoreCase = false;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): RegexNode {
    this.#readFlags();
    const node = this.#choice();
    if (this.#at < this.#source.length) throw new RegexProblem(`")" at ${this.#at + 1} closes nothing`);
    return node;
  }

  // `(?i)` at the beginning alone: in the middle engines disagree about how far it reaches.
  #readFlags(): void {
    if (!this.#source.startsWith("(?i)")) return;
    this.#ignoreCase = true;
    this.#at = 4;
  }

  #choice(): RegexNode {
    if (++this.#depth > maxDepth) throw new RegexProblem("its groups are nested too deeply");
    const items = [this.#sequence()];
    while (this.#take("|")) items.push(this.#sequence());
    this.#depth--;
    return items.length === 1 && items[0] ? items[0] : { kind: "choice", items };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    for (let next = this.#peek(); next !== "" && next !== "|" && next !== ")"; next = this.#peek()) {
      if (this.#isAnchor()) this.#at++;
      else items.push(this.#repeated(this.#atom()));
    }
    return items.length === 0 ? { kind: "empty" } : { kind: "sequence", items };
  }

  // The whole text is matched in any case, so that an anchor at an end says nothing new. Elsewhere it would.
  #isAnchor(): boolean {
    const next = this.#peek();
    if (next !== "^" && next !== "$") return false;
    const start = this.#ignoreCase ? 4 : 0;
    const atEnd = next === "^" ? this.#at === start : this.#at === this.#source.length - 1;
    if (!atEnd) throw new RegexProblem(`"${next}" at ${this.#at + 1} is not at the end of the expression`);
    return true;
  }

  #repeated(item: RegexNode): RegexNode {
    const range = this.#repeatRange();
    if (range === null) return item;
    // Lazy or greedy is about which part matches, not about whether the whole does.
    this.#take("?");
    if ("*+?".includes(this.#peek()) && this.#peek() !== "") throw new RegexProblem("a repetition is repeated");
    return { kind: "repeat", item, ...range };
  }

  #repeatRange(): { readonly min: number; readonly max: number | null } | null {
    if (this.#take("*")) return { min: 0, max: null };
    if (this.#take("+")) return { min: 1, max: null };
    if (this.#take("?")) return { min: 0, max: 1 };
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#source.slice(this.#at, this.#at + 12));
    if (!found) return null;
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === "" ? null : Number(found[3]);
    if (min > maxRepeat || (max ?? 0) > maxRepeat) throw new RegexProblem(`it repeats more than ${maxRepeat} times`);
    if (max !== null && max < min) throw new RegexProblem(`${found[0]} counts down`);
    return { min, max };
  }

  #atom(): RegexNode {
    const char = this.#next();
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "set", set: this.#fold(this.#class()) };
      case ".":
        return { kind: "set", set: invert(setOf("\n")) };
      case "\\":
        return { kind: "set", set: this.#fold(this.#escape()) };
      case "*":
      case "+":
      case "?":
        throw new RegexProblem(`"${char}" at ${this.#at} repeats nothing`);
      default:
        return { kind: "set", set: this.#fold(setOf(char)) };
    }
  }

  #group(): RegexNode {
    const opened = this.#at;
    if (this.#peek() === "?") {
      const kind = /^\?(?::|P?<[A-Za-z_]\w{0,31}>)/.exec(this.#source.slice(this.#at, this.#at + 40));
      if (!kind) throw new RegexProblem(`the group at ${opened} is of a kind that is not supported`);
      this.#at += kind[0].length;
    }
    const node = this.#choice();
    if (!this.#take(")")) throw new RegexProblem(`the group at ${opened} is not closed`);
    return node;
  }

  #class(): CharSet {
    const opened = this.#at;
    const inverted = this.#take("^");
    const set = new Uint8Array(alphabetSize);
    for (let first = true; first || this.#peek() !== "]"; first = false) {
      if (this.#peek() === "") throw new RegexProblem(`the class at ${opened} is not closed`);
      this.#classItem(set);
    }
    this.#at++;
    return inverted ? invert(set) : set;
  }

  #classItem(into: CharSet): void {
    if (this.#source.startsWith("[:", this.#at)) throw new RegexProblem("named classes are not supported");
    const from = this.#classChar(into);
    if (from === null || this.#peek() !== "-" || this.#source[this.#at + 1] === "]") {
      if (from !== null) into[from] = 1;
      return;
    }
    this.#at++;
    const to = this.#classChar(into);
    if (to === null || to < from) throw new RegexProblem("a range in a class has no order");
    into.fill(1, from, to + 1);
  }

  /** Null: it was a set of its own, which is in `into` now. */
  #classChar(into: CharSet): number | null {
    const char = this.#next();
    if (char !== "\\") return placeOf(char);
    const set = this.#escape();
    const only = set.indexOf(1);
    if (set.indexOf(1, only + 1) === -1) return only;
    set.forEach((member, place) => {
      if (member) into[place] = 1;
    });
    return null;
  }

  #escape(): CharSet {
    const char = this.#next();
    const named = namedSets[char.toLowerCase()];
    if (named) return char === char.toLowerCase() ? setOf(...named) : invert(setOf(...named));
    const control = controls[char];
    if (control !== undefined) return setOf(control);
    if (char === "x") return this.#hex();
    if (/^[0-9A-Za-z]$/.test(char)) throw new RegexProblem(`"\\${char}" is not supported`);
    return setOf(char);
  }

  #hex(): CharSet {
    const digits = this.#source.slice(this.#at, this.#at + 2);
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new RegexProblem('"\\x" needs two hex digits');
    this.#at += 2;
    return setOf(String.fromCharCode(Number.parseInt(digits, 16)));
  }

  #fold(set: CharSet): CharSet {
    if (!this.#ignoreCase) return set;
    for (let upper = 65; upper <= 90; upper++) {
      const either = (set[upper] ?? 0) | (set[upper + 32] ?? 0);
      set[upper] = either;
      set[upper + 32] = either;
    }
    return set;
  }

  #peek(): string {
    return this.#source[this.#at] ?? "";
  }

  #next(): string {
    const char = this.#source[this.#at++];
    if (char === undefined) throw new RegexProblem("it ends in the middle");
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }
}

/** Each: characters, or ranges of three characters `a-z`. */
const namedSets: Readonly<Record<string, readonly string[]>> = {
  d: ["0-9"],
  w: ["0-9", "A-Z", "a-z", "_"],
  s: [" ", "\t", "\n", "\f", "\r"],
};

const controls: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f", v: "\v" };

function placeOf(char: string): number {
  const code = char.charCodeAt(0);
  // It would stand for every other one up there.
  if (code > 255) throw new RegexProblem(`"${char}" is beyond Latin-1; neither paths nor header values have it`);
  return code;
}

function setOf(...parts: readonly string[]): CharSet {
  const set = new Uint8Array(alphabetSize);
  for (const part of parts) set.fill(1, placeOf(part), placeOf(part[part.length - 1] ?? part) + 1);
  return set;
}

function invert(set: CharSet): CharSet {
  return set.map((member) => 1 - member);
}
