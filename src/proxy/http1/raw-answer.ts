// The answer to what is no request: whole, as bytes, after which the connection ends.
import { problemBody, type Refusal, statusOf } from "../refusals.js";
import { httpDate } from "./http-date.js";
import { statusLine } from "./status-lines.js";

export function rawAnswer(refused: Refusal): string {
  const body = problemBody(refused, {});
  return [
    `${statusLine(statusOf(refused))}content-type: application/problem+json`,
    `content-length: ${Buffer.byteLength(body)}`,
    `${httpDate()}cache-control: no-store`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}
