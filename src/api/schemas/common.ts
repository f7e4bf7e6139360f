// Schemas that several routes share. Each is checked by the compiler against the type that it describes.
import { z } from "@hono/zod-openapi";
import { type ErrorCode, errorCodes, type Problem } from "../../base/errors.js";
import type { EventDraft, TuskEvent } from "../../base/event.js";
import type { EndLine, HeartbeatLine, ProblemDocument } from "../types.js";

export const problemSchema: z.ZodType<Problem> = z
  .object({
    path: z.string().openapi({ description: "Place inside the input; empty for the whole." }),
    message: z.string(),
    hint: z.string().optional(),
    file: z.string().optional(),
    line: z.int().optional(),
    column: z.int().optional(),
  })
  .openapi("Problem");

const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

export const problemDocumentSchema: z.ZodType<ProblemDocument> = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(codes),
    detail: z.string(),
    hint: z.string().optional(),
    problems: z.array(problemSchema),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("ProblemDocument");

const level: z.ZodType<EventDraft["level"]> = z.enum(["info", "warning", "error"]);

export const eventSchema: z.ZodType<TuskEvent> = z
  .object({
    id: z.string().openapi({ description: "UUIDv7" }),
    at: z.iso.datetime(),
    kind: z.string(),
    level,
    service: z.string().optional(),
    instance: z.string().optional(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("Event");

export const heartbeatLineSchema: z.ZodType<HeartbeatLine> = z
  .object({ type: z.literal("heartbeat"), at: z.iso.datetime() })
  .openapi("HeartbeatLine");

export const endLineSchema: z.ZodType<EndLine> = z
  .object({ type: z.literal("end"), code: z.enum(["SLOW_READER", "NOT_RUNNING", "INTERNAL"]), reason: z.string() })
  .openapi("EndLine");

/** `a,b` in a query. */
export const nameListSchema = z
  .string()
  .max(8_192)
  .transform((text) => text.split(",").flatMap((name) => name.trim() || []));

export const nameParam = z.object({ name: z.string().min(1).max(256) });

export const doneSchema = z.object({ done: z.literal(true) }).openapi("Done");
