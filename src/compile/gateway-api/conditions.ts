// Status conditions in the form that Kubernetes gives them, without the two fields that depend on time: when it last
// changed, and of which generation it speaks.

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  /** A reason of the Gateway API, CamelCase. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** Why something is not as it was asked for. */
export interface Failure {
  readonly reason: string;
  readonly message: string;
}

/** True with `reason` where there is no failure, else False with that of the first. */
export function conditionOf(type: string, reason: string, failures: readonly Failure[]): Condition {
  const [first] = failures;
  if (!first) return { type, status: "True", reason, message: "" };
  const message = [...new Set(failures.map((failure) => failure.message))].join("; ");
  return { type, status: "False", reason: first.reason, message };
}
