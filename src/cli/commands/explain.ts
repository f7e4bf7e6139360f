// `tusk explain`: why a service is as it is, or where a request would go. Nothing is sent and nothing changes.
import { TuskError } from "../../base/errors.js";
import type { RequestExplainInput } from "../../control/control-plane.js";
import { connect } from "../connect.js";
import { renderRequestExplanation, renderServiceExplanation } from "../render-explain.js";
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
    const told = await client.explainService(question.service);
    session.result(told, (style) => renderServiceExplanation(told, style, Date.now()));
  } else {
    const told = await client.explainRequest(question.input);
    session.result(told, (style) => renderRequestExplanation(told, style));
  }
  return 0;
}
