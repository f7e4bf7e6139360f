// Registered instances, registrations and heartbeats. What a registration means is the registry's to check.
import { z } from "@hono/zod-openapi";
import type { CheckSpec, RegisteredInstance, Registration } from "../../discovery/registry.js";
import type { HeartbeatBody, RegistryLine } from "../types.js";

const health = z.enum(["starting", "passing", "warning", "critical"]);
const shortText = z.string().max(1_024);
const tags = z.array(shortText).max(1_000);
const metadata = z.record(z.string().max(256), z.string().max(65_536));

const checkShape = {
  periodMs: z.number().positive(),
  timeoutMs: z.number().positive(),
  failureThreshold: z.int().min(1),
  successThreshold: z.int().min(1),
};

const checkSchema: z.ZodType<CheckSpec> = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("http"), url: z.string().max(8_192), ...checkShape }),
    z.strictObject({ kind: z.literal("tcp"), address: shortText, port: z.int(), ...checkShape }),
  ])
  .openapi("Check");

export const registrationSchema: z.ZodType<Registration> = z
  .strictObject({
    id: shortText.optional(),
    service: shortText,
    address: shortText,
    port: z.int().min(1).max(65_535),
    tags: tags.optional(),
    metadata: metadata.optional(),
    weight: z.number().min(0).optional(),
    ttlMs: z.number().positive().optional(),
    expireAfterMs: z.number().positive().optional(),
    check: checkSchema.optional(),
  })
  .openapi("Registration");

export const registeredInstanceSchema: z.ZodType<RegisteredInstance> = z
  .object({
    id: z.string(),
    service: z.string(),
    address: z.string(),
    port: z.int(),
    tags: z.array(z.string()),
    metadata: z.record(z.string(), z.string()),
    weight: z.number(),
    source: z.enum(["supervisor", "external"]),
    state: health,
    reason: z.string(),
    epoch: z.string(),
    registeredAt: z.iso.datetime(),
    changedAt: z.iso.datetime(),
  })
  .openapi("RegisteredInstance");

export const heartbeatBodySchema: z.ZodType<HeartbeatBody> = z
  .strictObject({ state: z.enum(["passing", "warning", "critical"]).optional(), reason: shortText.optional() })
  .openapi("HeartbeatBody");

const changed = { index: z.int(), instance: registeredInstanceSchema };

export const registryLineSchema: z.ZodType<RegistryLine> = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("snapshot"), index: z.int(), instances: z.array(registeredInstanceSchema) }),
    z.object({ type: z.literal("added"), ...changed }),
    z.object({ type: z.literal("changed"), ...changed }),
    z.object({ type: z.literal("removed"), ...changed, reason: z.string() }),
  ])
  .openapi("RegistryLine");
