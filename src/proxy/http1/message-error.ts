// A message that cannot be read on. What a client is answered and what becomes of an upstream's connection follows
// from the problem.

export type MessageProblem =
  | "malformed"
  /** A major version that is not 1. */
  | "version"
  | "start-line-too-long"
  | "head-too-large"
  | "body-too-large";

export class MessageError extends Error {
  readonly problem: MessageProblem;

  constructor(problem: MessageProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
