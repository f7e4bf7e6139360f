// The one desired spec: read it, replace it, see first what would change.
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { type ApiContext, answer, createRouter, jsonBody } from "../context.js";
import { applyRequestSchema, applyResultSchema, specDocumentSchema } from "../schemas/spec.js";

const read = createRoute({
  method: "get",
  path: "/v1/spec",
  summary: "The desired spec, and the problems of the last file change that could not be applied.",
  responses: answer(specDocumentSchema, "The desired spec."),
});

const apply = createRoute({
  method: "put",
  path: "/v1/spec",
  summary: "Makes this the desired spec; only what differs is touched. `dryRun` says what would change.",
  request: jsonBody(applyRequestSchema),
  responses: answer(applyResultSchema, "What changed."),
});

export function createSpecRouter({ control }: ApiContext): OpenAPIHono {
  const router = createRouter();
  router.openapi(read, (context) => context.json({ ...control.spec(), problems: control.specProblems() }, 200));
  router.openapi(apply, async (context) => {
    const { provenance = {}, ...request } = context.req.valid("json");
    return context.json(await control.apply({ ...request, provenance }), 200);
  });
  return router;
}
