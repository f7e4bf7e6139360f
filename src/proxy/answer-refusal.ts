// Writes an answer that the proxy makes itself, as application/problem+json.
import type { AnswerSink } from "./exchange.js";
import { problemBody, type Refusal, statusOf } from "./refusals.js";

export interface AnswerIds {
  readonly traceId: string;
  readonly requestId: string | undefined;
}

/** Returns the length of the body. */
export function answerRefusal(sink: AnswerSink, refused: Refusal, ids: Partial<AnswerIds>, method: string): number {
  const { traceId, requestId } = ids;
  const body = Buffer.from(
    problemBody(refused, { ...(traceId ? { traceId } : {}), ...(requestId ? { requestId } : {}) }),
  );
  const headers = ["content-type", "application/problem+json", "content-length", String(body.length)];
  if (requestId !== undefined) headers.push("x-request-id", requestId);
  if (refused.retryAfterSeconds !== undefined) headers.push("retry-after", String(refused.retryAfterSeconds));
  headers.push("cache-control", "no-store");
  sink.head(statusOf(refused), headers);
  if (method !== "HEAD") sink.write(body);
  sink.end();
  return body.length;
}
