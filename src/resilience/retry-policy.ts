// Whether a failed attempt may be repeated. The one rule behind it: a request that an upstream may have acted upon
// is never sent twice, unless doing it twice is the same as doing it once.

/** How one attempt failed. */
export type AttemptFailure =
  /** No connection: not a byte was sent. `refused`: nobody listens there. `tls`: the handshake failed. */
  | { readonly kind: "connect"; readonly refused: boolean; readonly message: string; readonly tls?: true }
  /** The connection broke before the answer was complete. */
  | { readonly kind: "reset"; readonly requestSent: boolean; readonly message: string }
  /** No answer within the time of one attempt. */
  | { readonly kind: "timeout"; readonly requestSent: boolean; readonly message: string }
  /** The answer is not HTTP. */
  | { readonly kind: "malformed"; readonly message: string }
  /** An answer with a status that the route lists as worth a retry. */
  | { readonly kind: "status"; readonly status: number; readonly message: string };

export interface RetryQuestion {
  readonly method: string;
  readonly hasIdempotencyKey: boolean;
  readonly failure: AttemptFailure;
  /** Attempts made so far, >= 1. */
  readonly attemptsMade: number;
  /** Further attempts allowed after the first. */
  readonly attemptsAllowed: number;
  /** The request's body, as far as it was read, is still at hand. */
  readonly bodyReplayable: boolean;
  /** A byte of an answer has gone to the client. */
  readonly answerStarted: boolean;
}

export type RetryDecision = { readonly retry: boolean; readonly reason: string };

// RFC 9110, section 9.2.2.
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

export function decideRetry(question: RetryQuestion): RetryDecision {
  if (question.answerStarted) return no("the answer has begun");
  if (question.attemptsAllowed === 0) return no("retries are off");
  if (question.attemptsMade > question.attemptsAllowed) return no("all attempts are used");
  if (!question.bodyReplayable) return no("the request's body is too large to be sent again");
  if (isUnprocessed(question.failure)) return yes("the request was not sent");
  if (idempotentMethods.has(question.method)) return yes(`${question.method} is idempotent`);
  if (question.hasIdempotencyKey) return yes("the request has an Idempotency-Key");
  return no(`${question.method} may have been processed`);
}

/** Provably not seen by the upstream. */
export function isUnprocessed(failure: AttemptFailure): boolean {
  if (failure.kind === "connect") return true;
  return (failure.kind === "reset" || failure.kind === "timeout") && !failure.requestSent;
}

const yes = (reason: string): RetryDecision => ({ retry: true, reason });
const no = (reason: string): RetryDecision => ({ retry: false, reason });
