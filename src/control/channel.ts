// A connection that asks and is answered: what the controller needs of the clients of keeper and workers.
import { TuskError } from "../base/errors.js";

export interface Channel<Request, Answer> {
  /** Rejects when the other side is away or does not answer in time. */
  request(body: Request): Promise<Answer>;
  close(): void;
}

type Typed = { readonly type: string };

/** The answer when it is of this type; throws `code` with what the other side said instead. */
export function expectAnswer<Answer extends Typed, Type extends Answer["type"]>(
  answer: Answer,
  type: Type,
  code: "KEEPER_LOST" | "INTERNAL",
): Extract<Answer, { type: Type }> {
  if (isOfType(answer, type)) return answer;
  const said = "message" in answer ? `: ${answer.message}` : "";
  throw new TuskError(code, `${type} was answered with ${answer.type}${said}`);
}

function isOfType<Answer extends Typed, Type extends Answer["type"]>(
  answer: Answer,
  type: Type,
): answer is Extract<Answer, { type: Type }> {
  return answer.type === type;
}
