// The system as a whole: is it alive, what runs, wait until it is ready, stop it.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { MeshProbe } from "../../control/control-plane.js";
import type { WorkerRenewal } from "../../control/data-plane.js";
import { type ApiContext, answer, createRouter, jsonBody, lines } from "../context.js";
import { alivePath } from "../guard.js";
import { doneSchema, endLineSchema, heartbeatLineSchema, nameListSchema } from "../schemas/common.js";
import { restartProxyBodySchema } from "../schemas/spec.js";
import { processEntrySchema, routeStatusSchema, settingStatusSchema, systemStatusSchema } from "../schemas/status.js";
import type { StatusLine } from "../types.js";

const alive = createRoute({
  method: "get",
  path: alivePath,
  summary: "Answers while the controller runs; needs no token.",
  security: [],
  responses: answer(z.object({ alive: z.literal(true), app: z.string(), pid: z.int(), version: z.string() }), "Alive."),
});

const status = createRoute({
  method: "get",
  path: "/v1/status",
  summary: "Services, their instances, the gateway and the controller.",
  responses: answer(systemStatusSchema, "The system now."),
});

const statusLine: z.ZodType<StatusLine> = z
  .object({ type: z.literal("status"), status: systemStatusSchema })
  .openapi("StatusLine");

const statusStream = createRoute({
  method: "get",
  path: "/v1/status/stream",
  summary: "The status now and after every change; a slow reader gets the newest only.",
  responses: lines(z.union([statusLine, heartbeatLineSchema, endLineSchema]), "One JSON document a line."),
});

const processes = createRoute({
  method: "get",
  path: "/v1/processes",
  summary: "Every process of this app.",
  responses: answer(z.array(processEntrySchema).readonly(), "The processes."),
});

const settings = createRoute({
  method: "get",
  path: "/v1/settings",
  summary: "The effective settings and where each comes from.",
  responses: answer(z.array(settingStatusSchema).readonly(), "All settings."),
});

const routes = createRoute({
  method: "get",
  path: "/v1/routes",
  summary: "Gateway routes, edges and egress listeners.",
  responses: answer(z.array(routeStatusSchema).readonly(), "All routes."),
});

const wait = createRoute({
  method: "get",
  path: "/v1/wait",
  summary: "Answers when every instance is ready, or at the time limit.",
  request: {
    query: z.object({
      timeoutMs: z.coerce.number().int().min(0).max(600_000).default(30_000),
      services: nameListSchema.optional().openapi({ type: "string", description: "Names, separated by commas." }),
    }),
  },
  responses: answer(z.object({ ready: z.boolean() }), "Whether all is ready."),
});

const meshProbeSchema: z.ZodType<MeshProbe> = z
  .object({ workers: z.int(), allowedStatus: z.int(), deniedStatus: z.int(), counted: z.boolean() })
  .openapi("MeshProbe");

const probeMesh = createRoute({
  method: "post",
  path: "/v1/mesh/probe",
  summary: "Makes two calls through the mesh to targets built into the workers: one allowed, one not.",
  responses: answer(meshProbeSchema, "What became of them."),
});

const renewalSchema: z.ZodType<WorkerRenewal> = z
  .object({
    slot: z.int(),
    previousPid: z.int(),
    pid: z.int(),
    servingAfterMs: z.number(),
    drainedAfterMs: z.number(),
  })
  .openapi("WorkerRenewal");

const restartProxy = createRoute({
  method: "post",
  path: "/v1/proxy/restart",
  summary:
    "Replaces the proxy workers one after another, each successor serving first. Answered when all are replaced.",
  request: jsonBody(restartProxyBodySchema, false),
  responses: answer(z.array(renewalSchema).readonly(), "All replaced."),
});

const shutdown = createRoute({
  method: "post",
  path: "/v1/shutdown",
  summary: "Drains and stops everything of this app. Answered before it is done.",
  responses: {
    202: { description: "It has begun.", content: { "application/json": { schema: doneSchema } } },
    default: answer(doneSchema, "").default,
  },
});

export function createSystemRouter({ control, version, streams, onDefect }: ApiContext): OpenAPIHono {
  const router = createRouter();
  router.openapi(alive, (context) =>
    context.json({ alive: true as const, app: control.status().app, pid: process.pid, version }, 200),
  );
  router.openapi(status, (context) => context.json(control.status(), 200));
  router.openapi(statusStream, () =>
    streams.respond((sink) => {
      const show = (value: StatusLine["status"]): void => sink.pushLatest({ type: "status", status: value });
      show(control.status());
      return control.watchStatus(show);
    }),
  );
  router.openapi(processes, async (context) => context.json(await control.processes(), 200));
  router.openapi(settings, (context) => context.json(control.settings(), 200));
  router.openapi(routes, (context) => context.json(control.routes(), 200));
  router.openapi(wait, async (context) => {
    const { timeoutMs, services } = context.req.valid("query");
    return context.json({ ready: await control.waitReady({ timeoutMs, services }) }, 200);
  });
  router.openapi(probeMesh, async (context) => context.json(await control.probeMesh(), 200));
  router.openapi(restartProxy, async (context) =>
    context.json(await control.restartProxy(context.req.valid("json")), 200),
  );
  router.openapi(shutdown, (context) => {
    control.shutdown().catch(onDefect);
    return context.json({ done: true as const }, 202);
  });
  return router;
}
