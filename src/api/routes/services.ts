// One service: scale, restart, probe now, explain; and what a request would meet.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type ApiContext, answer, createRouter, jsonBody } from "../context.js";
import { doneSchema, nameParam } from "../schemas/common.js";
import { applyResultSchema, restartBodySchema, scaleBodySchema } from "../schemas/spec.js";
import {
  healthReportSchema,
  requestExplainInputSchema,
  requestExplanationSchema,
  requestRecordSchema,
  serviceExplanationSchema,
} from "../schemas/status.js";

const scale = createRoute({
  method: "patch",
  path: "/v1/services/{name}",
  summary: "Changes the number of replicas.",
  request: { params: nameParam, ...jsonBody(scaleBodySchema) },
  responses: answer(applyResultSchema, "What changed."),
});

const restart = createRoute({
  method: "post",
  path: "/v1/services/{name}/restart",
  summary: "Replaces the instances one after another, each successor ready first. Answered when all are replaced.",
  request: { params: nameParam, ...jsonBody(restartBodySchema, false) },
  responses: answer(doneSchema, "All replaced."),
});

const restartAll = createRoute({
  method: "post",
  path: "/v1/restart",
  summary: "Replaces the instances of every service.",
  responses: answer(doneSchema, "All replaced."),
});

const healthOfAll = createRoute({
  method: "get",
  path: "/v1/health",
  summary: "Runs every probe now; changes no state.",
  responses: answer(z.array(healthReportSchema).readonly(), "One report an instance."),
});

const healthOfOne = createRoute({
  method: "get",
  path: "/v1/services/{name}/health",
  summary: "Runs the probes of one service now; changes no state.",
  request: { params: nameParam },
  responses: answer(z.array(healthReportSchema).readonly(), "One report an instance."),
});

const explainService = createRoute({
  method: "get",
  path: "/v1/explain/services/{name}",
  summary: "Why a service is as it is.",
  request: { params: nameParam },
  responses: answer(serviceExplanationSchema, "The explanation."),
});

const explainRequest = createRoute({
  method: "post",
  path: "/v1/explain/request",
  summary: "Which route and endpoint a request would take, and why. Nothing is sent.",
  request: jsonBody(requestExplainInputSchema),
  responses: answer(requestExplanationSchema, "The explanation."),
});

const explainRecorded = createRoute({
  method: "get",
  path: "/v1/explain/recorded/{id}",
  summary: "What became of requests that are over, by x-request-id or trace id; the workers keep the last ones.",
  request: { params: z.object({ id: z.string().min(1).max(1_024) }) },
  responses: answer(z.array(requestRecordSchema).readonly(), "Oldest first; empty: none is known."),
});

export function createServicesRouter({ control }: ApiContext): OpenAPIHono {
  const router = createRouter();
  router.openapi(scale, async (context) => {
    const { name } = context.req.valid("param");
    return context.json(await control.scale(name, context.req.valid("json").replicas), 200);
  });
  router.openapi(restart, async (context) => {
    await control.restart(context.req.valid("param").name, context.req.valid("json").instance);
    return context.json({ done: true as const }, 200);
  });
  router.openapi(restartAll, async (context) => {
    await control.restart();
    return context.json({ done: true as const }, 200);
  });
  router.openapi(healthOfAll, async (context) => context.json(await control.checkHealth(), 200));
  router.openapi(healthOfOne, async (context) =>
    context.json(await control.checkHealth(context.req.valid("param").name), 200),
  );
  router.openapi(explainService, (context) =>
    context.json(control.explainService(context.req.valid("param").name), 200),
  );
  router.openapi(explainRequest, async (context) =>
    context.json(await control.explainRequest(context.req.valid("json")), 200),
  );
  router.openapi(explainRecorded, async (context) =>
    context.json(await control.explainRecorded(context.req.valid("param").id), 200),
  );
  return router;
}
