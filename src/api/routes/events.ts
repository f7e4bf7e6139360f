// What happened and why: the newest events, and a stream of them that resumes after the last one seen.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { TuskEvent } from "../../base/event.js";
import { type ApiContext, answer, createRouter, lines } from "../context.js";
import { endLineSchema, eventSchema, heartbeatLineSchema } from "../schemas/common.js";
import type { EventLine } from "../types.js";

const keptAtMost = 10_000;

const query = z.object({
  service: z.string().max(256).optional(),
  after: z.string().max(64).optional().openapi({ description: "Id of an event: only later ones." }),
  limit: z.coerce.number().int().min(0).max(keptAtMost).optional().openapi({ description: "Newest n." }),
});

const list = createRoute({
  method: "get",
  path: "/v1/events",
  summary: "Past events, oldest first.",
  request: { query },
  responses: answer(z.array(eventSchema).readonly(), "The events."),
});

const eventLine: z.ZodType<EventLine> = z.object({ type: z.literal("event"), event: eventSchema }).openapi("EventLine");

const stream = createRoute({
  method: "get",
  path: "/v1/events/stream",
  summary: "The newest `limit` past events (default: none, or all kept ones after `after`), then each new one.",
  request: { query },
  responses: lines(z.union([eventLine, heartbeatLineSchema, endLineSchema]), "One JSON document a line."),
});

export function createEventsRouter({ control, streams }: ApiContext): OpenAPIHono {
  const router = createRouter();
  router.openapi(list, (context) => {
    const wanted = context.req.valid("query");
    // `slice(-0)` would be everything.
    return context.json(wanted.limit === 0 ? [] : control.events(wanted), 200);
  });
  router.openapi(stream, (context) => {
    const wanted = context.req.valid("query");
    const limit = wanted.limit ?? (wanted.after === undefined ? 0 : keptAtMost);
    return streams.respond((sink) => {
      const show = (event: TuskEvent): void => sink.push({ type: "event", event });
      if (limit > 0) control.events({ ...wanted, limit }).forEach(show);
      return control.watchEvents((event) => {
        if (wanted.service === undefined || event.service === wanted.service) show(event);
      });
    });
  });
  return router;
}
