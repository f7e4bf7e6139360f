// One request on a connection of its own, so that no pooled connection hides a refused one.
import { request } from "node:http";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** Rejects with the socket's error, or when there is no whole answer within `timeoutMs` (default 10000). */
export function httpGet(url: string, timeoutMs = 10_000): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, signal: AbortSignal.timeout(timeoutMs) });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    outgoing.end();
  });
}
