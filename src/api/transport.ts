// One HTTP exchange with the admin API on node:http: no time limit of its own (a rolling restart may take minutes) and
// nothing to load, which a command line's user waits for. Knows no routes.
import { type IncomingMessage, request } from "node:http";
import { TuskError } from "../base/errors.js";
import { fromProblem } from "./problem.js";

export interface Target {
  /** `http://127.0.0.1:43121` */
  readonly url: string;
  readonly token: string;
}

export interface Exchange {
  readonly method: string;
  /** With query; begins with `/`. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The text of a success. Throws the server's own error, or UNREACHABLE. */
export async function callText(target: Target, exchange: Exchange): Promise<string> {
  const answer = await send(target, exchange);
  const text = await readText(answer, target.url);
  const status = answer.statusCode ?? 0;
  if (status < 200 || status > 299) throw fromProblem(status, text);
  return text;
}

/** The parsed JSON of a success. Throws like `callText`, and for what is no JSON. */
export async function callJson(target: Target, exchange: Exchange): Promise<unknown> {
  const text = await callText(target, exchange);
  try {
    return JSON.parse(text);
  } catch {
    throw fromProblem(200, text);
  }
}

/** The values of a stream of JSON lines. Ends quietly when `signal` is aborted; UNREACHABLE when the connection breaks. */
export async function* callLines(target: Target, exchange: Exchange): AsyncGenerator<unknown, void, undefined> {
  try {
    const answer = await send(target, exchange);
    const isStream = answer.headers["content-type"]?.startsWith("application/x-ndjson") ?? false;
    if (!isStream) throw fromProblem(answer.statusCode ?? 0, await readText(answer, target.url));
    try {
      yield* parseLines(answer, target.url);
    } finally {
      answer.destroy();
    }
  } catch (error) {
    if (!exchange.signal?.aborted) throw error;
  }
}

function send({ url, token }: Target, { method, path, body, signal }: Exchange): Promise<IncomingMessage> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string | number> = { authorization: `Bearer ${token}` };
  if (text !== undefined) {
    headers["content-type"] = "application/json";
    headers["content-length"] = Buffer.byteLength(text);
  }
  return new Promise((resolve, reject) => {
    // A connection of its own for each call: nothing is left that keeps a short command alive.
    const outgoing = request(new URL(path, url), { method, headers, agent: false, signal });
    outgoing.once("response", resolve);
    outgoing.once("error", (error) => reject(unreachable(url, error)));
    outgoing.end(text);
  });
}

async function readText(answer: IncomingMessage, url: string): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of answer) parts.push(part as Buffer);
  } catch (error) {
    throw unreachable(url, error);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function* parseLines(answer: IncomingMessage, url: string): AsyncGenerator<unknown, void, undefined> {
  let rest = "";
  answer.setEncoding("utf8");
  try {
    for await (const chunk of answer) {
      const lines = (rest + (chunk as string)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield JSON.parse(line);
    }
  } catch (error) {
    throw unreachable(url, error);
  }
}

function unreachable(url: string, cause: unknown): TuskError {
  return new TuskError("UNREACHABLE", `the controller at ${url} does not answer`, {
    cause,
    hint: "run `tusk doctor`",
  });
}
