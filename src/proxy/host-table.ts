// Values by hostname pattern: a name, `*.` and a name, or none for every host. The most specific come first.

/** Hosts whose answer is kept; whoever sends ever new ones pays for the look-up. */
const maxKnown = 1_024;

export class HostTable<Value> {
  readonly #patterns = new Map<string, Value>();
  readonly #known = new Map<string, readonly Value[]>();
  readonly #make: () => Value;

  /** `make`: the value of a pattern that is asked for the first time. */
  constructor(make: () => Value) {
    this.#make = make;
  }

  /** Before the first look-up. Undefined: every host. */
  ensure(pattern: string | undefined): Value {
    const key = pattern?.toLowerCase() ?? "";
    const present = this.#patterns.get(key);
    if (present !== undefined) return present;
    const made = this.#make();
    this.#patterns.set(key, made);
    return made;
  }

  /** The exact name's, then those of wildcards from the longest on, then that of every host. */
  allOf(hostname: string): readonly Value[] {
    return this.#known.get(hostname) ?? this.#look(hostname);
  }

  #look(hostname: string): readonly Value[] {
    const keys = [hostname];
    // Not from the first character: there must be something in the place of the star.
    for (let dot = hostname.indexOf(".", 1); dot !== -1; dot = hostname.indexOf(".", dot + 1)) {
      keys.push(`*${hostname.slice(dot)}`);
    }
    if (hostname !== "") keys.push("");
    const found = keys.flatMap((key) => this.#patterns.get(key) ?? []);
    if (this.#known.size < maxKnown) this.#known.set(hostname, found);
    return found;
  }
}
