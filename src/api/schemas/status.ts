// What runs: status, processes, settings, routes, probe results, explanations.
import { z } from "@hono/zod-openapi";
import type {
  InstanceStatus,
  ProcessEntry,
  RequestExplainInput,
  RouteStatus,
  ServiceExplanation,
  ServiceStatus,
  SettingStatus,
  SystemStatus,
} from "../../control/control-plane.js";
import type { RequestExplanation, RequestRecord } from "../../keeper/protocol.js";
import { defaultSettings, type SettingName } from "../../model/settings.js";
import type {
  InstanceHealthReport,
  InstancePhase,
  InstanceView,
  ProbeResult,
} from "../../orchestrator/orchestrator.js";
import { eventSchema } from "./common.js";

const phase: z.ZodType<InstancePhase> = z.enum([
  "waiting",
  "starting",
  "running",
  "draining",
  "stopping",
  "backoff",
  "failed",
]);
const health = z.enum(["starting", "passing", "warning", "critical"]);

const instanceStatusSchema: z.ZodType<InstanceStatus> = z
  .object({
    id: z.string(),
    pid: z.int().nullable(),
    port: z.int().nullable(),
    health,
    reason: z.string(),
    restarts: z.int(),
    startedAt: z.iso.datetime().nullable(),
    cpuPercent: z.number().nullable().openapi({ description: "Of one core, the whole process tree." }),
    memoryBytes: z.number().nullable(),
    phase,
    ready: z.boolean(),
    waitingFor: z.array(z.string()),
  })
  .openapi("InstanceStatus");

const serviceStatusSchema: z.ZodType<ServiceStatus> = z
  .object({
    name: z.string(),
    revision: z.int(),
    replicas: z.int(),
    ready: z.int(),
    instances: z.array(instanceStatusSchema),
  })
  .openapi("ServiceStatus");

export const systemStatusSchema: z.ZodType<SystemStatus> = z
  .object({
    app: z.string(),
    services: z.array(serviceStatusSchema),
    gateway: z.array(z.object({ url: z.string(), listener: z.string() })),
    controller: z.object({ pid: z.int(), url: z.string() }),
  })
  .openapi("SystemStatus");

export const processEntrySchema: z.ZodType<ProcessEntry> = z
  .object({ role: z.enum(["keeper", "controller", "worker", "instance"]), pid: z.int(), name: z.string() })
  .openapi("ProcessEntry");

const settingNames = Object.keys(defaultSettings) as [SettingName, ...SettingName[]];

export const settingStatusSchema: z.ZodType<SettingStatus> = z
  .object({
    name: z.enum(settingNames),
    value: z.union([z.string(), z.boolean()]),
    source: z.enum(["default", "code", "spec", "environment"]),
    built: z.boolean().openapi({ description: "False: the part that it switches does not exist yet." }),
  })
  .openapi("SettingStatus");

const originSchema = z.object({ path: z.string(), file: z.string().optional(), line: z.int().optional() });

export const routeStatusSchema: z.ZodType<RouteStatus> = z
  .object({
    name: z.string(),
    kind: z.enum(["gateway", "edge", "egress"]),
    listener: z.string(),
    url: z.string(),
    hostnames: z.array(z.string()),
    match: z.string(),
    backends: z.array(z.object({ service: z.string(), weight: z.number(), ready: z.int() })),
    origin: originSchema.optional(),
  })
  .openapi("RouteStatus");

const probeResultShape = {
  ok: z.boolean(),
  at: z.iso.datetime(),
  durationMs: z.number(),
  detail: z.string(),
};
const probeResultSchema: z.ZodType<ProbeResult> = z.object(probeResultShape).openapi("ProbeResult");

export const healthReportSchema: z.ZodType<InstanceHealthReport & { readonly service: string }> = z
  .object({
    service: z.string(),
    instance: z.string(),
    ok: z.boolean(),
    reason: z.string(),
    probes: z.array(z.object({ ...probeResultShape, probe: z.enum(["startup", "liveness", "readiness"]) })),
  })
  .openapi("InstanceHealthReport");

