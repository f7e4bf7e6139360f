// From the parsed expression to a deterministic automaton: Thompson's construction, then subsets (Thompson, "Regular
// expression search algorithm", 1968; Rabin and Scott, 1959). Made whole and ahead, within fixed bounds, so that a
// match is one look into a table for each character, whatever the text.
import { alphabetSize, type CharSet, type RegexNode, RegexProblem } from "./syntax.js";

const maxNfaStates = 4_000;
const maxDfaStates = 1_000;
/** Bounds the work at the load of a plan, where states are few and each stands for many. */
const maxSteps = 2_000_000;

/** State 0 takes no further text; state 1 is the first. */
export interface Automaton {
  /** Class of each code unit; the last is for all above 255. */
  readonly classOf: Uint8Array;
  readonly classes: number;
  /** Next state, by state × classes + class. */
  readonly next: Uint16Array;
  readonly accepts: Uint8Array;
}

/** Throws RegexProblem where it would become too large. */
export function buildAutomaton(root: RegexNode): Automaton {
  const nfa = new Nfa();
  const end = nfa.state();
  const start = nfa.add(root, end);
  const { classOf, examples } = splitAlphabet(nfa.sets);
  return new SubsetConstruction(nfa, { classOf, examples, start, end }).run();
}

/** Each state has one edge on a character set, or up to two that take nothing. */
class Nfa {
  readonly sets: (CharSet | null)[] = [];
  readonly targets: number[][] = [];

  state(set: CharSet | null = null, ...targets: number[]): number {
    if (this.sets.length >= maxNfaStates) throw new RegexProblem("it is too large");
    this.sets.push(set);
    this.targets.push(targets);
    return this.sets.length - 1;
  }

  /** The first state of what matches `node` and then goes on at `next`. */
  add(node: RegexNode, next: number): number {
    switch (node.kind) {
      case "empty":
        return next;
      case "set":
        return this.state(node.set, next);
      case "sequence":
        return node.items.reduceRight((after, item) => this.add(item, after), next);
      case "choice":
        return this.state(null, ...node.items.map((item) => this.add(item, next)));
      case "repeat":
        return this.#repeat(node, next);
    }
  }

  #repeat({ item, min, max }: Extract<RegexNode, { kind: "repeat" }>, next: number): number {
    let at = max === null ? this.#loop(item, next) : next;
    for (let more = (max ?? min) - min; more > 0; more--) at = this.state(null, this.add(item, at), next);
    for (let needed = min; needed > 0; needed--) at = this.add(item, at);
    return at;
  }

  #loop(item: RegexNode, next: number): number {
    const loop = this.state(null, next);
    this.targets[loop]?.push(this.add(item, loop));
    return loop;
  }
}

/** Characters that no set tells apart are one class. `examples`: one character of each. */
function splitAlphabet(sets: readonly (CharSet | null)[]): { classOf: Uint8Array; examples: number[] } {
  const used = [...new Set(sets.filter((set) => set !== null))];
  const byMembership = new Map<string, number>();
  const classOf = new Uint8Array(alphabetSize);
  const examples: number[] = [];
  for (let place = 0; place < alphabetSize; place++) {
    const membership = used.map((set) => set[place]).join("");
    const known = byMembership.get(membership);
    if (known === undefined && examples.length === 255) throw new RegexProblem("it tells too many characters apart");
    classOf[place] = known ?? examples.length;
    if (known !== undefined) continue;
    byMembership.set(membership, examples.length);
    examples.push(place);
  }
  return { classOf, examples };
}

interface Frame {
  readonly classOf: Uint8Array;
  readonly examples: readonly number[];
  readonly start: number;
  readonly end: number;
}

class SubsetConstruction {
  readonly #nfa: Nfa;
  readonly #frame: Frame;
  readonly #numbers = new Map<string, number>([["", 0]]);
  readonly #members: (readonly number[])[] = [[]];
  #steps = 0;

  constructor(nfa: Nfa, frame: Frame) {
    this.#nfa = nfa;
    this.#frame = frame;
  }

  run(): Automaton {
    const { classOf, examples, start, end } = this.#frame;
    this.#numberOf([start]);
    const next: number[] = examples.map(() => 0);
    for (let state = 1; state < this.#members.length; state++) {
      const members = this.#members[state] ?? [];
      for (const example of examples) next.push(this.#numberOf(this.#move(members, example)));
    }
    const accepts = Uint8Array.from(this.#members, (members) => (members.includes(end) ? 1 : 0));
    return { classOf, classes: examples.length, next: Uint16Array.from(next), accepts };
  }

  #move(members: readonly number[], place: number): number[] {
    return members.flatMap((state) => {
      const set = this.#nfa.sets[state];
      return set?.[place] === 1 ? (this.#nfa.targets[state] ?? []) : [];
    });
  }

  /** Of the deterministic state that stands for these and all that is reached from them without a character. */
  #numberOf(seeds: readonly number[]): number {
    const closed = this.#close(seeds);
    const key = closed.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#members.length > maxDfaStates) throw new RegexProblem("it needs too many states");
    this.#numbers.set(key, this.#members.length);
    this.#members.push(closed);
    return this.#members.length - 1;
  }

  #close(seeds: readonly number[]): number[] {
    const reached = new Set(seeds);
    for (const state of reached) {
      if (++this.#steps > maxSteps) throw new RegexProblem("it is too complex");
      if (this.#nfa.sets[state] === null) for (const target of this.#nfa.targets[state] ?? []) reached.add(target);
    }
    return [...reached].sort((a, b) => a - b);
  }
}
