// `tusk explain`: why a service is as it is, where a request would go, or what became of one. Nothing is sent and nothing
// changes.
import type { AdminClient } from "../../api/client.js";
import { TuskError } from "../../base/errors.js";
import type { RequestExplainInput } from "../../control/control-plane.js";
import { connect } from "../connect.js";
import { renderRecordedRequests, renderRequestExplanation, renderServiceExplanation } from "../render-explain.js";
import type { Session } from "../session.js";

interface ExplainOptions {
  readonly header: readonly string[];
  readonly from?: string;
}

type Question =
  | { readonly about: "service"; readonly service: string }
  | { readonly about: "request"; readonly input: RequestExplainInput };

const isTarget = (word: string): boolean => /^(\/|https?:\/\/)/i.test(word);

/** Throws USAGE. */
export function parseQuestion(what: string, target: string | undefined, options: ExplainOptions): Question {
  const words = target === undefined ? (isTarget(what) ? ["GET", what] : []) : [what, target];
  const [method, path] = words;
  if (method === undefined || path === undefined) {
    if (options.header.length > 0 || options.from !== undefined) {
      throw new TuskError("USAGE", "-H and --from are about a request", { hint: "e.g. tusk explain GET /users" });
    }
    return { about: "service", service: what };
  }
  if (!/^[A-Za-z-]+$/.test(method) || !isTarget(path)) {
    throw new TuskError("USAGE", `"${method} ${path}" is no request`, {
      hint: "a method and a path that begins with / or a URL, e.g. GET /users",
    });
  }
  const headers = Object.fromEntries(options.header.map(parseHeader));
  if (options.from !== undefined && path.startsWith("/") && headers.host === undefined) {
    throw new TuskError("USAGE", `${options.from} calls a service by its name, and "${path}" names none`, {
      hint: `e.g. tusk explain ${method} http://users${path} --from ${options.from}`,
    });
  }
  return {
    about: "request",
    input: { method: method.toUpperCase(), target: path, headers, caller: options.from },
  };
}

function parseHeader(text: string): [name: string, value: string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new TuskError("USAGE", `"${text}" is no header`, { hint: "write `name: value`" });
  }
  return [name.toLowerCase(), value.trim()];
}

export async function run(
  session: Session,
  [what, target]: readonly [what: string, target?: string],
  options: ExplainOptions,
): Promise<number> {
  const question = parseQuestion(what, target, options);
  const { client } = await connect(session);
  if (question.about === "service") {
    await explainName(session, client, question.service);
  } else {
    const told = await client.explainRequest(question.input);
    session.result(told, (style) => renderRequestExplanation(told, style));
  }
  return 0;
}

/** A service or the id of a request; ids that clients give may look like anything, so a service of the name goes first. */
async function explainName(session: Session, client: AdminClient, name: string): Promise<void> {
  try {
    const told = await client.explainService(name);
    session.result(told, (style) => renderServiceExplanation(told, style, Date.now()));
  } catch (error) {
    if (!(error instanceof TuskError) || error.code !== "UNKNOWN_SERVICE") throw error;
    const requests = await client.explainRecorded(toTraceId(name));
    if (requests.length === 0) throw isId(name) ? forgotten(name) : error;
    session.result(requests, (style) => renderRecordedRequests(requests, style));
  }
}

/** Of a `traceparent` the part that names the trace. */
const toTraceId = (name: string): string => /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(name)?.[1] ?? name;

const isId = (name: string): boolean => /^[0-9a-f-]{32,}$/i.test(name);

const forgotten = (id: string): TuskError =>
  new TuskError("NOT_FOUND", `no proxy worker knows a request ${id}`, {
    hint: "each keeps its last 2,048 requests, and its last 1,024 that failed or took a second, until it is restarted",
  });