const instanceViewSchema: z.ZodType<InstanceView> = z
  .object({
    id: z.string(),
    service: z.string(),
    slot: z.int(),
    revision: z.int(),
    phase,
    health,
    ready: z.boolean(),
    reason: z.string(),
    waitingFor: z.array(z.string()),
    process: z.object({ pid: z.int(), startTicks: z.number(), bootId: z.string() }).nullable(),
    adopted: z.boolean(),
    port: z.int(),
    restarts: z.int(),
    startedAt: z.iso.datetime().nullable(),
    nextStartAt: z.iso.datetime().nullable(),
    lastExit: z
      .object({ code: z.int().nullable(), signal: z.string().nullable(), unknown: z.boolean(), at: z.iso.datetime() })
      .nullable(),
    lastProbe: probeResultSchema.nullable(),
    cpuPercent: z.number().nullable(),
    memoryBytes: z.number().nullable(),
    logFile: z.string(),
  })
  .openapi("InstanceView");

export const serviceExplanationSchema: z.ZodType<ServiceExplanation> = z
  .object({
    service: z.string(),
    summary: z.string(),
    instances: z.array(instanceViewSchema),
    events: z.array(eventSchema),
    waiting: z.array(z.string()),
    calls: z.object({
      declared: z.array(z.string()).nullable(),
      urls: z.record(z.string(), z.string()),
      egress: z.string().nullable(),
    }),
    notes: z.array(z.string()),
  })
  .openapi("ServiceExplanation");

export const requestExplainInputSchema: z.ZodType<RequestExplainInput> = z
  .strictObject({
    method: z.string().regex(/^[A-Za-z-]{1,32}$/, "must be an HTTP method"),
    target: z
      .string()
      .max(8_192)
      .regex(/^(\/|https?:\/\/)\S*$/, "must be a path that begins with / or an http URL"),
    headers: z.record(z.string().max(256), z.string().max(8_192)),
    listener: z.string().max(256).optional(),
    caller: z.string().max(256).optional(),
  })
  .openapi("RequestExplainInput");

export const requestExplanationSchema: z.ZodType<RequestExplanation> = z
  .object({
    listener: z.string(),
    outcome: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("forward"), route: z.string(), cluster: z.string() }),
      z.object({ kind: z.literal("answer"), route: z.string(), status: z.int(), reason: z.string() }),
      z.object({ kind: z.literal("refuse"), status: z.int(), code: z.string(), reason: z.string() }),
    ]),
    filters: z.array(z.string()).optional(),
    routes: z.array(
      z.object({
        route: z.string(),
        match: z.string(),
        result: z.enum(["chosen", "lost", "shadowed"]),
        reason: z.string(),
        origin: originSchema.optional(),
      }),
    ),
    endpoints: z.array(
      z.object({
        id: z.string(),
        address: z.string(),
        usable: z.boolean(),
        reason: z.string(),
        inFlight: z.int(),
      }),
    ),
    policy: z
      .object({
        loadBalancer: z.string(),
        requestTimeoutMs: z.number(),
        attemptTimeoutMs: z.number(),
        retryAttempts: z.int(),
        parts: z.array(
          z.object({
            name: z.string(),
            value: z.string(),
            standing: z.string().optional(),
            origin: originSchema.optional(),
          }),
        ),
      })
      .nullable(),
  })
  .openapi("RequestExplanation");

export const requestRecordSchema: z.ZodType<RequestRecord> = z
  .object({
    at: z.iso.datetime(),
    listener: z.string(),
    route: z.string().nullable(),
    caller: z.string(),
    callee: z.string().nullable(),
    method: z.string(),
    path: z.string(),
    status: z.int().nullable(),
    refusal: z.object({ code: z.string(), reason: z.string() }).nullable(),
    broken: z.boolean(),
    attempts: z.array(z.object({ endpoint: z.string(), outcome: z.string() })),
    acted: z.array(z.string()),
    durationMs: z.number(),
    firstByteMs: z.number().nullable(),
    requestBytes: z.number(),
    responseBytes: z.number(),
    traceId: z.string(),
    requestId: z.string(),
  })
  .openapi("RequestRecord");
