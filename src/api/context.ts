// What every route of the admin API is given, and the pieces of a route's description that repeat.
import { OpenAPIHono, type z } from "@hono/zod-openapi";
import type { Clock } from "../base/clock.js";
import { type Problem, TuskError } from "../base/errors.js";
import type { Unsubscribe } from "../base/watchable.js";
import type { ControlPlane } from "../control/control-plane.js";
import { type LineSink, LineStream } from "./line-stream.js";
import { problemType } from "./problem.js";
import { problemDocumentSchema } from "./schemas/common.js";

export interface ApiContext {
  readonly control: ControlPlane;
  readonly version: string;
  readonly streams: OpenStreams;
  /** Told of what nobody waits for any more: a shutdown that failed after it was answered. */
  readonly onDefect: (error: unknown) => void;
}

/** Streams that are being read, so that the server can end them when it closes. */
export class OpenStreams {
  readonly #clock: Clock;
  readonly #open = new Set<LineStream>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  respond(subscribe: (sink: LineSink) => Unsubscribe): Response {
    const stream = new LineStream(subscribe, { clock: this.#clock });
    this.#open.add(stream);
    stream.onClosed = () => void this.#open.delete(stream);
    const headers = { "content-type": "application/x-ndjson", "cache-control": "no-store" };
    return new Response(stream.body, { headers });
  }

  endAll(reason: string): void {
    for (const stream of [...this.#open]) stream.end("NOT_RUNNING", reason);
  }
}

const problemResponse = {
  description: "What went wrong.",
  content: { [problemType as "application/problem+json"]: { schema: problemDocumentSchema } },
};

export const answer = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  200: { description, content: { "application/json": { schema } } },
  default: problemResponse,
});

/** The declared type leaves the content out: a typed handler could return nothing but JSON. */
export const lines = (schema: z.ZodType, description: string): { readonly 200: { readonly description: string } } => {
  const content = { "application/x-ndjson": { schema } };
  return Object.assign({ 200: { description, content } }, { default: problemResponse });
};

export const jsonBody = <Schema extends z.ZodType>(schema: Schema, required = true) => ({
  body: { required, content: { "application/json": { schema } } },
});

/** A router whose routes refuse invalid input with every problem at once. */
export function createRouter(): OpenAPIHono {
  return new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const { target, error } = result;
      const where = target === "json" ? "body" : target;
      throw new TuskError("REQUEST_INVALID", `the request's ${where} is not valid`, {
        problems: error.issues.map((issue) => toRequestProblem(issue)),
      });
    },
  });
}

function toRequestProblem(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): Problem {
  return { path: toPath(issue.path), message: issue.message };
}

/** `services[0].calls[1]` */
export function toPath(parts: readonly PropertyKey[]): string {
  return parts.reduce<string>((path, part) => {
    if (typeof part === "number") return `${path}[${part}]`;
    return path === "" ? String(part) : `${path}.${String(part)}`;
  }, "");
}
