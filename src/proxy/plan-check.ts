// Collects what is wrong with a value from outside, each problem with its place. Says nothing about what is right.

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** A hopeless input is not described to its end. */
const mostProblems = 50;

export const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
export const isAmount = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
export const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;

export type Fields = Readonly<Record<string, unknown>>;

export class Check {
  readonly #problems: string[] = [];

  result<T>(value: T): Validated<T> {
    if (this.#problems.length === 0) return { ok: true, value };
    return { ok: false, problems: this.#problems };
  }

  add(path: string, message: string): void {
    if (this.#problems.length < mostProblems) this.#problems.push(`${path}: ${message}`);
  }

  object(value: unknown, path: string): Fields | null {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
    this.add(path, "must be an object");
    return null;
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    this.add(path, "must be a list");
    return [];
  }

  text(value: unknown, path: string): void {
    if (!isText(value)) this.add(path, "must be a string that is not empty");
  }

  equal(value: unknown, wanted: unknown, path: string): void {
    if (value !== wanted) this.add(path, `must be ${JSON.stringify(wanted)}`);
  }

  oneOf(value: unknown, wanted: readonly string[], path: string): void {
    if (!wanted.includes(value as string)) this.add(path, `must be one of ${wanted.join(", ")}`);
  }

  count(value: unknown, path: string): void {
    if (!Number.isSafeInteger(value) || (value as number) < 0) this.add(path, "must be a whole number, 0 or more");
  }

  amount(value: unknown, path: string): void {
    if (!isAmount(value)) this.add(path, "must be a number, 0 or more");
  }

  positive(value: unknown, path: string): void {
    if (!Number.isFinite(value) || (value as number) <= 0) this.add(path, "must be a number above 0");
  }

  /** Of a cluster's name. */
  memberOf(value: unknown, clusters: ReadonlySet<string>, path: string): void {
    if (typeof value !== "string" || !clusters.has(value)) this.add(path, `"${value}" is no cluster of this plan`);
  }
}
