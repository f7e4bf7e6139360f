// TuskDB and what is made of it: SQL, stored metrics, analysis, the live table, Prometheus text, decisions.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type ApiContext, answer, createRouter, jsonBody } from "../context.js";

const rowSchema = z.record(z.string(), z.any());
const rowsSchema = z.array(rowSchema);

const query = createRoute({
  method: "post",
  path: "/v1/db/query",
  summary: "Runs one SQL statement. Refuses one that writes unless `write` is true.",
  request: jsonBody(
    z.object({
      sql: z.string().min(1).max(100_000),
      params: z.array(z.any()).max(10_000).optional(),
      write: z.boolean().optional(),
    }),
  ),
  responses: answer(rowsSchema, "The rows; timestamps are ISO 8601 text."),
});

const insert = createRoute({
  method: "post",
  path: "/v1/db/insert",
  summary: "Inserts rows. Answered when they are safe on disk.",
  request: jsonBody(z.object({ table: z.string().min(1).max(63), rows: z.array(rowSchema).min(1).max(100_000) })),
  responses: answer(
    z.object({ inserted: z.number(), ids: z.array(z.string()).readonly() }),
    "How many, and their ids.",
  ),
});

const store = createRoute({
  method: "post",
  path: "/v1/metrics",
  summary: "Stores metrics of a service: the seven documented fields, one object or an array.",
  request: jsonBody(z.any()),
  responses: answer(
    z.object({ stored: z.number(), storageId: z.string(), notes: z.array(z.string()).readonly() }),
    "Stored.",
  ),
});

const live = createRoute({
  method: "get",
  path: "/v1/metrics/live",
  summary: "Each service now: rates of the last second, percentiles of the last minute.",
  responses: answer(z.array(z.object({ service: z.string() }).loose()).readonly(), "One entry a service."),
});

const analysis = createRoute({
  method: "get",
  path: "/v1/analysis",
  summary: "Score, insights and recommendations over a period.",
  request: {
    query: z.object({
      period: z.string().max(16).default("24h").openapi({ description: "`15m`, `24h`, `7d`." }),
      services: z.string().max(4096).optional().openapi({ description: "Names, comma-separated. Default: all." }),
    }),
  },
  responses: answer(z.record(z.string(), z.any()), "The report: docs/analysis.md."),
});

const decisions = createRoute({
  method: "get",
  path: "/v1/decisions",
  summary: "Recorded decisions, newest first.",
  request: { query: z.object({ limit: z.coerce.number().int().min(1).max(10_000).optional() }) },
  responses: answer(z.array(z.object({ id: z.string() }).loose()).readonly(), "The records."),
});

const recordDecisions = createRoute({
  method: "post",
  path: "/v1/decisions",
  summary: "Records decisions.",
  request: jsonBody(
    z.array(z.object({ id: z.string(), at: z.string(), function: z.string(), version: z.string() }).loose()),
  ),
  responses: answer(z.object({ recorded: z.number() }), "How many."),
});

const awaitSample = createRoute({
  method: "get",
  path: "/v1/metrics/await/{service}",
  summary: "Waits until a sample of the service has been stored.",
  request: {
    params: z.object({ service: z.string() }),
    query: z.object({ timeoutMs: z.coerce.number().int().min(0).max(60_000).default(5_000) }),
  },
  responses: answer(z.object({ stored: z.boolean() }), "False: not within the time."),
});

export function createDataRouter({ control }: ApiContext): OpenAPIHono {
  const router = createRouter();
  const { data } = control;
  router.openapi(query, async (context) => {
    const { sql, params, write } = context.req.valid("json");
    return context.json([...(await data.query(sql, params, { write }))] as z.infer<typeof rowsSchema>, 200);
  });
  router.openapi(insert, async (context) => {
    const { table, rows } = context.req.valid("json");
    return context.json(await data.insert(table, rows), 200);
  });
  router.openapi(store, async (context) => context.json(await data.storeMetrics(context.req.valid("json")), 200));
  router.openapi(live, (context) =>
    context.json(
      data.live().map((entry) => ({ ...entry })),
      200,
    ),
  );
  router.openapi(analysis, async (context) => {
    const { period, services } = context.req.valid("query");
    return context.json({ ...(await data.analyze(period, services?.split(","))) }, 200);
  });
  router.openapi(decisions, async (context) => {
    const records = await data.decisions(context.req.valid("query").limit);
    return context.json(
      records.map((record) => ({ ...record, inputs: [...record.inputs] })),
      200,
    );
  });
  router.openapi(recordDecisions, async (context) => {
    const records = context.req.valid("json") as unknown as Parameters<typeof data.recordDecisions>[0];
    await data.recordDecisions(records);
    return context.json({ recorded: records.length }, 200);
  });
  router.openapi(awaitSample, async (context) => {
    const { service } = context.req.valid("param");
    return context.json({ stored: await data.awaitSample(service, context.req.valid("query").timeoutMs) }, 200);
  });
  router.get("/metrics", async (context) =>
    context.text(await data.prometheus(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );
  return router;
}
