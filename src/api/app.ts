// The admin API over the contract of the control plane: guards, routes, errors, its own description.
// Decides nothing itself; everything that it does is a call of ControlPlane.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import type { Clock } from "../base/clock.js";
import { TuskError } from "../base/errors.js";
import type { ControlPlane } from "../control/control-plane.js";
import { systemClock } from "../system/clock.js";
import { limitBody } from "./body-limit.js";
import { type ApiContext, createRouter, OpenStreams } from "./context.js";
import { requireLoopbackHost, requireToken } from "./guard.js";
import { problemType, toProblem } from "./problem.js";
import { createDataRouter } from "./routes/data.js";
import { createEventsRouter } from "./routes/events.js";
import { createRegistryRouter } from "./routes/registry.js";
import { createServicesRouter } from "./routes/services.js";
import { createSpecRouter } from "./routes/spec.js";
import { createSystemRouter } from "./routes/system.js";

export interface AdminAppOptions {
  readonly control: ControlPlane;
  readonly token: string;
  readonly version: string;
  /** For heartbeats of streams. Default: the system's. */
  readonly clock?: Clock;
  /** Default 2 MiB. */
  readonly maxBodyBytes?: number;
  /** Told of every error that is a defect of ours. Default: standard error, which is the controller's log. */
  readonly onDefect?: (error: unknown) => void;
}

export interface AdminApp {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Ends every stream that is being read, with a last line that says so. */
  closeStreams(): void;
}

export function createAdminApp(options: AdminAppOptions): AdminApp {
  const { control, version, onDefect = logDefect } = options;
  const streams = new OpenStreams(options.clock ?? systemClock);
  const app = createRouter();
  app.use("*", requireLoopbackHost(), requireToken(options.token), limitBody(options.maxBodyBytes ?? 2 * 1024 * 1024));
  const context: ApiContext = { control, version, streams, onDefect };
  for (const create of [
    createSystemRouter,
    createSpecRouter,
    createServicesRouter,
    createEventsRouter,
    createRegistryRouter,
    createDataRouter,
  ]) {
    app.route("/", create(context));
  }
  describe(app, version);
  app.notFound((request) => problemResponse(new TuskError("NOT_FOUND", `no such path: ${request.req.path}`)));
  app.onError((error) => {
    const known = fromHttpException(error);
    if (!(known instanceof TuskError) || known.code === "INTERNAL") onDefect(error);
    return problemResponse(known);
  });
  return { fetch: (request) => app.fetch(request), closeStreams: () => streams.endAll("the controller stops") };
}

/** The validator's own errors: JSON that is none, a content type that is another. */
function fromHttpException(error: unknown): unknown {
  if (!(error instanceof HTTPException) || error.status >= 500) return error;
  return new TuskError("REQUEST_INVALID", error.message, { hint: "send JSON with `content-type: application/json`" });
}

function problemResponse(error: unknown): Response {
  const problem = toProblem(error);
  const headers = { "content-type": problemType, "cache-control": "no-store" };
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

function describe(app: OpenAPIHono, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  app.get("/v1/openapi.json", (context) =>
    context.json(
      app.getOpenAPI31Document({
        openapi: "3.1.0",
        info: { title: "Tusk admin API", version },
        security: [{ token: [] }],
      }),
    ),
  );
}

function logDefect(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`admin API: ${text}\n`);
}
