// What the facades answer. They never throw: what goes wrong is a value with a code, and it says at which step.
import { type ErrorCode, messageOf, type Problem, TuskError } from "../base/errors.js";

export interface Failure {
  readonly success: false;
  /** One sentence. */
  readonly error: string;
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly problems?: readonly Problem[];
  /** Name of the call in the chain that failed; absent when nothing had begun. */
  readonly stoppedAt?: string;
}

export interface Remarks {
  /** Steps that are not built yet; their fields are false, and `success` is not lowered by them. Absent: none. */
  readonly pending?: readonly string[];
  /** For each field that is false, why. Absent: none is. */
  readonly reasons?: Readonly<Record<string, string>>;
}

export type Outcome<Fields> = ({ readonly success: true } & Fields & Remarks) | (Failure & Partial<Fields>);

/** A measured answer: true, or false with the reason. */
export type Verdict = true | string;

/** What one run of a facade has to tell beside its result. */
export class Course {
  readonly #pending: string[] = [];
  readonly #reasons: Record<string, string> = {};
  #step: string | undefined;

  get step(): string | undefined {
    return this.#step;
  }

  /** From now on an error is one of this step. */
  async at<T>(step: string, work: () => T | Promise<T>): Promise<T> {
    this.#step = step;
    const result = await work();
    this.#step = undefined;
    return result;
  }

  /** The field's value; the reason is kept when it is false. */
  judge(field: string, verdict: Verdict): boolean {
    if (verdict === true) return true;
    this.#reasons[field] = verdict;
    return false;
  }

  /** A step that is not built yet and has no field of its own. */
  pending(step: string): void {
    this.#pending.push(step);
  }

  /** The field of a step that is not built yet. */
  notBuilt(field: string, step: string): false {
    this.pending(step);
    this.#reasons[field] = `${step} is not built yet`;
    return false;
  }

  remarks(): Remarks {
    return {
      ...(this.#pending.length > 0 ? { pending: this.#pending } : {}),
      ...(Object.keys(this.#reasons).length > 0 ? { reasons: this.#reasons } : {}),
    };
  }
}

/** Runs a facade's chain; a throw becomes the failure value, with the `unmet` fields: what was not reached is not true. */
export async function outcomeOf<Fields extends object>(
  work: (course: Course) => Promise<Fields>,
  unmet: Partial<Fields> = {},
): Promise<Outcome<Fields>> {
  const course = new Course();
  try {
    const fields = await work(course);
    return { success: true, ...fields, ...course.remarks() };
  } catch (error) {
    return { ...toFailure(error, course.step), ...unmet };
  }
}

export function toFailure(error: unknown, stoppedAt?: string): Failure {
  const known = error instanceof TuskError ? error : null;
  return {
    success: false,
    error: messageOf(error),
    code: known?.code ?? "INTERNAL",
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(known && known.problems.length > 0 ? { problems: known.problems } : {}),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
  };
}
